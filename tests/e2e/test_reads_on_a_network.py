"""What readers may never see: one run of the drill of reads, with a small dataset."""

import json
import os
import pathlib
import subprocess

import pytest

from lab.agent import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LAG_MS = 1000
PROBE_PERIOD_MS = 200
TROUBLES = ("stall", "cut_off", "unseen", "loading", "slow_link")

pytestmark = pytest.mark.deadline(150)


@pytest.fixture(scope="module")
def results():
    """trouble → its figures."""
    fresh = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*fresh, "true"], capture_output=True).returncode:
        pytest.skip("needs root, or user namespaces, for hosts of its own")
    finished = subprocess.run(
        [*fresh, "/usr/bin/python3", "-m", "drills.reads"], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"SENTINEL_SPOA_BIN": str(BINARY), "PYTHONPATH": "tests",
                          "PYTHONDONTWRITEBYTECODE": "1"})
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_read_is_older_than_the_limit_and_one_probe_period(results, trouble):
    assert results[trouble]["reads"] > 1000
    assert results[trouble]["oldest_ms"] <= MAX_LAG_MS + PROBE_PERIOD_MS


@pytest.mark.parametrize("trouble", ["stall", "cut_off"])
def test_a_replica_in_trouble_leaves_and_comes_back_in_time(results, trouble):
    assert results[trouble]["left_s"] <= 1.2
    assert results[trouble]["sessions_ended_s"] <= 1.0
    assert results[trouble]["back_s"] <= 2.0


def test_a_replica_that_most_sentinels_do_not_see_leaves_although_the_agent_reaches_it(results):
    assert results["unseen"]["why"] == "s_down at 2 of 3 Sentinels"
    assert results["unseen"]["left_s"] <= 3.0  # down-after is 1 s, Sentinel's PING comes every 0.4 s
    assert results["unseen"]["sessions_ended_s"] <= 1.0


def test_reads_go_on_when_the_master_dies(results):
    # Sentinel's promotion ends the clients of the promoted one: a read may be under way there.
    assert results["crash"]["refused_new"] <= 1
    assert results["crash"]["longest_gap_ms"] < 500
