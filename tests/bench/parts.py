"""The parts of an answer on their own: Google Benchmark's figures."""

import json
import subprocess

from .figures import Figure, Section
from .machine import PROGRAMS, on_server_core

NOTES = """Without sockets, by Google Benchmark: decoding a NOTIFY, finding the name among 1 and 1,000, encoding
the ACK, and all of it as a session does for a read that brought 1 and 16 frames. Medians, CPU time."""


def measure(pace):
    with on_server_core():
        done = subprocess.run(
            [PROGRAMS / "micro", "--benchmark_format=json", "--benchmark_report_aggregates_only=true",
             f"--benchmark_repetitions={pace.rounds}", f"--benchmark_min_time={pace.seconds / 5}"],
            capture_output=True, text=True, check=True, timeout=300)
    figures = []
    for entry in json.loads(done.stdout)["benchmarks"]:
        if entry["aggregate_name"] == "median":
            rate = entry.get("items_per_second")
            detail = f" ({1e9 / rate:.0f} ns a frame)" if rate else ""
            figures.append(Figure(entry["run_name"], f"{entry['cpu_time']:.0f} ns{detail}"))
    return Section("The parts of an answer", NOTES, figures)
