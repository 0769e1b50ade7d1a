"""The base of deploy/kubernetes before a StatefulSet that announces names: the files that are rendered, the users of
the pod, real Redis and Sentinels, and addresses that change."""

import pytest
import redis
import yaml

from lab.agent import ROOT
from lab.kubernetes import render
from lab.lab import Lab
from lab.pod import PASSWORD, WorkingPod, configuration
from lab.ranges import in_full
from lab.stateful_set import StatefulSet
from lab.waiting import wait_until

pytestmark = pytest.mark.deadline(90)


@pytest.fixture(scope="module")
def objects():
    return render(ROOT / "deploy/kubernetes/base")


@pytest.fixture
def lab():
    with Lab() as lab:
        yield lab


@pytest.fixture
def nodes(lab, objects):
    settings = yaml.safe_load(configuration(objects))
    (master,) = settings["masters"]
    names = [address.removesuffix(":6379") for address in in_full(master["servers"]).values()]
    (headless,) = settings["sentinels"]["addresses"]
    nodes = StatefulSet(lab, names, headless["address"].removesuffix(":26379"))
    for name in names[1:]:
        wait_until(lambda name=name: nodes.follows(name), 30, f"{name} follows", every=0.1)
    return nodes


@pytest.fixture
def pod(lab, objects, nodes):
    pod = WorkingPod(lab, objects, nodes.known)
    wait_until(lambda: is_ready(pod), 15, pod.logs, every=0.1)
    return pod


def is_ready(pod):
    return [pod.probe(name, "readinessProbe") for name in ("agent", "haproxy")] == [200, 200]


def reached(pod):
    """The announced name of the node that a new client gets; None when it gets none that takes a write."""
    with redis.Redis(port=pod.tcp["redis"], password=PASSWORD, decode_responses=True, socket_timeout=15) as client:
        try:
            client.set("key", "value")
            return client.config_get("replica-announce-ip")["replica-announce-ip"]
        except redis.exceptions.RedisError:
            return None


def test_clients_follow_the_master_by_its_name(nodes, pod):
    first = nodes.names[0]
    assert reached(pod) == first, pod.logs()

    nodes.delete(first)
    second = wait_until(lambda: reached(pod), 30, pod.logs)
    assert second in nodes.names[1:] and second == nodes.master()

    nodes.start(first)
    wait_until(lambda: nodes.follows(first), 30, f"{first} follows", every=0.1)
    assert reached(pod) == second
    assert is_ready(pod)


def test_a_pod_that_returned_with_another_address_may_become_the_master(nodes, pod):
    first = nodes.names[0]
    old = nodes.addresses[first]
    nodes.delete(first)
    wait_until(lambda: reached(pod), 30, pod.logs)
    nodes.start(first)
    assert nodes.addresses[first] != old
    wait_until(lambda: nodes.follows(first), 30, f"{first} follows", every=0.1)

    nodes.promote(first)
    assert wait_until(lambda: reached(pod), 10, pod.logs) == first
    wait_until(lambda: is_ready(pod), 10, pod.logs, every=0.1)
