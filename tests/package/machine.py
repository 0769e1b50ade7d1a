"""A clean Debian that boots: a copy of a base root, in a container of systemd-nspawn with a network of its own."""

import pathlib
import shutil
import subprocess
import tempfile

from lab.waiting import wait_until



class Machine:
    """The root at `base` itself stays as it is: what changes goes to a temporary folder."""

    def __init__(self, base, archives):
        self._base = pathlib.Path(base)
        self._archives = pathlib.Path(archives)
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="sentinel-spoa-machine-"))
        self.root = self._folder / "root"
        self._container = None
        self._leader = None
        for name in ("root", "upper", "work"):
            (self._folder / name).mkdir()
        _run("mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir={self._base},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}",
             self.root)

    def download(self, *packages):
        """Puts the packages, names or files below the root, where apt in the machine finds them, with all that
        they need. Before boot()."""
        self._archives.mkdir(parents=True, exist_ok=True)
        cache = self.root / "var/cache/apt/archives"
        for package in self._archives.glob("*.deb"):
            shutil.copy(package, cache)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
        _run("chroot", self.root, "apt-get", "-qq", "update", env=environment)
        _run("chroot", self.root, "apt-get", "-qq", "install", "--yes", "--download-only",
             "--no-install-recommends", *packages, env=environment)
        for package in cache.glob("*.deb"):
            shutil.copy(package, self._archives)

    def boot(self):
        self._container = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
             "--private-network", "--console=pipe", "-D", self.root, "--boot"],
            stdin=subprocess.DEVNULL, stdout=(self._folder / "console").open("wb"),
            stderr=subprocess.STDOUT, start_new_session=True)

        def leader():
            assert self._container.poll() is None, (self._folder / "console").read_text(errors="replace")
            children = pathlib.Path(
                f"/proc/{self._container.pid}/task/{self._container.pid}/children").read_text().split()
            # Until it has become systemd it may be one that only prepares the container.
            return next((child for child in children if pathlib.Path(
                f"/proc/{child}/comm").read_text().strip() == "systemd"), None)

        self._leader = wait_until(leader, 20, "the container has a first process")
        wait_until(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip()
                   in ("running", "degraded"), 60,
                   lambda: (self._folder / "console").read_text(errors="replace")[-3000:], every=0.1)

    def run(self, *command, check=True, within=60):
        """Runs a command in the machine; its output is text."""
        return _run("nsenter", "-t", self._leader, "-a", "env", "-i", "DEBIAN_FRONTEND=noninteractive",
                    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command, check=check, timeout=within)

    def output(self, *command):
        return self.run(*command).stdout.strip()

    def install(self, *packages):
        """By apt, from what was downloaded. Returns what was printed."""
        return self.run("apt-get", "-qq", "install", "--yes", "--no-download", "--no-install-recommends",
                        *packages, within=180)

    def install_file(self, path):
        """A package from a file, new or as an upgrade, and what it needs."""
        self.run("dpkg", "--unpack", path)
        return self.run("apt-get", "-qq", "--fix-broken", "install", "--yes", "--no-download",
                        "--no-install-recommends", "-o", "Dpkg::Options::=--force-confdef", within=180)

    def write(self, path, text, mode=0o644):
        self.run("sh", "-c", 'printf %s "$1" >"$2" && chmod "$3" "$2"', "sh", text, path, f"{mode:o}")

    def path(self, path):
        """Of a file or socket in the machine, as it is reached from here."""
        return pathlib.Path(f"/proc/{self._leader}/root{path}")

    def unit(self, name, *properties):
        """Properties of a unit, as systemd shows them."""
        shown = self.output("systemctl", "show", name, "-p", ",".join(properties)).splitlines()
        return dict(line.split("=", 1) for line in shown)

    def close(self):
        if self._container and self._container.poll() is None:
            if self._leader:
                self.run("systemctl", "poweroff", "--force", check=False)
            try:
                self._container.wait(20)
            except subprocess.TimeoutExpired:
                self._container.kill()
                self._container.wait()
        _run("umount", self.root)
        shutil.rmtree(self._folder, ignore_errors=True)


def _run(*command, check=True, timeout=600, **options):
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done
