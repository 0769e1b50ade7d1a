"""Nodes with host names whose addresses change: each is replaced as a pod is, and HAProxy follows."""

import os
import time

import pytest
import redis
from drills.pods import Scene, lost_after_majority, run

from lab.pods import NAME, ZONE, Stranger
from lab.waiting import wait_until

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="mount namespaces need root"), pytest.mark.deadline(90)]

STARTS = int(os.environ.get("SENTINEL_SPOA_STARTS", "3"))
ROUNDS = int(os.environ.get("SENTINEL_SPOA_ROUNDS", "6"))


@pytest.fixture
def scene():
    with Scene(apart=True) as scene:
        yield scene


def behind_one_name(pods):
    """The `addresses:` of the Sentinels."""
    return [{"address": f"sentinels.{ZONE}:{pods.sentinels[0].port}", "expect": 3}]


def server_of(scene):
    """Whom new connections reach through HAProxy, by port; None when they are refused."""
    client = redis.Redis("127.0.0.1", scene.haproxy.port, socket_timeout=10)
    try:
        return int(client.config_get("port")["port"])
    except redis.exceptions.RedisError:
        return None
    finally:
        client.close()


@pytest.mark.deadline(60 + 15 * ROUNDS)
def test_pods_that_come_back_elsewhere_are_followed(scene):
    scene.start()
    processes = scene.agent.pid, scene.haproxy.pid
    rounds, writes, lost = run(scene, ROUNDS, seed=3)
    assert any(each.was_master for each in rounds) and not all(each.was_master for each in rounds)
    assert not lost_after_majority(rounds, lost)
    assert {write.port for write in writes if write.port} <= {node.port for node in scene.pods.nodes}
    for each in rounds:
        assert each.failed.get("new", 0) <= 3, each  # under way in the moment of the kill; drills.pods has figures
    assert scene.addresses() == {node.name: node.host for node in scene.pods.nodes}
    assert (scene.agent.pid, scene.haproxy.pid) == processes
    # Nothing but the moves was a switch: no node became another one by its address.
    assert scene.agent.metric("sentinel_spoa_switches_total") == sum(each.was_master for each in rounds)


@pytest.mark.deadline(90)
def test_a_rolling_restart_costs_one_new_connection_at_each_move_at_most(scene):
    scene.start()
    rounds, _, lost = run(scene, 4, seed=1, rolling=True)
    assert any(each.was_master for each in rounds)
    assert not lost_after_majority(rounds, lost)
    for each in rounds:
        assert each.failed.get("new", 0) <= (1 if each.was_master else 0), each
        assert each.told - each.moved <= 2, each


def test_all_start_while_no_name_is_known_and_serve_as_each_appears(scene):
    pods = scene.pods
    pods.start()
    known = {node.name.replace("-", "_"): node.host for node in pods.nodes}
    scene.lab.names.set(**dict.fromkeys(known))
    scene.haproxy.start()
    scene.agent.start(ready=False)
    assert server_of(scene) is None
    master = pods.master()
    scene.lab.names.set(**known)
    wait_until(lambda: server_of(scene) == master.port, 10, "the master is reached", every=0.1)
    scene.await_health()
    assert scene.addresses() == {node.name: node.host for node in pods.nodes}


@pytest.mark.parametrize("families", [(6,), (4, 6)], ids=["IPv6", "IPv4 and IPv6"])
def test_pods_with_addresses_of_ipv6_are_followed(families):
    """What HAProxy has looked up itself stays; it is given IPv4, as long as the name has that."""
    with Scene(families=families) as scene:
        scene.start()
        assert all(scene.addresses()[node.name] in node.hosts for node in scene.pods.nodes)
        master = scene.pods.master()
        assert server_of(scene) == master.port
        scene.replace(master)
        wait_until(lambda: server_of(scene) == scene.pods.master().port, 10, "the next master is reached")
        assert scene.addresses()[master.name] == master.hosts[0]
        if len(families) == 1:
            return
        master = scene.pods.master()
        scene.lab.names.set(**{master.name.replace("-", "_"): master.hosts[0]})
        wait_until(lambda: scene.addresses().get(master.name) == master.hosts[0], 10, "IPv4 is left")
        scene.lab.names.set(**{master.name.replace("-", "_"): master.hosts[1]})
        wait_until(lambda: scene.addresses().get(master.name) == master.hosts[1], 10, "IPv6 is left")
        wait_until(lambda: server_of(scene) == master.port, 10, "the master is reached by it")


