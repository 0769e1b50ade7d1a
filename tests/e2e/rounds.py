"""Runs rounds of a fault on hosts of their own (tests/drills/rounds.py)."""

import json
import os
import pathlib
import subprocess

import pytest

from lab.agent import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("SENTINEL_SPOA_ROUNDS", "2"))
DEADLINE = 90 + 60 * ROUNDS  # seconds


def run_rounds(fault, rounds=ROUNDS):
    """What each round has shown."""
    fresh = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*fresh, "true"], capture_output=True).returncode:
        pytest.skip("needs root, or user namespaces, for hosts of its own")
    finished = subprocess.run(
        [*fresh, "/usr/bin/python3", "-m", "drills.rounds", fault, "--rounds", str(rounds)],
        capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"SENTINEL_SPOA_BIN": str(BINARY), "PYTHONPATH": "tests",
                          "PYTHONDONTWRITEBYTECODE": "1"})
    assert finished.returncode == 0, finished.stdout + finished.stderr
    results = [json.loads(line) for line in finished.stdout.splitlines()]
    print(*results, sep="\n")
    assert len(results) == rounds
    return results
