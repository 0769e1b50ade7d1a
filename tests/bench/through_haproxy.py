"""What a client of Redis waits behind HAProxy: without SPOE, with the canned agent, and with ours."""

import contextlib

from lab.agent import Agent, masters_of, sentinels_of, start_agent
from lab.deployment import start_deployment
from lab.haproxy import HAProxy
from lab.lab import Lab

from .figures import (
    Figure, Section, at_least, at_most, median, median_difference, median_ratio)
from .machine import Peer, address_text, on_server_core, run
from .setting import MASTER

ADDED_LIMIT = 10  # µs
RATE_LIMIT = 0.95
MANY = 50

NOTES = f"""A client connects through HAProxy with the generated configuration (one thread, pinned to one core),
sends PING, reads PONG and leaves; Redis, the agents and the clients are on the other cores. The canned
agent answers every NOTIFY by the same single set-var and is the limit for any agent. Without SPOE, the
same configuration sets the variable itself. Medians of the rounds, of which there are four times as many as said
above, each a fourth as long; what is added is the median of the differences of neighbours."""


def one_thread(haproxy, edit=lambda text: text):
    """`haproxy`, started with one thread on the server's core."""
    text = haproxy.file.read_text()
    text = edit(text.replace("\nglobal\n", "\nglobal\n    nbthread 1\n", 1))
    haproxy.file.write_text(text)
    with on_server_core():
        haproxy.start()
    return haproxy


def without_spoe(text):
    filter_line = next(line for line in text.splitlines() if line.strip().startswith("filter spoe"))
    return text.replace(
        filter_line, f"    tcp-request content set-var(sess.sentinel.server) str({MASTER})")


@contextlib.contextmanager
def three_haproxies():
    """kind → HAProxy."""
    with Lab() as lab:
        deployment = start_deployment(lab)
        agent = start_agent(lab, deployment, spop={"threads": 1})
        canned = lab.add(Peer(lab, "canned", MASTER))
        canned.start()
        # Never started: HAProxy's configuration is generated from its file.
        stand_in = Agent(
            lab, "stand-in", spop={"listen": address_text(canned.address)},
            sentinels=sentinels_of(deployment), masters=masters_of(deployment))
        yield {
            "none": one_thread(lab.add(HAProxy(lab, agent, "use-server")), without_spoe),
            "canned": one_thread(lab.add(HAProxy(lab, stand_in, "use-server"))),
            "ours": one_thread(lab.add(HAProxy(lab, agent, "use-server"))),
        }


def connects(haproxy, clients, pace):
    result = run("redis_connects", f"127.0.0.1:{haproxy.port}", "--clients", clients, *pace.arguments)
    if result["refused"]:
        raise RuntimeError(f"{haproxy.name} refused clients: {result}")
    return result


def connect_in_turn(haproxies, pace):
    """(runs of one client, runs of many), each kind → runs: the kinds take turns."""
    alone, many = ({kind: [] for kind in haproxies} for _ in range(2))
    for _ in range(pace.rounds):
        for kind, haproxy in haproxies.items():
            alone[kind].append(connects(haproxy, 1, pace))
        for kind, haproxy in haproxies.items():
            many[kind].append(connects(haproxy, MANY, pace))
    return alone, many


def measure(pace):
    with three_haproxies() as haproxies:
        alone, many = connect_in_turn(haproxies, pace.in_short_turns())
    wait = {kind: median(runs, "p50_us") for kind, runs in alone.items()}
    rate = {kind: median(runs, "rate") for kind, runs in many.items()}
    return Section("Through HAProxy", NOTES, [
        Figure("one client, median: no SPOE", f"{wait['none']:.0f} µs"),
        Figure("one client, median: canned agent", f"{wait['canned']:.0f} µs"),
        Figure("one client, median: sentinel-spoa", f"{wait['ours']:.0f} µs"),
        at_most("one client: sentinel-spoa over canned", median_difference(alone["ours"], alone["canned"], "p50_us"), ADDED_LIMIT,
                unit=" µs"),
        Figure(f"{MANY} clients: canned agent to no SPOE",
               f"{median_ratio(many['canned'], many['none'], 'rate'):.2f}"
               f" ({rate['canned']:,.0f} to {rate['none']:,.0f} a second)"),
        at_least(f"{MANY} clients: sentinel-spoa to canned",
                 median_ratio(many["ours"], many["canned"], "rate"), RATE_LIMIT,
                 f" ({rate['ours']:,.0f} to {rate['canned']:,.0f} a second)"),
    ])