@pytest.mark.parametrize("announced", [0, 1], ids=["IPv4", "IPv6"])
def test_a_pod_with_two_addresses_is_known_by_the_one_that_sentinel_announces(announced):
    with Scene(families=(4, 6), announced=announced) as scene:
        scene.start()
        master = scene.pods.master()
        said = scene.agent.master(NAME)
        assert said["open"] and said["server"] == master.name
        assert server_of(scene) == master.port
        assert all(scene.addresses()[node.name] in node.hosts for node in scene.pods.nodes)


def start_of(scene):
    """Seconds from the start of the agent until its master may be used."""
    begun = time.monotonic()
    scene.agent.start(ready=False)
    wait_until(lambda: scene.agent.master(NAME)["open"], 10, "the verdict is open", every=0.005)
    took = time.monotonic() - begun
    scene.agent.terminate()
    return took


@pytest.mark.deadline(60 + 3 * STARTS)
def test_a_start_waits_for_look_ups_alone(capsys):
    """Names of nodes and Sentinels: each answer of DNS is waited for, and no period of ours."""
    with Scene(sentinels=behind_one_name, apart=True) as scene:
        scene.pods.start()
        scene.haproxy.start()
        took = {}
        for delay in (0, 5, 30):
            scene.lab.agents_names.set(delay)
            took[delay] = sorted(start_of(scene) for _ in range(STARTS))
        with capsys.disabled():
            for delay, all_ in took.items():
                print(f"\nDNS after {delay} ms: {STARTS} starts, open after {all_[len(all_) // 2]:.3f} s, "
                      f"at most {all_[-1]:.3f} s", end="")
        for delay, all_ in took.items():
            assert all_[-1] <= took[0][-1] + 6 * delay / 1000 + 0.3, took


def test_a_name_server_that_swallows_questions_holds_nothing_up(scene):
    """The Sentinels themselves stand still then, as they look names up one by one: the last master is held."""
    scene.start()
    master = scene.pods.master()
    scene.lab.names.freeze()
    try:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            assert server_of(scene) == master.port
        # A connection that is made anew takes the last known address.
        master.client.client_kill_filter(skipme=True, _type="normal")
        wait_until(lambda: scene.agent.metric("sentinel_spoa_node_up", server=master.name) == 1, 5, "it is asked again")
        assert scene.agent.master(NAME)["open"]
    finally:
        scene.lab.names.thaw()


@pytest.mark.parametrize("foreign", [False, True], ids=["a replica", "a foreign Redis"])
def test_a_name_that_leads_to_another_machine_gets_no_write_there(scene, foreign):
    """The agent alone is told so; the Sentinels know better."""
    scene.start()
    master = scene.pods.master()
    stranger = scene.lab.add(Stranger(scene.lab))
    stranger.start_as(master.port, None if foreign else master)
    scene.let_writers_come(("new",))
    scene.lab.agents_names.set(**{master.name.replace("-", "_"): stranger.host})
    wait_until(lambda: not scene.healthy(), 10, "it is told", every=0.05)
    time.sleep(1)  # of writing
    told = scene.agent.master(NAME)
    assert not told["open"] and "another process" in told["reason"] or not foreign, told
    assert stranger.writes() == 0
    scene.lab.agents_names.set()
    wait_until(lambda: server_of(scene) == master.port, 20, "the master is reached again", every=0.1)
    assert stranger.writes() == 0
    scene.await_health()


def test_sentinels_behind_one_name_are_as_many_as_expected():
    with Scene(sentinels=behind_one_name) as scene:
        scene.start()
        assert scene.agent.master(NAME)["votes"] == 3
        first, *others = scene.pods.sentinels
        # A pod that is being replaced leaves its name: the majority stays two of three.
        scene.lab.names.set(sentinels=[each.host for each in others])
        first.kill()
        wait_until(lambda: scene.agent.master(NAME)["votes"] == 2, 10, "two are heard")
        others[0].freeze()
        wait_until(lambda: scene.agent.master(NAME)["state"] == "no-quorum", 10, "one of three is no majority")
        assert scene.agent.master(NAME)["sentinels"] == 3
        others[0].thaw()
        first.start()
        scene.lab.names.set(sentinels=[each.host for each in scene.pods.sentinels])
        wait_until(lambda: scene.agent.master(NAME)["votes"] == 3, 20, "all are heard again")
