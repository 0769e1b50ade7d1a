"""The temporary folder, the ports and the processes of one experiment."""

import dataclasses
import os
import pathlib
import shutil
import tempfile

from .ports import Ports


@dataclasses.dataclass(frozen=True)
class Site:
    """Where a server runs: the address it listens on, and the command that starts others there."""

    address: str = "127.0.0.1"
    enter: tuple = ()


class Lab:
    """A context: whatever was added to it has ended and its files are gone when the block is left.

    SENTINEL_SPOA_KEEP_LAB=1 in the environment keeps the folder, to read the logs.
    """

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sentinel-spoa-lab-"))
        self.ports = Ports()
        self._processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def add(self, process):
        """Takes `process` into the lab's care and returns it."""
        self._processes.append(process)
        return process

    def site(self, name):
        """Where the server of this name runs: all of them on loopback."""
        return Site()

    def end(self, processes):
        """Ends these processes for good: they may be forgotten afterwards."""
        for process in processes:
            process.kill()
            if process in self._processes:
                self._processes.remove(process)

    def subfolder(self, name):
        """A new empty folder; a number is appended when the name is taken."""
        path, number = self.folder / name, 2
        while path.exists():
            path, number = self.folder / f"{name}-{number}", number + 1
        path.mkdir()
        return path

    def close(self):
        self.end(list(reversed(self._processes)))
        self.ports.close()
        if not os.environ.get("SENTINEL_SPOA_KEEP_LAB"):
            shutil.rmtree(self.folder, ignore_errors=True)
