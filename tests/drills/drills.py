"""The drills: each does one bad thing to a World and returns when its consequences are over."""

import dataclasses
import time
from collections.abc import Callable

from lab.waiting import wait_until

from .lab import APART, THREE_HOSTS, TOGETHER, Topology
from .routers import MOST_SESSIONS, ROUTERS, WITH_AGENT
from .verdict_probe import VerdictProbe

# Beside the writers' own, of which many may be waiting.
CROWD = min(10000, MOST_SESSIONS - 600)


@dataclasses.dataclass(frozen=True)
class Drill:
    name: str
    title: str
    run: Callable  # of a World
    patience: float = 6.0  # seconds for which a client waits
    switches: bool = True  # whether another node is master in the end
    routers: tuple = tuple(ROUTERS)
    repeats: int = 1  # so many times the runs that are asked for
    options: dict = dataclasses.field(default_factory=dict)  # for the agent's router
    topology: Topology = APART


def crash(world):
    world.cause(world.old.kill)
    world.await_majority()


def silent_host(world):
    world.cause(lambda: world.network.cut(world.host_of(world.old)))
    world.await_majority()


def planned_failover(world):
    world.cause(world.fail_over)
    world.await_majority()


def short_stall(world):
    world.cause(world.old.freeze)
    world.sleep_until(world.caused + 1.5)
    world.old.thaw()


def long_stall(world):
    world.cause(world.old.freeze)
    majority = world.await_majority()
    world.sleep_until(majority.seen + 3)
    world.old.thaw()
    world.await_replica(world.old)


def split_brain(world):
    world.cause(lambda: world.isolate(world.old))
    majority = world.await_majority()
    world.sleep_until(majority.seen + 5)
    world.network.heal()
    world.await_replica(world.old)


def minority(world):
    """The master's host is alone for 10 s: what is on it hears one Sentinel of three."""
    world.cause(lambda: world.isolate(world.old))
    world.await_majority()
    world.sleep_until(world.caused + 10)
    world.network.heal()
    world.await_replica(world.old)


def host_reboots(world):
    """A host without the master vanishes with all that is on it, and is back after 20 s."""
    host = THREE_HOSTS[2]

    def go_down():
        world.network.cut(host)  # first: nobody may be told
        for process in world.processes_on(host):
            process.kill()

    world.cause(go_down)
    world.sleep_until(world.caused + 20)
    world.network.heal()
    world.deployment.repair()
    world.routers[host].start()


def sentinels_dead(world):
    def kill_all():
        for sentinel in world.deployment.sentinels:
            sentinel.kill()

    world.cause(kill_all)
    world.sleep_until(world.caused + 20)
    world.deployment.repair()


def lying_sentinel(world):
    """The third Sentinel watches a replica under the master's name, and answers its address."""
    liar, name = world.deployment.sentinels[2], world.group.name
    replica = world.group.nodes[1]

    def lie():
        liar.client.execute_command("SENTINEL REMOVE", name)
        liar.client.execute_command("SENTINEL MONITOR", name, replica.host, replica.port, 2)

    world.cause(lie)
    world.sleep_until(world.caused + 10)


def leader_killed(world):
    """The Sentinel that promoted a replica dies before it has told the others."""
    world.cause(world.fail_over)
    leader = world.events.wait_for("+promoted-slave", world.caused).sentinel
    leader.kill()
    world.sleep_until(world.caused + 5)


# When HAProxy is reloaded: before the failover, and at each step the Sentinels publish.
RELOADED_AT = (None, "+selected-slave", "+failover-state-wait-promotion", "+promoted-slave",
               "+switch-master")


def reloaded(world):
    step = RELOADED_AT[world.number % len(RELOADED_AT)]
    world.notes["reloaded at"] = step or "the beginning"
    world.cause(world.fail_over)
    if step:
        world.events.wait_for(step, world.caused)
    world.router.haproxy.reload()
    world.await_majority()


