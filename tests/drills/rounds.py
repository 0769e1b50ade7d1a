"""The same faults again and again, at moments that differ a little, on hosts of their own.

`unshare --net python3 -m drills.rounds FAULT --rounds N` prints a line of JSON for each round. What must be 0 in
each of them, by fault:

    upgrade, restart, short-cut     refused_while_open: connections that HAProxy refused while the name was open
    replica-first                   isolated: how often the healthy new master was isolated
    comes-back-empty, -old          without_data, too_old: reads through role=replica
"""

import argparse
import bisect
import collections
import contextlib
import json
import os
import signal
import sys
import time

from lab.events import EventReader
from lab.upgraded import Upgraded
from lab.waiting import wait_until

from .lab import NAME, NetworkLab
from .reads import Readers, Scene, Stamps
from .world import World

PATIENCE = 6.0  # seconds for which a client waits
OPEN = ("ok", "degraded")
# What replicas: promises with its defaults: max_lag_time, and one period of the probe.
PROMISED_AGE = 1.2
# Who was answered just before the name was closed may find its server in maintenance. That is the fence, not
# the release. In seconds after it, as it is looked at each 20 ms.
AT_FENCE = 0.1
# The last writes before a crash may have reached no replica.
UNREPLICATED = 0.2


# --- nobody is released before HAProxy is ready --------------------------------------------------

def upgrade(world, upgraded):
    """SIGUSR2 in mid-failover."""
    world.cause(world.fail_over)
    world.sleep_until(world.caused + 0.3)
    upgraded.upgrade()
    world.await_switch()


def restart(world, upgraded):
    """The agent is killed in mid-failover, and back before a replica is master, so that clients wait."""
    world.cause(world.fail_over)
    upgraded.agent.kill()
    world.sleep_until(world.caused + 0.5)
    upgraded.agent.start(ready=False)
    world.await_switch()


def short_cut(world, _):
    """The master is cut off from all but HAProxy for less than Sentinel notices."""
    world.cause(lambda: world.isolate(world.old))
    world.sleep_until(world.caused + 1.3)
    world.network.heal()


RELEASES = {"upgrade": upgrade, "restart": restart, "short-cut": short_cut}


def release_rounds(fault, rounds):
    with World("agent", PATIENCE, state_file="state.json") as world, contextlib.ExitStack() as stack:
        upgraded = Upgraded(world.router.agents[0])
        stack.callback(upgraded.kill)
        for _ in range(rounds):
            await_state(upgraded.agent, "ok")
            read = world.router.haproxy.log.stat().st_size
            RELEASES[fault](world, upgraded)
            caused = world.caused
            world.begin_anew()  # all clients have written again, so that all refusals are in the log
            ended = world.router.haproxy.ended_sessions(read)
            refused = [session for session in ended if session.end == "SC" and session.state in OPEN]
            closed = [fence.began for fence in world.sessions.fences(caused)][:1]
            at_fence = sum(session.ended < moment + AT_FENCE for moment in closed for session in refused)
            yield {"connections": len(ended), "refused_while_open": len(refused) - at_fence,
                   "refused_at_fence": at_fence,
                   "ends": collections.Counter(f"{session.end} {session.state}" for session in ended)}


# --- a healthy new master ------------------------------------------------------------------------

def replica_first_rounds(rounds):
    """A replica dies, and a second later the master: the other replica has none of its own."""
    with World("agent", PATIENCE) as world:
        (agent,) = world.router.agents
        for _ in range(rounds):
            await_state(agent, "ok")
            replica = next(node for node in world.group.nodes if node is not world.old)
            with EventReader(agent) as events:
                began = time.monotonic()
                world.sleep_until(began + 0.2)
                replica.kill()
                world.sleep_until(began + 1.2)
                world.cause(world.old.kill)
                new = world.await_switch().value.address
                world.begin_anew()
                told = [event for event in events.of("master") if event["address"] == new]
            yield {"isolated": sum(event["state"] == "isolated" for event in told),
                   "states": [event["state"] for event in told]}


# --- a replica that comes back with less ---------------------------------------------------------

def comes_back_rounds(rounds, append_only):
    """A replica dies, and a second later the master; the replica is back before it hears of the new one."""
    with NetworkLab() as lab:
        scene = Scene(lab, append_only=append_only)
        deployment = scene.deployment
        with Stamps(deployment, every=0.01) as stamps, \
                Readers(scene.haproxy.read_ports[NAME]) as readers:
            for _ in range(rounds):
                master = deployment.master_of()
                replica = next(node for node in scene.group.nodes if node is not master)
                wait_until(lambda: len(scene.fresh()) == 2, 30, "both replicas are fresh", every=0.05)
                began = time.monotonic()
                World.sleep_until(began + 0.2)
                replica.kill()
                World.sleep_until(began + 1.2)
                master.kill()
                World.sleep_until(began + 4.2)
                replica.start(replica_of=master)

                def follows():
                    new = deployment.master_of()
                    return new is not master and new and replica.is_linked_to(new)

                wait_until(follows, 40, "the replica follows the new master", every=0.1)
                until_linked = time.monotonic() - began
                time.sleep(1)  # of reads once all is well
                yield figures_of(readers.since(began), stamps.acknowledged) | {
                    "until_linked_s": round(until_linked, 1)}
                deployment.repair(within=40)


def figures_of(reads, acknowledged):
    answered = [read for read in reads if not read.failed]
    behind = [behind for read in answered if read.stamp is not None
              if (behind := newest(acknowledged, read.begun - PROMISED_AGE) - read.stamp) > UNREPLICATED]
    return {"reads": len(answered), "failed": len(reads) - len(answered),
            "without_data": sum(read.stamp is None for read in answered),
            "too_old": len(behind), "oldest_s": round(max(behind) + PROMISED_AGE, 1) if behind else None}


def newest(acknowledged, moment):
    """The last stamp that was written before `moment`."""
    place = bisect.bisect_left(acknowledged, moment)
    return acknowledged[place - 1] if place else float("-inf")


def await_state(agent, state, within=30):
    wait_until(lambda: agent.master(NAME)["state"] == state, within,
               lambda: f"the state is {state}: {agent.master(NAME)['state']}", every=0.05)


FAULTS = {
    **{fault: lambda rounds, fault=fault: release_rounds(fault, rounds) for fault in RELEASES},
    "replica-first": replica_first_rounds,
    "comes-back-empty": lambda rounds: comes_back_rounds(rounds, append_only=False),
    "comes-back-old": lambda rounds: comes_back_rounds(rounds, append_only=True),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fault", choices=FAULTS)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    limit = 60 + 60 * options.rounds
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"not finished within {limit} s"))
    signal.alarm(limit)
    for result in FAULTS[options.fault](options.rounds):
        print(json.dumps(result), flush=True)
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
