"""Rate of role=replica next to role=master, of the same agent."""

from lab.agent import masters_of
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.waiting import wait_until

from .figures import Section, at_least, median, median_ratio
from .machine import load
from .setting import NAME, start_agent_alone

LEAST_RATIO = 0.95
LOADS = ((8, 1), (8, 16))

NOTES = """As against the echo, without it: the same agent is asked in turn for the master and for a replica, of which
two are fresh, over as many connections. Both questions have both arguments."""


def measure(pace):
    figures = []
    pace = pace.in_short_turns()
    with Lab() as lab:
        deployment = start_deployment(lab)
        (master,) = masters_of(deployment)
        agent = start_agent_alone(
            lab, deployment, masters=[master | {"redis": {}, "replicas": {"max_lag": "1MiB"}}])
        wait_until(lambda: agent.metric("sentinel_spoa_fresh_replicas") == 2, 5, "two are fresh")
        for connections, in_flight in LOADS:
            runs = {"replica": [], "master": []}
            for _ in range(pace.rounds):
                for role, all_of_it in runs.items():
                    all_of_it.append(load(
                        agent.spop_address, "--name", NAME, "--role", role, *pace.arguments, "--spin",
                        "--connections", connections, "--in-flight", in_flight, process=agent))
            reads, writes = runs["replica"], runs["master"]
            figures.append(at_least(
                f"{connections} × {in_flight}: rate, replica to master",
                median_ratio(reads, writes, "rate"), LEAST_RATIO,
                f" ({median(reads, 'rate'):,.0f} to {median(writes, 'rate'):,.0f} a second)"))
    return Section("Reads", NOTES, figures)
