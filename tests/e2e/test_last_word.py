"""A node that said that it is a replica, and then says nothing more."""

import time

import pytest
from lab import spop_client
from lab.agent import start_agent
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.waiting import wait_until
from test_doubt import NAME, Story, await_state, probing


@pytest.mark.deadline(60)
def test_a_node_that_said_replica_last_gets_no_client_while_it_is_stopped():
    with Lab() as lab:
        # Nothing that the Sentinels would do meanwhile.
        deployment = start_deployment(lab, down_after_ms=20000, failover_timeout_ms=60000)
        agent = start_agent(lab, deployment, masters=probing(deployment))
        master = deployment.master_of()
        other = next(node for node in deployment.group.nodes if node is not master)
        await_state(agent, "ok")
        with Story(agent) as story:
            master.client.replicaof(other.host, other.port)
            story.await_state("not-master")
            told = len(story.told)
            master.freeze()
            stopped = time.monotonic()
            wait_until(lambda: time.monotonic() > stopped + 3, 5, "three seconds have passed")
            assert story.told[told:] == [], "it was forgotten"
            # Nor does it matter that the agent itself was stopped.
            agent.freeze()
            stopped = time.monotonic()
            wait_until(lambda: time.monotonic() > stopped + 3, 5, "three seconds have passed")
            agent.thaw()
            await_state(agent, "not-master")
            with spop_client.connect(agent.spop_address) as client:
                assert client.ask(NAME)["server"] is None
            # Nothing is answered while it is stopped.
            assert {said[1] for said in story.told if said and said[0] != "ok"} == {None}
            master.thaw()
            master.client.execute_command("REPLICAOF", "NO", "ONE")
            await_state(agent, "ok", within=15)
