"""What the drills must never show, in one run of two of them. How fast it goes is for scripts/drills."""

import json
import os
import pathlib
import subprocess

import pytest

from lab.agent import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRITERS = ("new", "pooled", "sticky")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """drill → the figures of its run."""
    fresh = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), "true"]
    if subprocess.run(fresh, capture_output=True).returncode:
        pytest.skip("needs root, or user namespaces, for hosts of its own")
    folder = tmp_path_factory.mktemp("drills")
    finished = subprocess.run(
        [ROOT / "scripts/drills", "--runs", "1", "--router", "agent", "--only", "crash", "--only", "failover",
         "--no-report", "--results", folder],
        capture_output=True, text=True, env=os.environ | {"SENTINEL_SPOA_BIN": str(BINARY)})
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return {file.name.split(".")[0]: json.loads(file.read_text()) for file in folder.glob("agent/*.json")}


@pytest.fixture(params=("crash", "failover"))
def result(request, results):
    return results[request.param]


pytestmark = pytest.mark.deadline(120)


def test_no_acknowledged_write_is_lost(result):
    assert {kind: result["writers"][kind]["lost"] for kind in WRITERS} == dict.fromkeys(WRITERS, 0)


def test_the_old_master_acknowledges_nothing_after_the_majority(result):
    assert {kind: result["writers"][kind]["by_old_after"] for kind in WRITERS} == dict.fromkeys(WRITERS, 0)


def test_no_write_reaches_a_node_that_is_no_master(result):
    assert {kind: result["writers"][kind]["astray"] for kind in WRITERS} == dict.fromkeys(WRITERS, 0)


def test_every_client_writes_again(result):
    assert {kind: result["writers"][kind]["stranded"] for kind in WRITERS} == dict.fromkeys(WRITERS, 0)


def test_the_sessions_of_a_server_that_was_fenced_have_ended(result):
    assert result["sessions"]["fenced_s"] is not None and result["sessions"]["left"] == 0
