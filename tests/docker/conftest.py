import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from docker_lab import DockerLab  # noqa: E402


@pytest.fixture(scope="session")
def lab():
    lab = DockerLab(FOLDER.parent.parent / "docker")
    lab.run("down")
    try:
        lab.run("up")
        yield lab
    finally:
        lab.run("down")


@pytest.fixture
def healthy(lab):
    """The lab with everything at work, before and after."""
    lab.run("heal")
    yield lab
    lab.run("heal")


def pytest_sessionstart():
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:
        pytest.exit("no Docker engine here", returncode=77)
