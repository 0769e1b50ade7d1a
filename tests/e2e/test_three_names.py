"""Several monitored names on the same Sentinels."""

import pytest
from knocking import knock_often

from lab import spop_client
from lab.agent import start_agent
from lab.deployment import start_deployment
from lab.haproxy import FORMS, start_haproxy
from lab.lab import Lab
from lab.waiting import wait_until

NAMES = ("cache", "queue", "sessions")


@pytest.fixture(scope="module")
def three():
    """(deployment, agent with two workers, HAProxy by form) with three names."""
    with Lab() as lab:
        deployment = start_deployment(lab, names=NAMES)
        agent = start_agent(lab, deployment, spop={"threads": 2})
        yield deployment, agent, {form: start_haproxy(lab, agent, form) for form in FORMS}


def reached(haproxy, name):
    return {knock.port for knock in knock_often(haproxy.ports[name], 30)}


@pytest.mark.parametrize("form", FORMS)
def test_each_frontend_reaches_the_master_of_its_own_name(three, form):
    deployment, _, haproxies = three
    for name in NAMES:
        assert reached(haproxies[form], name) == {deployment.master_of(name).port}


@pytest.mark.deadline(60)
def test_a_failover_of_one_name_leaves_the_others_where_they_are(three):
    deployment, agent, haproxies = three
    before = {name: deployment.master_of(name) for name in NAMES}
    before["queue"].kill()
    wait_until(lambda: deployment.master_of("queue") not in (None, before["queue"]), 15, "a new queue")
    after = {name: deployment.master_of(name) for name in NAMES}
    assert {name for name in NAMES if after[name] is not before[name]} == {"queue"}
    for name in NAMES:
        node = after[name]
        wait_until(
            lambda name=name, node=node: reached(haproxies["use-server"], name) == {node.port},
            2, f"{name} reaches its master")
    deployment.repair()


def test_the_name_must_be_said_when_there_are_several(three):
    _, agent, _ = three
    with spop_client.connect(agent.spop_address) as client:
        answer = client.ask(master=None)
        assert answer["state"] == "unknown-name"
        assert answer["server"] is None
        assert client.ask("queue")["server"]
