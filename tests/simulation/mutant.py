#!/usr/bin/env python3
"""Proves that the simulation notices a broken rule.

    mutant.py make SOURCE COPY OLD NEW       a copy of SOURCE with one exact text replaced; fails
                                             unless OLD stands there exactly once
    mutant.py caught PROGRAM NAMES [ARG...]  runs the mutant; succeeds when it ends with status 1
                                             and names one of the invariants NAMES (comma-separated)
"""

import pathlib
import re
import subprocess
import sys


def make(source, copy, old, new):
    text = pathlib.Path(source).read_text(encoding="utf-8")
    if text.count(old) != 1:
        sys.exit(f"{source}: the text to be replaced stands there {text.count(old)} times, not once: {old}")
    target = pathlib.Path(copy)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text.replace(old, new), encoding="utf-8")


def caught(program, names, *arguments):
    run = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    found = re.search(r"^violated: (\S+)$", run.stdout, re.MULTILINE)
    replay = re.search(r"--only (\d+)", run.stdout)
    if run.returncode != 1 or not found:
        sys.exit(f"the mutant was not caught (status {run.returncode}):\n{run.stdout[-2000:]}{run.stderr}")
    if found.group(1) not in names.split(","):
        sys.exit(f"the mutant was caught as {found.group(1)}, not as {names}")
    print(f"caught as {found.group(1)}, in schedule {replay.group(1)}")


if __name__ == "__main__":
    {"make": make, "caught": caught}[sys.argv[1]](*sys.argv[2:])
