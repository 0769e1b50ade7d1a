"""The versions of HAProxy that can be started here: the installed one, and those of other Debian suites
which scripts/fetch-haproxy has unpacked."""

import dataclasses
import pathlib
import re
import subprocess

from .agent import ROOT
from .haproxy import BINARY

SUITES = ("trixie", "sid", "experimental")


@dataclasses.dataclass(frozen=True)
class Version:
    """`number` is the version as (major, minor, patch); None when the program does not run."""

    origin: str
    binary: pathlib.Path
    number: tuple | None

    def __str__(self):
        return ".".join(map(str, self.number)) if self.number else self.origin

    @property
    def has_spop_mode(self):
        """Whether SPOE is the rewritten one, with connections managed like any server's."""
        return self.number >= (3, 1)


def _number_of(binary):
    try:
        done = subprocess.run([binary, "-v"], capture_output=True, text=True, timeout=10)
    except OSError:
        return None
    found = re.match(r"HAProxy version (\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, found.groups())) if found else None


def wanted_versions():
    """One Version for each place where one is looked for."""
    places = {"installed": BINARY}
    places.update((suite, ROOT / "build/cache/haproxy" / suite / "haproxy") for suite in SUITES)
    return [Version(origin, binary, _number_of(binary)) for origin, binary in places.items()]
