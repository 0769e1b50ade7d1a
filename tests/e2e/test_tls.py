"""Sentinels and nodes that speak TLS alone, and demand a certificate of whoever connects."""

import contextlib

import pytest

from lab import spop_client
from lab.agent import make_agent, masters_of
from lab.certificates import Authority
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.waiting import wait_until


@pytest.fixture(scope="module")
def secured():
    """(lab, deployment, authority), all of whose servers have certificates of the authority."""
    with Lab() as lab:
        authority = Authority(lab.subfolder("authority"))
        yield lab, start_deployment(lab, tls=authority), authority


@pytest.fixture
def credentials(secured):
    """The `tls:` that is right."""
    lab, _, authority = secured
    certificate, key = authority.issue("agent")
    return {"ca_file": str(authority.ca_file), "cert_file": str(certificate), "key_file": str(key)}


@contextlib.contextmanager
def running_agent(lab, deployment, ready=True, **config):
    agent = make_agent(lab, deployment, **config)
    agent.start(ready)
    yield agent
    lab.end([agent])


def verdict(agent):
    with spop_client.connect(agent.spop_address) as client:
        return client.ask()


def complaints(agent, address):
    """The warnings about this Sentinel or node."""
    return [line for line in agent.log_text().splitlines()
            if address in line and line.split()[1] in ("warning", "error")]


def await_complaint(agent, address, words):
    wait_until(
        lambda: any(words in line for line in complaints(agent, address)),
        5, lambda: f"a complaint with {words!r}; there is {complaints(agent, address)}")


@pytest.mark.deadline(60)
def test_a_failover_is_followed_by_tls(secured, credentials):
    lab, deployment, _ = secured
    with running_agent(lab, deployment, sentinels={"tls": credentials}) as agent:
        old = deployment.master_of()
        wait_until(lambda: verdict(agent)["state"] == "ok", 5, "a verdict")
        assert verdict(agent)["server"] == deployment.group.server_of(old)
        old.kill()
        wait_until(lambda: deployment.master_of() not in (None, old), 20, "the Sentinels switch")
        new = deployment.group.server_of(deployment.master_of())
        wait_until(
            lambda: verdict(agent)["server"] == new, 5, lambda: f"{new}; it is {verdict(agent)}")
    deployment.repair()


def test_a_wrong_authority_is_no_vote_and_told(secured, credentials):
    lab, deployment, _ = secured
    other = Authority(lab.subfolder("other-authority"))
    tls = credentials | {"ca_file": str(other.ca_file)}
    with running_agent(lab, deployment, ready=False, sentinels={"tls": tls}) as agent:
        for sentinel in deployment.sentinels:
            await_complaint(agent, sentinel.address, "not signed by an authority that is trusted")
        assert verdict(agent)["state"] == "no-quorum"
        assert verdict(agent)["server"] is None
        assert "not signed by an authority" in agent.status().stdout


@pytest.mark.parametrize("change, words", [
    ({"cert_file": None, "key_file": None}, "it demands a TLS certificate of the agent"),
    ({"server_name": "sentinel.example"}, "its certificate is not for sentinel.example"),
])
def test_what_is_wrong_is_told(secured, credentials, change, words):
    lab, deployment, _ = secured
    tls = {key: value for key, value in (credentials | change).items() if value}
    with running_agent(lab, deployment, ready=False, sentinels={"tls": tls}) as agent:
        for sentinel in deployment.sentinels:
            await_complaint(agent, sentinel.address, words)
        assert verdict(agent)["state"] == "no-quorum"


def test_nodes_that_are_not_trusted_are_told_and_the_sentinels_still_decide(secured, credentials):
    lab, deployment, _ = secured
    tls = credentials | {"server_name": "redis.example"}
    masters = [master | {"redis": {"tls": tls}} for master in masters_of(deployment)]
    with running_agent(
            lab, deployment, sentinels={"tls": credentials}, masters=masters) as agent:
        for node in deployment.group.nodes:
            await_complaint(agent, node.address, "its certificate is not for redis.example")
        wait_until(lambda: verdict(agent)["server"], 5, "a verdict")


def test_sentinels_that_speak_no_tls_are_told(deployment, lab):
    with running_agent(lab, deployment, ready=False, sentinels={"tls": {}}) as agent:
        for sentinel in deployment.sentinels:
            await_complaint(agent, sentinel.address, "TLS on this port")


def test_the_nodes_are_asked_by_tls(secured, credentials):
    lab, deployment, _ = secured
    masters = [master | {"redis": {"tls": credentials}} for master in masters_of(deployment)]
    with running_agent(
            lab, deployment, sentinels={"tls": credentials}, masters=masters) as agent:
        wait_until(lambda: verdict(agent)["state"] == "ok", 5, "a verdict")
        for node in deployment.group.nodes:
            server = deployment.group.server_of(node)
            wait_until(
                lambda server=server: agent.metric("sentinel_spoa_node_up", server=server) == 1,
                5, f"{server} answers")
            assert not complaints(agent, node.address)
