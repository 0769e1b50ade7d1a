"""A set of pods that grows while agent and HAProxy run: its servers are a range, and more than there are."""

import os
import time

import pytest
import redis
from drills.pods import Scene

from lab.agent import run
from lab.pods import NAME, ZONE
from lab.waiting import wait_until

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="mount namespaces need root"), pytest.mark.deadline(90)]

REST = 4  # seconds in which nothing is to be told


def servers(last):
    return lambda pods: {f"redis-{{0..{last}}}": f"redis-{{0..{last}}}.{ZONE}:{pods.nodes[0].port}"}


def reached(scene):
    """The name of the node that new connections reach through HAProxy; None when they are refused."""
    client = redis.Redis("127.0.0.1", scene.haproxy.port, decode_responses=True, socket_timeout=10)
    try:
        return client.config_get("replica-announce-ip")["replica-announce-ip"]
    except redis.exceptions.RedisError:
        return None
    finally:
        client.close()


def addresses(scene):
    """server → the address that HAProxy has of it."""
    rows = [line.split() for line in scene.haproxy.ask(f"show servers state redis_{NAME}_nodes").splitlines()]
    return {row[3]: row[4] for row in rows if len(row) > 6 and row[0].isdigit()}


def told(scene, word):
    return [line for line in scene.agent.log_text().splitlines() if word in line]


def is_measured(scene, server):
    return any(f'server="{server}"' in sample and sample.startswith("sentinel_spoa_node_")
               for sample in scene.agent.metrics())


def promote(scene, node):
    """Has the Sentinels fail over to this pod alone."""
    pods = scene.pods
    for other in pods.nodes:
        other.client.config_set("replica-priority", 1 if other is node else 0)
    for sentinel in pods.sentinels:
        wait_until(lambda sentinel=sentinel: {
            each["ip"] for each in sentinel.client.sentinel_slaves(NAME) if int(each["slave-priority"]) > 0
        } <= {node.dns}, 10, "it alone may be promoted")
    pods.master().kill()
    wait_until(lambda: pods.master() is node, 30, "it is master")


def test_a_set_grows_within_its_range():
    with Scene(servers=servers(5), one_port=True) as scene:
        scene.start()
        processes = scene.agent.pid, scene.haproxy.pid
        assert set(addresses(scene)) == {f"redis-{number}" for number in range(6)}

        # Those that are not there are told once each, and neither degrade nor alert.
        time.sleep(REST)
        assert scene.healthy()
        assert scene.agent.master(NAME)["state"] == "ok"
        for server in ("redis-3", "redis-4", "redis-5"):
            (line,) = told(scene, f"node {server} ")
            assert " info " in line and "not there yet" in line
            assert not is_measured(scene, server)
        wrong = [line for line in told(scene, " warning ") + told(scene, " error ") if " haproxy unix:" not in line]
        assert not wrong  # HAProxy was started after the agent

        node = scene.pods.add()
        node.start(scene.pods.master())
        wait_until(lambda: scene.agent.metric("sentinel_spoa_node_up", server="redis-3") == 1, 15, "it is asked")
        wait_until(lambda: addresses(scene)["redis-3"] == node.host, 10, "HAProxy has its address")
        scene.pods.await_health()
        scene.await_health()

        promote(scene, node)
        wait_until(lambda: reached(scene) == node.dns, 15, "clients reach it", every=0.1)
        assert (scene.agent.pid, scene.haproxy.pid) == processes

        # Once it was there, its loss is told.
        node.kill()
        wait_until(lambda: any(" warning node redis-3 " in line for line in told(scene, "cannot be asked")), 10, "it is missed")
        assert is_measured(scene, "redis-3")


def test_a_name_that_the_sentinels_know_is_missed_although_it_never_had_an_address():
    with Scene(servers=servers(3), one_port=True) as scene:
        scene.pods.start()
        gone = scene.pods.add()
        gone.start(scene.pods.master())
        scene.pods.await_health()
        gone.kill()
        scene.lab.names.set(redis_3=None)
        scene.agent.start()
        wait_until(lambda: any(" warning " in line for line in told(scene, "node redis-3 ")), 20, "it is missed")
        assert is_measured(scene, "redis-3")


def test_a_replica_beyond_the_range_is_told_before_it_is_master():
    with Scene(servers=servers(2), one_port=True) as scene:
        scene.start()
        assert scene.agent.metric("sentinel_spoa_unmapped_replicas", master_name=NAME) == 0
        node = scene.pods.add()
        node.start(scene.pods.master())
        wait_until(lambda: scene.agent.metric("sentinel_spoa_unmapped_replicas", master_name=NAME) == 1, 30, "counted")
        (line,) = told(scene, "a replica that no entry of servers: maps")
        assert " warning " in line and f"may promote {node.dns}:{node.port}" in line


def test_the_check_lists_what_a_range_stands_for(tmp_path):
    file = tmp_path / "sentinel-spoa.yaml"
    file.write_text(
        "sentinels:\n  addresses: [a:1, b:1, c:1]\n"
        "masters:\n  - name: mymaster\n    servers:\n      redis-{0..2}: redis-{0..2}.redis-headless:6379\n")
    checked = run("-c", "-f", file)
    assert checked.returncode == 0
    assert checked.stderr == (
        f"{file}:6:7: note: masters.servers 'redis-{{0..2}}' stands for redis-0 redis-0.redis-headless:6379, "
        "redis-1 redis-1.redis-headless:6379, redis-2 redis-2.redis-headless:6379\n")
    written = run("haproxy-config", "-f", file, "-o", tmp_path)
    assert written.returncode == 0
    assert "    server redis-2 redis-2.redis-headless:6379 init-addr" in (tmp_path / "haproxy.cfg").read_text()
