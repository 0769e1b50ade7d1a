"""A replica that dies, and comes back when its master has died too: what it had is gone, or old."""

import time

import pytest
import redis
from lab import spop_client
from lab.agent import masters_of, start_agent
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.waiting import wait_until
from test_doubt import NAME, report


@pytest.mark.parametrize("append_only", ["no", "yes"])
@pytest.mark.deadline(60)
def test_reads_do_not_go_to_a_replica_by_what_its_last_process_had(append_only):
    with Lab() as lab:
        deployment = start_deployment(lab)
        for node in deployment.group.nodes:
            node.client.config_set("appendonly", append_only)
        (master_section,) = masters_of(deployment)
        agent = start_agent(
            lab, deployment, masters=[master_section | {"redis": {}, "replicas": {"fallback": "refuse"}}])
        master = deployment.master_of()
        replica, _ = (node for node in deployment.group.nodes if node is not master)
        server = deployment.group.server_of(replica)
        with spop_client.connect(agent.spop_address) as client:
            def reads():
                return client.ask(NAME, role="replica")["server"]

            wait_until(lambda: reads() == server, 5, "reads go to the replica")
            replica.kill()
            master.client.set("written", "later")
            died = time.monotonic()
            wait_until(lambda: time.monotonic() > died + 0.8, 3, "the master outlives it for a moment")
            master.kill()
            replica.start(replica_of=master)
            wait_until(replica.answers, 10, "it is back")
            wait_until(lambda: node_is_up(agent, replica), 5, "the agent sees it")

            # Until it follows the new master and has its data.
            back = time.monotonic()
            asked = 0
            while not has_it(replica) and time.monotonic() < back + 20:
                assert reads() != server or has_it(replica), f"after {time.monotonic() - back:.1f} s"
                asked += 1
            assert asked > 50, "the scene was another: it had the data at once"
            wait_until(lambda: reads() == server, 15, "reads go to it again")


def has_it(node):
    while True:
        try:
            return node.client.get("written") == "later"
        except redis.exceptions.ConnectionError:
            pass  # Sentinel ends its connections when it gives the node another master


def node_is_up(agent, node):
    return next(each["up"] for each in report(agent)["nodes"] if each["address"] == node.address)
