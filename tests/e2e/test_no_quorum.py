"""The Sentinels' majority goes away after a verdict, and comes back."""

import pytest

from lab import spop_client
from lab.agent import make_agent, masters_of, start_agent
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.waiting import wait_until

POLICIES = {
    "default": {},
    "hold": {"no_quorum": "hold"},
    "hold-a-while": {"no_quorum": "hold", "no_quorum_hold": "1s"},
    "refuse": {"no_quorum": "refuse"},
}


@pytest.fixture
def agents(lab, deployment):
    """One ready agent for each policy, all watching the same Sentinels."""
    agents = {}
    for title, policy in POLICIES.items():
        (master,) = masters_of(deployment)
        agents[title] = make_agent(lab, deployment, masters=[master | {"policy": policy}])
    for agent in agents.values():
        agent.start()
    yield agents
    lab.end(list(agents.values()))


def ask(agent):
    with spop_client.connect(agent.spop_address) as client:
        return client.ask()


def await_state(agent, state, within=8):
    wait_until(lambda: ask(agent)["state"] == state, within, f"{agent.name} says {state}")


@pytest.mark.deadline(60)
def test_a_lost_majority_holds_the_last_master_or_refuses_as_the_policy_says(agents, deployment):
    server = deployment.group.server_of(deployment.master_of())
    for agent in agents.values():
        await_state(agent, "ok")

    for sentinel in deployment.sentinels[:2]:
        sentinel.kill()
    for agent in agents.values():
        await_state(agent, "no-quorum")

    assert ask(agents["default"])["server"] == server
    assert ask(agents["hold"])["server"] == server
    refused = ask(agents["refuse"])
    assert refused["server"] is None and refused["ip"] is None and refused["port"] is None
    assert refused["reason"]
    wait_until(lambda: ask(agents["hold-a-while"])["server"] is None, 5, "the hold has ended")
    assert ask(agents["hold"])["server"] == server
    assert "no-quorum" in agents["hold"].status().stdout

    deployment.repair()
    for agent in agents.values():
        await_state(agent, "ok")
        assert ask(agent)["server"] == server


@pytest.mark.deadline(60)
def test_one_dead_sentinel_of_three_only_degrades(agents, deployment):
    server = deployment.group.server_of(deployment.master_of())
    deployment.sentinels[2].kill()
    for agent in agents.values():
        await_state(agent, "degraded")
        answer = ask(agent)
        assert (answer["server"], answer["votes"], answer["sentinels"]) == (server, 2, 3)
    deployment.repair()
    for agent in agents.values():
        await_state(agent, "ok")


@pytest.mark.deadline(60)
def test_two_frozen_sentinels_are_no_majority_either(agents, deployment):
    for sentinel in deployment.sentinels[:2]:
        sentinel.freeze()
    for agent in agents.values():
        await_state(agent, "no-quorum")
    assert ask(agents["refuse"])["server"] is None


@pytest.mark.deadline(60)
def test_of_five_sentinels_two_may_die_and_a_third_may_not():
    with Lab() as lab:
        deployment = start_deployment(lab, sentinels=5)
        server = deployment.group.server_of(deployment.master_of())
        (master,) = masters_of(deployment)
        agent = start_agent(
            lab, deployment, masters=[master | {"policy": {"no_quorum": "refuse"}}])
        await_state(agent, "ok")
        for sentinel in deployment.sentinels[:2]:
            sentinel.kill()
        await_state(agent, "degraded")
        assert ask(agent)["server"] == server
        deployment.sentinels[2].kill()
        await_state(agent, "no-quorum")
        assert ask(agent)["server"] is None