def kill_first_agent(world):
    """Fails over, and kills the agent when a replica is about to be promoted."""
    world.cause(world.fail_over)
    world.events.wait_for("+failover-state-send-slaveof-noone", world.caused)
    world.router.agents[0].kill()


def agent_killed(world):
    kill_first_agent(world)
    world.sleep_until(time.monotonic() + 1)  # as long as a service manager takes
    world.router.agents[0].start(ready=False)
    world.await_majority()


def first_of_two_agents_killed(world):
    kill_first_agent(world)
    world.notes["killed"] = [world.router.agents[0].name]
    world.await_majority()


def crowd(world):
    """Fails over with thousands of sessions on the old master, while the agent is asked on."""
    file = world.lab.folder / "crowd.txt"
    for node in world.group.nodes:
        node.client.config_set("maxclients", CROWD + 2000)
    clients = world.launch("crowd", world.router.haproxy.port, CROWD, file)

    def all_open():
        clients.must_be_alive()
        return file.exists() and "open" in file.read_text()

    wait_until(all_open, 30, f"{CROWD} sessions are open", every=0.1)
    with VerdictProbe(world.router.agents[0]) as probe:
        calm = time.monotonic()
        world.sleep_until(calm + 2)
        world.cause(world.fail_over)
        world.await_majority()
        world.notes |= {"sessions": CROWD, "p99_before_ms": probe.p99_ms(calm, world.caused),
                        "p99_meanwhile_ms": probe.p99_ms(world.caused, time.monotonic())}


DRILLS = {drill.name: drill for drill in (
    Drill("crash", "the master is killed", crash),
    Drill("crash-no-wait", "the master is killed; `wait: 0`", crash,
          routers=("agent",), options={"policy": {"wait": "0"}}),
    Drill("crash-impatient", "the master is killed; clients give up after 1 s", crash, patience=1.0),
    Drill("silent-host", "the master's host vanishes, without a word", silent_host),
    Drill("failover", "SENTINEL FAILOVER", planned_failover),
    Drill("short-stall", "the master stands still for 1.5 s", short_stall, switches=False, repeats=2),
    Drill("long-stall", "the master stands still until another one is, and then goes on", long_stall),
    Drill("split-brain", "the master is cut off from all but HAProxy; the cut heals", split_brain),
    Drill("split-brain-no-isolated", "the same with `isolated: keep`", split_brain,
          routers=("agent",), options={"policy": {"isolated": "keep"}}),
    Drill("sentinels-dead", "all Sentinels are dead for 20 s", sentinels_dead, switches=False),
    Drill("lying-sentinel", "a Sentinel names a replica", lying_sentinel, switches=False),
    Drill("leader-killed", "the leading Sentinel dies right after the promotion", leader_killed,
          switches=False),
    Drill("reload", "HAProxy is reloaded in mid-failover", reloaded, repeats=2),
    Drill("agent-killed", "the agent is killed in mid-failover, and back a second later", agent_killed,
          routers=WITH_AGENT),
    Drill("second-agent", "the agent is killed in mid-failover; there is a second one",
          first_of_two_agents_killed, routers=WITH_AGENT, options={"agents": 2}),
    Drill("minority", "the master's host is cut off from the others for 10 s", minority,
          routers=("agent", "tcp-check-2"), topology=TOGETHER),
    Drill("host-reboots", "a host without the master reboots for 20 s", host_reboots, switches=False,
          routers=("agent", "tcp-check-2"), topology=TOGETHER),
    Drill("three-hosts-sentinels-dead", "all Sentinels are dead for 20 s", sentinels_dead, switches=False,
          routers=("agent", "tcp-check-2"), topology=TOGETHER),
    Drill("crowd", f"SENTINEL FAILOVER with {CROWD} sessions on the old master", crowd,
          routers=WITH_AGENT),
)}
