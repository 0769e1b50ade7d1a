"""What a client of Redis waits behind a HAProxy that follows the agent by Lua, in place of SPOE."""

import contextlib

from lab.agent import start_agent
from lab.deployment import start_deployment
from lab.haproxy import HAProxy
from lab.lab import Lab

from .figures import Figure, Section, at_least, at_most, median, median_ratio
from .setting import MASTER
from .through_haproxy import MANY, connect_in_turn, one_thread, without_spoe

ADDED_LIMIT = 15  # µs
RATE_LIMIT = 0.85

NOTES = """As in the section before, with the forms lua and use-server: once HAProxy knows the verdict itself, and once
it asks the agent. Without either, the use-server configuration sets the variable itself."""


@contextlib.contextmanager
def three_haproxies():
    """kind → HAProxy."""
    with Lab() as lab:
        deployment = start_deployment(lab)
        agent = start_agent(lab, deployment, spop={"threads": 1})
        yield {
            "none": one_thread(lab.add(HAProxy(lab, agent, "use-server")), without_spoe),
            "lua": one_thread(lab.add(HAProxy(lab, agent, "lua"))),
            "spoe": one_thread(lab.add(HAProxy(lab, agent, "use-server"))),
        }


def measure(pace):
    with three_haproxies() as haproxies:
        alone, many = connect_in_turn(haproxies, pace)
    wait = {kind: median(runs, "p50_us") for kind, runs in alone.items()}
    rate = {kind: median(runs, "rate") for kind, runs in many.items()}
    return Section("HAProxy that knows by Lua", NOTES, [
        Figure(f"one client, median: neither, fixed to {MASTER}", f"{wait['none']:.0f} µs"),
        Figure("one client, median: Lua", f"{wait['lua']:.0f} µs"),
        Figure("one client, median: SPOE", f"{wait['spoe']:.0f} µs"),
        at_most("one client: Lua over neither", wait["lua"] - wait["none"], ADDED_LIMIT, unit=" µs"),
        at_least(f"{MANY} clients: Lua to neither", median_ratio(many["lua"], many["none"], "rate"), RATE_LIMIT,
                 f" ({rate['lua']:,.0f} to {rate['none']:,.0f} a second)"),
        Figure(f"{MANY} clients: SPOE to neither",
               f"{median_ratio(many['spoe'], many['none'], 'rate'):.2f} ({rate['spoe']:,.0f} a second)"),
    ])
