"""Runs drills and writes docs/failover.md; scripts/drills starts it where it needs to be."""

import argparse
import pathlib
import signal
import sys
import time
import traceback

from lab.agent import ROOT

from .drills import DRILLS
from .figures import Figures
from .outcome import Outcome
from .routers import ROUTERS
from .world import World


def run_once(drill, router, number):
    """The figures of one run; with `error` instead when the run itself failed."""
    try:
        with World(router, drill.patience, number, drill.topology, **drill.options) as world:
            drill.run(world)
            world.finish()
            world.must_be_whole()
            return Outcome(world).as_dict()
    except Exception as failure:  # one bad run must not end the others; it is told and counted
        traceback.print_exc()
        return {"error": f"{type(failure).__name__}: {failure}"}


def in_brief(result):
    if "error" in result:
        return result["error"].splitlines()[0][:100]
    parts = []
    for label, writer in result["writers"].items():
        part = f"{label} lost {writer['lost']} failed {writer['failed']}"
        if writer["first_write_ms"] is not None:
            part += f" first {writer['first_write_ms']:.0f} ms"
        if writer["old_until_s"] is not None and "@" in label:
            part += f" old until {writer['old_until_s']} s"
        if writer["by_old_after"]:
            part += f" OLD {writer['by_old_after']}"
        if writer["stranded"]:
            part += f" STRANDED {writer['stranded']}"
        parts.append(part)
    if result["unfenced"]:
        parts.append(f"unfenced {result['unfenced']}")
    return "; ".join(parts)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/drills", description=__doc__)
    parser.add_argument("--runs", type=int, default=5,
                        help="how often each (default 5); 0 only writes the document anew")
    parser.add_argument("--only", action="append", choices=list(DRILLS), metavar="NAME",
                        help=f"one drill, may be repeated: {', '.join(DRILLS)}")
    parser.add_argument("--router", action="append", choices=list(ROUTERS),
                        help="one router, may be repeated; all without it")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "build/drills",
                        help="where the figures of each run are kept (default build/drills)")
    parser.add_argument("--report", type=pathlib.Path, default=ROOT / "docs/failover.md",
                        help="the document written from all figures that are kept")
    parser.add_argument("--no-report", action="store_true", help="only keep the figures")
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse_arguments()
    jobs = [(drill, router, number)
            for drill in (DRILLS[name] for name in options.only or DRILLS)
            for router in options.router or ROUTERS if router in drill.routers
            for number in range(options.runs * drill.repeats)]
    figures = Figures(options.results)
    failed = 0
    for count, (drill, router, number) in enumerate(jobs, 1):
        began = time.monotonic()
        print(f"{count}/{len(jobs)} {drill.name}, {router}, run {number + 1} ...", end=" ", flush=True)
        result = run_once(drill, router, number)
        failed += "error" in result
        figures.keep(router, drill.name, number, result)
        print(f"{time.monotonic() - began:.0f} s: {in_brief(result)}", flush=True)
    if not options.no_report:
        from . import report  # here, as only this needs matplotlib

        report.write(figures, options.report)
        print(f"wrote {options.report}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
