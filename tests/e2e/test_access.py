"""Sentinels that demand a password or know users, and things that are no Sentinels at all."""

import contextlib
import socketserver
import threading
import time

import pytest

from lab import agent as agent_module
from lab import spop_client
from lab.agent import make_agent, start_agent
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.waiting import wait_until

REQUIREPASS = "pass-of-all-sentinels-7f3a"
AGENT_PASS = "pass-of-the-agent-19cd"
WEAK_PASS = "pass-of-the-weak-user-e04b"
WRONG_PASS = "pass-that-is-wrong-55aa"
REDIS_PASS = "pass-of-the-nodes-c2d8"
SECRETS = (REQUIREPASS, AGENT_PASS, WEAK_PASS, WRONG_PASS, REDIS_PASS)

# The least that the agent needs, and a user that may only log in.
USERS = (
    f"user agent on >{AGENT_PASS} -@all +@connection +auth +hello +ping +subscribe +psubscribe +info "
    "+role +client|setname +sentinel|get-master-addr-by-name +sentinel|master +sentinel|sentinels "
    "+sentinel|replicas +sentinel|myid +sentinel|ckquorum resetchannels &+* &-*",
    f"user weak on >{WEAK_PASS} -@all +@connection +auth +hello +ping",
)


@pytest.fixture(scope="module")
def guarded():
    """(lab, deployment) with passwords and users on the Sentinels, and a password on the nodes."""
    with Lab() as lab:
        yield lab, start_deployment(
            lab, sentinel_password=REQUIREPASS, sentinel_users=USERS, redis_password=REDIS_PASS)


@pytest.fixture
def start(guarded):
    """Starts agents with the credentials given; afterwards none of them may have told a secret."""
    lab, deployment = guarded
    agents = []

    def start(ready=True, environment=None, **sentinels):
        agent = make_agent(lab, deployment, sentinels=sentinels, log={"level": "debug"})
        agents.append(agent)
        agent.start(ready, environment)
        return agent

    yield start
    told = [(agent.name, secret) for agent in agents for secret in SECRETS
            if secret in everything_said(agent)]
    lab.end(agents)
    assert not told


def everything_said(agent):
    """The log, every page, and what the commands about this agent print."""
    pages = [agent.get(path)[1] for path in (
        "/", "/healthz", "/readyz", "/metrics", "/v1/masters", "/v1/masters/mymaster", "/nowhere")]
    commands = [agent.status(), agent.status("--json"), agent_module.run("-c", "-f", agent.file)]
    with spop_client.connect(agent.spop_address) as client:
        answer = str(client.ask())
    return "\n".join([agent.log_text(), answer, *pages,
                      *(command.stdout + command.stderr for command in commands)])


def state(agent):
    with spop_client.connect(agent.spop_address) as client:
        return client.ask()["state"]


def await_state(agent, expected):
    wait_until(lambda: state(agent) == expected, 5, lambda: f"{expected}; it is {state(agent)}")


def complaints(agent, address):
    """The warnings about this Sentinel; not the line that sums up the start, of all."""
    return [line for line in agent.log_text().splitlines()
            if f"sentinel {address}" in line and line.split()[1] in ("warning", "error")]


def connections(deployment):
    """How many connections each Sentinel has accepted so far. Between themselves they keep theirs."""
    return [sentinel.client.info("stats")["total_connections_received"]
            for sentinel in deployment.sentinels]


# Credentials that are right


def test_a_password_in_the_file_is_used(start):
    await_state(start(password=REQUIREPASS), "ok")


def test_a_password_file_is_used(start, tmp_path):
    secret = tmp_path / "sentinel.pass"
    secret.write_text(REQUIREPASS + "\n")
    await_state(start(password_file=str(secret)), "ok")


def test_a_password_from_the_environment_is_used(start):
    agent = start(
        password="${SENTINEL_PASS}", environment={"SENTINEL_PASS": REQUIREPASS, "PATH": "/usr/bin"})
    await_state(agent, "ok")


def test_an_acl_user_with_the_least_rights_is_enough(start):
    await_state(start(username="agent", password=AGENT_PASS), "ok")


# Credentials that are wrong


@pytest.mark.parametrize("credentials, advice", [
    ({"password": WRONG_PASS}, "password"),
    ({"username": "agent", "password": WRONG_PASS}, "password"),
    ({"username": "nobody", "password": AGENT_PASS}, "username"),
    ({"username": "weak", "password": WEAK_PASS}, "ACL"),
    ({}, "password"),
])
def test_a_refused_login_is_no_vote_one_line_of_advice_and_few_attempts(
        start, guarded, credentials, advice):
    _, deployment = guarded
    agent = start(ready=False, **credentials)
    for sentinel in deployment.sentinels:
        wait_until(lambda s=sentinel: complaints(agent, s.address), 5, "a complaint")
    before = connections(deployment)
    time.sleep(3)  # nothing to await: the attempts of this time are counted
    assert max(now - then for now, then in zip(connections(deployment), before)) <= 2
    assert state(agent) == "no-quorum"
    assert agent.get("/readyz")[0] == 503
    for sentinel in deployment.sentinels:
        (line,) = complaints(agent, sentinel.address)
        assert advice in line


# Things that are no Sentinels


class Garbage(socketserver.BaseRequestHandler):
    """Says something that is no RESP, then listens for ever."""

    def handle(self):
        with contextlib.suppress(OSError):
            self.request.sendall(b"220 mail.example.org ESMTP\r\n" + bytes(range(256)) * 4)
            while self.request.recv(4096):
                self.request.sendall(b"500 what?\r\n")


@pytest.fixture
def garbage():
    """The address of a TCP server that talks nonsense."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Garbage) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def redis_node(deployment):
    """The address of a data node."""
    return deployment.group.nodes[2].address


@pytest.mark.parametrize("kind", ["garbage", "redis_node"])
def test_what_is_no_sentinel_has_no_vote_and_the_others_still_decide(
        kind, lab, deployment, request):
    stranger = request.getfixturevalue(kind)
    real = [sentinel.address for sentinel in deployment.sentinels]
    agent = start_agent(lab, deployment, sentinels={"addresses": [*real[:2], stranger]})
    await_state(agent, "degraded")
    with spop_client.connect(agent.spop_address) as client:
        answer = client.ask()
    assert answer["server"] == deployment.group.server_of(deployment.master_of())
    assert (answer["votes"], answer["sentinels"]) == (2, 3)
    wait_until(
        lambda: any("sentinels.addresses" in line for line in complaints(agent, stranger)),
        5, lambda: f"advice; there is {complaints(agent, stranger)}")
    lab.end([agent])


@pytest.mark.parametrize("kind", ["garbage", "redis_node"])
def test_one_sentinel_among_things_that_are_none_is_no_majority(kind, lab, deployment, request):
    stranger = request.getfixturevalue(kind)
    addresses = [deployment.sentinels[0].address, stranger, f"127.0.0.1:{lab.ports.take()}"]
    agent = start_agent(lab, deployment, ready=False, sentinels={"addresses": addresses})
    wait_until(
        lambda: agent.metric("sentinel_spoa_sentinel_up", sentinel=addresses[0]) == 1, 5, "it is up")
    with spop_client.connect(agent.spop_address) as client:
        answer = client.ask()
    assert answer["state"] == "no-quorum"
    assert answer["server"] is None and answer["ip"] is None
    lab.end([agent])
