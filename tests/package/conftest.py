"""The package under test, and the machine it is installed in. scripts/test-package sets the environment."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from machine import Machine  # noqa: E402  pylint: disable=wrong-import-position

CACHE = TESTS.parent / "build/cache/roots"


@pytest.fixture(scope="session")
def package():
    """The .deb that was built."""
    return pathlib.Path(os.environ["SENTINEL_SPOA_DEB"])


@pytest.fixture(scope="session")
def package_before(package, tmp_path_factory):
    """The same program as an older version. (A release before this one will take its place.)"""
    folder = tmp_path_factory.mktemp("before")
    subprocess.run(["dpkg-deb", "-R", package, folder / "tree"], check=True)
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 0.0.9-1", control.read_text()))
    target = folder / "sentinel-spoa_0.0.9-1.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder / "tree", target],
                   check=True, capture_output=True)
    return target


@pytest.fixture(scope="session")
def machine(package, package_before):
    suite = os.environ.get("SENTINEL_SPOA_SUITE", "bookworm")
    machine = Machine(CACHE / suite, CACHE / f"{suite}.archives")
    try:
        shutil.copy(package, machine.root / "root/new.deb")
        shutil.copy(package_before, machine.root / "root/before.deb")
        machine.download("/root/new.deb", "haproxy", "redis-server", "redis-sentinel", "procps")
        machine.boot()
        yield machine
    finally:
        machine.close()
