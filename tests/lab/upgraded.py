"""An agent whose process changes: SIGUSR2 has it start its successor."""

import contextlib
import os
import pathlib
import re
import signal

from .waiting import wait_until


class Upgraded:
    """An agent, and the process that is the agent now."""

    def __init__(self, agent):
        self.agent, self.pid = agent, agent.pid

    def pids_told(self):
        return [int(pid) for pid in re.findall(
            r"a new process starts program=\S+ pid=(\d+)", self.agent.log_text())]

    def is_running(self):
        if self.pid == self.agent.pid:
            return self.agent.alive
        try:  # nobody may have asked how it ended
            stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        except FileNotFoundError:
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"

    def begin(self):
        """Sends SIGUSR2 and returns the pid of the process that was started."""
        before = len(self.pids_told())
        os.kill(self.pid, signal.SIGUSR2)
        wait_until(lambda: len(self.pids_told()) > before, 5, "a new process")
        return self.pids_told()[-1]

    def upgrade(self):
        new = self.begin()
        wait_until(lambda: not self.is_running(), 20, "the old process has ended")
        self.pid = new
        assert self.is_running()

    def kill(self):
        """Ends all of its processes."""
        self.agent.kill()
        for pid in self.pids_told():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # The number may be another's by now.
                if str(self.agent.file).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
