"""Runs the sections and writes docs/benchmarks.md; see scripts/bench."""

import argparse
import pathlib
import signal
import subprocess
import sys

from lab.agent import ROOT
from lab.haproxy import BINARY as HAPROXY

from . import (
    abuse, against_echo, busy_control, idle, lua_push, machine, observers, parts, reads, through_haproxy)
from .setting import Pace

SECTIONS = {
    "echo": against_echo, "busy": busy_control, "observers": observers, "haproxy": through_haproxy,
    "lua": lua_push, "idle": idle, "abuse": abuse, "parts": parts, "reads": reads,
}


def parse_arguments():
    options = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures the agent and writes docs/benchmarks.md.")
    options.add_argument("--rounds", type=int, default=5, help="of each measurement (default 5)")
    options.add_argument("--quick", action="store_true", help="three short rounds; writes no file")
    options.add_argument("--only", action="append", choices=SECTIONS, metavar="SECTION",
                         help="one of " + ", ".join(SECTIONS) + "; may be repeated; writes no file")
    options.add_argument("--output", type=pathlib.Path, help="write here in any case")
    return options.parse_args()


def haproxy_version():
    first = subprocess.run([HAPROXY, "-v"], capture_output=True, text=True).stdout.splitlines()[0]
    return " ".join(first.split()[:3])


def document(sections, pace):
    """The text of docs/benchmarks.md."""
    yield from (
        "# Benchmarks", "",
        "Written by `scripts/bench`; do not edit. Machines differ, so every figure stands next to one of a",
        "program that does less in the same run: a bare echo of the same bytes, or an agent that always says",
        "the same. The two take turns, and a figure is a median.", "",
        f"{machine.description()}; {haproxy_version()}; {pace.rounds} rounds of {pace.seconds:g} s.", "",
    )
    for section in sections:
        yield from section.markdown()


def main():
    arguments = parse_arguments()
    pace = Pace(3, 0.5) if arguments.quick else Pace(arguments.rounds, 2.0)
    # End like Ctrl-C does, so that the labs are taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine.take_rest()
    sections = []
    for name in arguments.only or SECTIONS:
        print(f"== {name}", flush=True)
        sections.append(SECTIONS[name].measure(pace))
        print("\n".join(sections[-1].lines()), flush=True)
    output = arguments.output
    if not output and not arguments.quick and not arguments.only:
        output = ROOT / "docs/benchmarks.md"
    if output:
        output.write_text("\n".join(document(sections, pace)).rstrip() + "\n")
        print(f"\nwritten to {output}")
    missed = [figure.what for section in sections for figure in section.figures if figure.met is False]
    print(f"\n{len(missed)} targets missed" + "".join(f"\n  {what}" for what in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
