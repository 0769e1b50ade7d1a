"""The package as it lies there: what is in it, and what the tools that judge such things say."""

import re
import shutil
import subprocess

import pytest

WANTED = """
    /etc/sentinel-spoa.yaml /etc/sentinel-spoa/ /lib/systemd/system/sentinel-spoa.service
    /usr/bin/sentinel-spoa /usr/lib/sentinel-spoa/prepare /usr/lib/sentinel-spoa/renew /usr/lib/sysusers.d/sentinel-spoa.conf
    /usr/share/bash-completion/completions/sentinel-spoa /usr/share/zsh/vendor-completions/_sentinel-spoa
    /usr/share/man/man8/sentinel-spoa.8.gz /usr/share/man/man5/sentinel-spoa.yaml.5.gz
    /usr/share/doc/sentinel-spoa/copyright /usr/share/doc/sentinel-spoa/configuration.md
    /usr/share/sentinel-spoa/haproxy/use-server/haproxy.cfg /usr/share/sentinel-spoa/selinux/sentinel_spoa.te
""".split()
LARGEST = 4 << 20


def run(*command, check=True, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def tree(package, tmp_path_factory):
    """What is in the package, unpacked."""
    folder = tmp_path_factory.mktemp("tree")
    run("dpkg-deb", "-x", package, folder)
    return folder


def test_it_holds_what_belongs_in_it_and_is_small(package):
    rows = [line.split(None, 5) for line in run("dpkg-deb", "-c", package).splitlines()]
    files = {row[5].removeprefix(".") for row in rows}
    assert set(WANTED) <= files
    assert {row[1] for row in rows} == {"root/root"}
    assert not [row for row in rows if row[0][5] == "w" or row[0][8] == "w"]  # group, others
    print(f"package: {package.stat().st_size} bytes, {len(files)} files and folders")
    assert package.stat().st_size < LARGEST


def test_lintian_has_no_errors(package):
    told = run("lintian", "--fail-on", "error", "--allow-root", package)
    print("lintian:", told.splitlines()[-1] if told else "silent")


def test_the_unit_is_good_and_exposes_little(tree):
    unit = tree / "lib/systemd/system/sentinel-spoa.service"
    told = run("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
    print(told.splitlines()[-1])
    assert float(re.search(r"exposure level for \S+: ([0-9.]+)", told)[1]) <= 1.5
    here = tree / "here.service"  # the programs are not installed on this machine
    here.write_text(re.sub(r"(?m)^(Exec\w+=\+?)(/usr)", rf"\1{tree}\2", unit.read_text()))
    wrong = run("systemd-analyze", "verify", "--man=no", here, check=False)
    assert str(here) not in wrong and "here.service" not in wrong, wrong


@pytest.mark.parametrize("page", ["man8/sentinel-spoa.8", "man5/sentinel-spoa.yaml.5"])
def test_the_manual_pages_have_no_mistakes(tree, tmp_path, page):
    text = tmp_path / "page"
    text.write_text(run("gzip", "-dc", tree / f"usr/share/man/{page}.gz"))
    run("mandoc", "-Tlint", "-Wwarning", text)
    assert len(run("mandoc", "-Tascii", text)) > 2000


def test_the_selinux_module_compiles(tree, tmp_path):
    source = tmp_path / "selinux"
    shutil.copytree(tree / "usr/share/sentinel-spoa/selinux", source)
    told = run("make", "-f", "/usr/share/selinux/devel/Makefile", "sentinel_spoa.pp", cwd=source)
    print("SELinux:", [line for line in told.splitlines() if "pp" in line][-1])
    assert (source / "sentinel_spoa.pp").stat().st_size > 0
    assert "rror" not in told and "arning" not in told, told


@pytest.mark.parametrize("typed, offered", [
    ("sta", "status"), ("status --j", "--json"), ("haproxy-config --form set", "set-dst"), ("-", "--version"),
    ("explain --u", "--url")])
def test_bash_completes(tree, typed, offered):
    script = tree / "usr/share/bash-completion/completions/sentinel-spoa"
    told = run("bash", "-c", '. "$1"; shift; COMP_WORDS=(sentinel-spoa "$@"); COMP_CWORD=$#; '
               '_sentinel_spoa; printf "%s\\n" "${COMPREPLY[@]}"', "bash", script, *typed.split())
    assert offered in told.splitlines()


def test_zsh_understands_its_completion(tree):
    run("zsh", "-f", "-c", 'autoload -Uz compinit && compinit -D -u && . "$1" 2>/dev/null; '
        'whence -w _sentinel_spoa | grep -q function', "zsh",
        tree / "usr/share/zsh/vendor-completions/_sentinel-spoa")
    run("zsh", "-n", tree / "usr/share/zsh/vendor-completions/_sentinel-spoa")


def test_the_hardening_of_debian_is_in_the_program(tree):
    told = run("readelf", "-lWd", tree / "usr/bin/sentinel-spoa")
    assert "BIND_NOW" in told and "GNU_RELRO" in told and "DYN" in run("readelf", "-h", tree / "usr/bin/sentinel-spoa")
