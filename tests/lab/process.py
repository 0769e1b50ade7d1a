"""One child process of the lab."""

import os
import pathlib
import signal
import subprocess

from .waiting import wait_until


class Died(RuntimeError):
    """A process ended before it was ready; the message carries the end of its log."""


class PortTaken(Died):
    """The process could not bind a port that was free when it was chosen."""


class Process:
    """A program that is started, signalled by its pid, and may be started again. `enter` is the command
    that starts others where this one belongs: in a network namespace, for example.

    Its output is appended to `log`. It is killed by the kernel when the lab's process dies, and does
    not see the Ctrl-C meant for the lab.
    """

    def __init__(self, name, folder, enter=()):
        self.name = name
        self.folder = folder
        self.log = folder / f"{name}.log"
        self.stderr = None  # where to its stderr goes instead of `log`: a descriptor
        self._enter = enter
        self._child = None

    def launch(self, *command, environment=None):
        """Starts `command`; returns at once. Call from the main thread: the kernel ties a child to
        the thread that started it."""
        assert not self.alive, f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._enter, *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log if self.stderr is None else self.stderr,
                cwd=self.folder, env=environment, start_new_session=True)

    @property
    def pid(self):
        return self._child.pid

    def cpu_seconds(self):
        """That it has used since its start."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def thread_ids(self):
        """Of its threads, the first one first."""
        return sorted(int(task.name) for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir())

    @property
    def alive(self):
        return self._child is not None and self._child.poll() is None

    def must_be_alive(self):
        """Raises Died, or PortTaken, when the process has ended."""
        if self.alive:
            return
        text = self.log_text()
        kind = PortTaken if "in use" in text else Died
        raise kind(f"{self.name} ended with {self._child.returncode}:\n{text[-2000:]}")

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def signal(self, number):
        self._child.send_signal(number)

    def kill(self):
        """Ends the process as a crash does, and waits for its end."""
        if self.alive:
            self.signal(signal.SIGKILL)
            self._child.wait()

    def terminate(self, within=5):
        """Asks the process to stop and returns its exit code; raises when it takes longer."""
        self.signal(signal.SIGTERM)
        return self.wait(within)

    def wait(self, within):
        """Returns the exit code; raises subprocess.TimeoutExpired when the process goes on."""
        return self._child.wait(within)

    def freeze(self):
        """Stops all of its threads; returns when they stand still."""
        self.signal(signal.SIGSTOP)
        wait_until(self._stands_still, 5, f"{self.name} stands still")

    def _stands_still(self):
        states = [stat.read_text().rpartition(")")[2].split()[0]
                  for stat in pathlib.Path(f"/proc/{self.pid}/task").glob("*/stat")]
        return set(states) == {"T"}

    def thaw(self):
        self.signal(signal.SIGCONT)
