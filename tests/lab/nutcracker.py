"""nutcracker (twemproxy), as it runs under a service manager: one that restarts it when told."""

import os
import shutil
import stat

from . import resp
from .nodes import HOST
from .process import Process
from .waiting import wait_until
from .writer import Writer

# Debian keeps it where only root's PATH looks.
BINARY = shutil.which("nutcracker", path=f"{os.environ['PATH']}:/usr/sbin") or "nutcracker"

# The service manager: a nutcracker that ends is started again, and ends with the manager.
SUPERVISE = """#!/bin/sh
while :; do
    setpriv --pdeathsig KILL {binary} -c {config} -s {stats} -a 127.0.0.1 -o {log} &
    echo $! > {pid}
    wait $!
done
"""
# Its restart command: it returns when the old process has ended.
RESTART = """#!/bin/sh -e
echo restart >> {folder}/restarts
old=$(cat {pid})
kill "$old"
while kill -0 "$old" 2>/dev/null; do sleep 0.002; done
"""


class Nutcracker(Process):
    """One nutcracker with one pool, in front of one server; `restart` is the command that restarts it."""

    def __init__(self, lab, server, name="nutcracker", pool="redis_stack", password=None, listen=None,
                 more=""):
        super().__init__(name, lab.subfolder(name))
        self.pool, self.password = pool, password
        self.port = None if listen else lab.ports.take()
        self.listen = listen or f"{HOST}:{self.port}"
        self.file = self.folder / "nutcracker.yml"
        auth = f"  redis_auth: \"{password}\"\n" if password else ""
        self.file.write_text(
            f"# written by hand: do not sort!\n{pool}:\n  listen: {self.listen}\n  hash: fnv1a_64\n"
            f"  distribution: ketama\n  redis: true\n{auth}  timeout: 2000\n"
            f"  servers:   # the master\n   - {server}:1 R1\n{more}")
        places = {"binary": BINARY, "config": self.file, "stats": lab.ports.take(),
                  "log": self.folder / "own.log", "pid": self.folder / "nutcracker.pid",
                  "folder": self.folder}
        self.pid_file = places["pid"]
        self._supervise = self._script("supervise", SUPERVISE.format(**places))
        self.restart = [str(self._script("restart", RESTART.format(**places)))]

    def _script(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def start(self):
        self.launch(self._supervise)
        wait_until(self.serves, 5, lambda: f"nutcracker answers PING:\n{self.log_text()[-1000:]}")

    def serves(self):
        self.must_be_alive()
        try:
            with resp.Connection(self.port, self.password) as connection:
                return connection.call("PING") == "PONG"
        except (OSError, resp.ErrorReply):
            return False

    def server(self):
        """The address in its file."""
        line = next(line for line in self.file.read_text().splitlines() if line.endswith(":1 R1"))
        return line.strip().removeprefix("- ").removesuffix(":1 R1")

    def restarts(self):
        """How often the restart command was run."""
        counted = self.folder / "restarts"
        return len(counted.read_text().splitlines()) if counted.exists() else 0

    def section(self, **more):
        """Its entry in the agent's `twemproxy:`."""
        return {"config": str(self.file), "pools": {self.pool: "mymaster"}, "restart": self.restart,
                "test": [BINARY, "-t", "-c"]} | more


def start_nutcracker(lab, server, **options):
    nutcracker = lab.add(Nutcracker(lab, server, **options))
    nutcracker.start()
    return nutcracker


class NutcrackerWriter(Writer):
    """A Writer that is content with the commands that nutcracker forwards."""

    SCRIPT = ("redis.call('SET', KEYS[1], ARGV[1]) "
              "return string.match(redis.call('INFO', 'server'), 'tcp_port:(%d+)')")

    async def _exchange(self, streams, number):
        reader, writer = streams
        commands = [("EVAL", self.SCRIPT, 1, f"written-{number % 1000}", number)]
        if self._password:
            commands.insert(0, ("AUTH", self._password))
        writer.write(b"".join(resp.encode(*words) for words in commands))
        if self._password:
            await reader.readuntil(b"\r\n")
        answer = (await reader.readuntil(b"\r\n")).decode().strip()
        if not answer.startswith("$"):
            return None, answer
        return int(await reader.readuntil(b"\r\n")), None
