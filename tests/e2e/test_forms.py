"""The three forms of haproxy.cfg: to the master, or nowhere."""

import pytest
from knocking import knock, knock_often, wait_in_silence

from lab.agent import make_agent, masters_of
from lab.haproxy import FORMS, HAProxy, start_haproxy
from lab.waiting import wait_until

pytestmark = pytest.mark.parametrize("form", FORMS)


def reached(knocks):
    return {knock.port for knock in knocks}


@pytest.fixture
def own(lab, deployment):
    """Starts an agent and HAProxy that one test may ruin; ends them after it."""
    processes = []

    def start(form, listen=None, rename=None, wait=0, **config):
        """`listen` limits the agent to one kind of address, unix or tcp; `rename` gives it another
        name than the one HAProxy asks for; with `wait` new connections wait for a master."""
        (master,) = masters_of(deployment)
        config.setdefault("masters", [master | {"policy": {"wait": wait}}])
        agent = make_agent(lab, deployment, **config)
        addresses = agent.config["spop"]["listen"]
        if listen:
            addresses[:] = [it for it in addresses if it.startswith("unix:") == (listen == "unix")]
            agent.write_config()
        haproxy = lab.add(HAProxy(lab, agent, form))
        processes.extend([haproxy, agent])
        if rename:
            agent.config["masters"][0]["name"] = rename
            agent.write_config()
        agent.start(ready=False)
        haproxy.start()
        return agent, haproxy

    yield start
    lab.end(processes)


def assert_all_are_refused(haproxy):
    """Clients that speak and clients that wait are closed within a second, and no server was tried."""
    knocks = knock_often(haproxy.port, 100)
    assert reached(knocks) == {None}
    assert max(knock.seconds for knock in knocks) < 1
    assert wait_in_silence(haproxy.port) < 1
    assert set(haproxy.sessions().values()) == {0}


def test_every_connection_reaches_the_master(form, deployment, haproxies):
    master = deployment.master_of()
    before = haproxies[form].sessions()
    assert reached(knock_often(haproxies[form].port, 300)) == {master.port}
    grown = {key: count - before[key] for key, count in haproxies[form].sessions().items()}
    assert sorted(grown.values())[-1] == sum(grown.values()) == 300


@pytest.mark.parametrize("listen", ["tcp", "unix"])
def test_haproxy_reaches_the_agent_by_tcp_and_by_a_unix_socket(form, listen, own, deployment):
    agent, haproxy = own(form, listen)
    agent.await_status("/readyz", 200)
    assert reached(knock_often(haproxy.port, 20)) == {deployment.master_of().port}


def test_a_killed_agent_closes_the_gate(form, own):
    agent, haproxy = own(form)
    agent.await_status("/readyz", 200)
    agent.kill()
    assert_all_are_refused(haproxy)


def test_an_agent_that_comes_back_opens_the_gate_again(form, own, deployment):
    agent, haproxy = own(form)
    agent.await_status("/readyz", 200)
    agent.kill()
    assert_all_are_refused(haproxy)
    agent.start()
    master = deployment.master_of()
    wait_until(lambda: knock(haproxy.port).port == master.port, 5, "a connection reaches the master")
    assert reached(knock_often(haproxy.port, 20)) == {master.port}


def test_a_frozen_agent_closes_the_gate(form, own):
    agent, haproxy = own(form)
    agent.await_status("/readyz", 200)
    agent.freeze()
    assert_all_are_refused(haproxy)


@pytest.mark.parametrize("fate", ["kill", "freeze"])
def test_an_agent_that_is_known_to_be_gone_is_not_waited_for(form, fate, own):
    agent, haproxy = own(form, wait="8s")
    agent.await_status("/readyz", 200)
    getattr(agent, fate)()
    wait_until(lambda: all(
        row["status"] == "DOWN" for row in haproxy.statistics()
        if row["pxname"] == "sentinel_agents"), 5, "HAProxy's check has noticed")
    assert_all_are_refused(haproxy)


def test_a_name_the_agent_does_not_know_is_refused(form, own):
    agent, haproxy = own(form, rename="another")
    assert_all_are_refused(haproxy)


def test_a_name_the_sentinels_do_not_know_is_refused(form, own, deployment):
    servers = {server: node.address for server, node in deployment.group.servers.items()}
    agent, haproxy = own(form, masters=[{"name": "nobody", "servers": servers}])
    assert_all_are_refused(haproxy)


def test_two_of_three_sentinels_dead_from_the_start_are_no_majority(form, own, deployment, lab):
    dead = [f"127.0.0.1:{lab.ports.take()}" for _ in range(2)]
    agent, haproxy = own(form, sentinels={"addresses": [deployment.sentinels[0].address, *dead]})
    assert_all_are_refused(haproxy)


def test_no_connection_reaches_another_node_when_the_master_is_dead(form, lab, deployment, agent):
    haproxy = start_haproxy(lab, agent, form)
    master = deployment.master_of()
    master.kill()
    knocks = knock_often(haproxy.port, 20)
    lab.end([haproxy])
    assert reached(knocks) == {None}
