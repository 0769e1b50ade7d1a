"""Reasons not to use the master that a majority names, and what the policies make of each."""

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import time

import pytest
import redis

from lab import agent as agent_module
from lab import resp, spop_client
from lab.agent import make_agent, masters_of, start_agent
from lab.background import Background
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.nodes import HOST
from lab.observer import Poller
from lab.waiting import wait_until

NAME = "mymaster"

POLICIES = {
    "default": {},
    "odown-keep": {"odown": "keep"},
    "switching-keep": {"switching": "keep"},
}


def probing(deployment, policy=None, credentials=None):
    """The `masters:` section with probes; what is refused is refused at once."""
    (master,) = masters_of(deployment)
    return [master | {"redis": credentials or {}, "policy": {"wait": 0} | (policy or {})}]


@pytest.fixture(scope="module")
def all_agents(lab, shared_deployment):
    agents = {title: make_agent(lab, shared_deployment, masters=probing(shared_deployment, policy))
              for title, policy in POLICIES.items()}
    for agent in agents.values():
        agent.start()
    return agents


@pytest.fixture
def agents(all_agents, deployment):
    """One agent for each policy, with probes, in the state ok."""
    for agent in all_agents.values():
        await_state(agent, "ok", within=15)
    yield all_agents
    for agent in all_agents.values():
        assert agent.alive, agent.log_text()[-2000:]


@pytest.fixture
def agent(agents):
    return agents["default"]


def report(agent):
    status, text = agent.get(f"/v1/masters/{NAME}")
    assert status == 200, text
    return json.loads(text)


def await_state(agent, state, within=8):
    """The first report with this state."""
    seen = {}

    def reached():
        seen.update(report(agent))
        return seen if seen["state"] == state else None

    return wait_until(reached, within, lambda: f"{state}; last: {json.dumps(seen)}")


class Story:
    """A context that notes every change of (state, server) of an agent's answers, in `told`."""

    def __init__(self, agent):
        self._poller = Poller(
            lambda: spop_client.connect(agent.spop_address, timeout=1),
            lambda client: (lambda ack: (ack["state"], ack["server"]))(client.ask(NAME)))

    def __enter__(self):
        self._poller.start()
        wait_until(lambda: self.told, 2, "a first answer")
        return self

    def __exit__(self, *_):
        self._poller.stop()

    @property
    def told(self):
        return [sighting.value for sighting in self._poller.sightings]

    def await_state(self, state):
        wait_until(lambda: self.told[-1][0] == state, 3, f"the answer is {state}")

    def await_server(self, server):
        wait_until(lambda: self.told[-1][1] == server, 3, f"the answer is {server}")

    def servers_in(self, state):
        return {server for said, server in self.told if said == state}


@contextlib.contextmanager
def patience(deployment, milliseconds):
    """Another down-after-milliseconds while the block runs."""
    def set_to(value):
        for sentinel in deployment.sentinels:
            sentinel.client.execute_command(
                "SENTINEL SET", NAME, "down-after-milliseconds", value)

    set_to(milliseconds)
    try:
        yield
    finally:
        set_to(deployment.settings.down_after_ms)


def master_and_server(deployment):
    """The master's node, and HAProxy's name of it."""
    node = deployment.master_of()
    return node, deployment.group.server_of(node)


def await_switch(deployment, agents, old):
    """The server of the new master, when all agents send to it."""
    new = wait_until(
        lambda: (node := deployment.master_of()) is not old and node, 15, "a failover")
    server = deployment.group.server_of(new)
    for agent in agents.values():
        wait_until(
            lambda agent=agent: (now := report(agent))["server"] == server and now["open"], 5,
            f"{agent.name} follows")
    return server


# --- odown ---------------------------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_odown_refuses_or_keeps_as_the_policy_says(agents, deployment):
    master, old = master_and_server(deployment)
    with Story(agents["default"]) as refusing, Story(agents["odown-keep"]) as keeping:
        master.freeze()
        new = await_switch(deployment, agents, master)
        for story in (refusing, keeping):
            story.await_server(new)
    assert refusing.servers_in("odown") == {None}
    assert refusing.servers_in("silent") == {old}, "silence alone closes nothing"
    assert keeping.servers_in("odown") == {old}
    servers = [server for _, server in keeping.told]
    assert None not in servers[:servers.index(new)], "it was closed before the switch"
    assert set(servers) == {old, new}
    assert {server for _, server in refusing.told} == {old, None, new}


# --- switching -----------------------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_a_promotion_refuses_or_keeps_as_the_policy_says(agents, deployment):
    master, old = master_and_server(deployment)
    with Story(agents["default"]) as refusing, Story(agents["switching-keep"]) as keeping:
        deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)
        new = await_switch(deployment, agents, master)
        for story in (refusing, keeping):
            story.await_server(new)
    assert refusing.servers_in("switching") == {None}
    assert keeping.servers_in("switching") == {old}
    assert {server for _, server in keeping.told} == {old, new}, "it was refused"
    assert {server for _, server in refusing.told} == {old, None, new}


# --- not-master ----------------------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_a_replica_that_the_sentinels_name_is_not_used_until_it_is_master(lab, deployment):
    master, _ = master_and_server(deployment)
    named = next(node for node in deployment.group.nodes if node is not master)
    for sentinel in deployment.sentinels:
        # With the lab's short INFO period they would soon see the mistake and call the node down.
        sentinel.client.execute_command("SENTINEL DEBUG", "INFO-PERIOD", 10_000)
        with resp.Connection(sentinel.port) as connection:
            assert connection.call_all(
                ("SENTINEL", "REMOVE", NAME),
                ("SENTINEL", "MONITOR", NAME, HOST, named.port, deployment.majority),
                ("SENTINEL", "SET", NAME, "down-after-milliseconds", deployment.settings.down_after_ms,
                 "failover-timeout", deployment.settings.failover_timeout_ms)) == ["OK"] * 3
    wait_until(lambda: deployment.master_of() is named, 5, "all Sentinels name the replica")

    agent = start_agent(lab, deployment, ready=False, masters=probing(deployment))
    with Story(agent) as story:
        told = await_state(agent, "not-master")
        assert (told["address"], told["open"]) == (named.address, False)
        assert "replica" in told["reason"]
        assert agent.get("/readyz")[0] == 503
        named.client.replicaof("NO", "ONE")
        master.client.replicaof(HOST, named.port)
        story.await_server(deployment.group.server_of(named))  # once it is master
    # Not one answer named it before.
    states = [state for state, server in story.told if server]
    assert states and set(states) <= {"ok", "degraded"}
    assert {server for _, server in story.told} == {None, deployment.group.server_of(named)}
    lab.end([agent])
    deployment.hasten(deployment.sentinels)


KEYS = 5_000
LOADING = 2.0  # seconds, at least


def start_slowly(node):
    """Starts it as a master that takes LOADING seconds for KEYS keys, and answers meanwhile."""
    lines = (node.folder / f"{node.name}.conf").read_text().splitlines()
    node.launch("redis-server", node.write_config(
        *(line for line in lines if not line.startswith("replicaof")),
        f"key-load-delay {int(1e6 * LOADING / KEYS)}", "loading-process-events-interval-bytes 1024"))


@pytest.mark.deadline(60)
def test_a_master_that_loads_its_data_is_not_used_until_it_is_done(agent, deployment):
    master, server = master_and_server(deployment)
    with master.client.pipeline(transaction=False) as pipeline:
        for key in range(KEYS):
            pipeline.set(f"loaded-{key}", "x" * 100)
        pipeline.execute()
    master.client.save()
    with Story(agent) as story:
        master.kill()
        start_slowly(master)
        told = await_state(agent, "not-master", within=3)
        assert "loading" in told["reason"]
        assert [node["loading"] for node in told["nodes"] if node["server"] == server] == [True]
        assert agent.metric("sentinel_spoa_node_loading", server=server) == 1
        wait_until(lambda: report(agent)["open"], LOADING + 5, "it is used again")
        assert master.client.dbsize() >= KEYS
        assert agent.metric("sentinel_spoa_node_loading", server=server) == 0
    assert story.servers_in("not-master") == {None}
    assert deployment.master_of() is master, "the scene was another: there was a failover"
    (master.folder / "dump.rdb").unlink()


# --- silent --------------------------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_a_master_that_is_silent_for_a_moment_stays_in_use(agent, deployment):
    master, server = master_and_server(deployment)
    with patience(deployment, 8000), Story(agent) as story:
        master.freeze()
        story.await_state("silent")
        told = report(agent)
        assert (told["state"], told["server"], told["open"]) == ("silent", server, True)
        assert agent.metric("sentinel_spoa_node_up", server=server) == 0
        master.thaw()
        story.await_state("ok")
    assert [state for state, _ in story.told] == ["ok", "silent", "ok"]
    assert {said for _, said in story.told} == {server}


@pytest.mark.deadline(60)
def test_a_dead_master_is_silent_and_closed_at_once_because_it_refuses(agent, deployment):
    master, server = master_and_server(deployment)
    with patience(deployment, 8000):
        killed = time.monotonic()
        master.kill()
        told = await_state(agent, "silent", within=3)
        took = time.monotonic() - killed
        # Nobody listens there, and whoever does next is to say who it is before clients get to it.
        assert (told["server"], told["open"]) == (server, False)
        assert "refuses connections" in told["reason"]
        assert took < 0.3, f"seen after {took:.2f} s: sooner than a master that only hangs"
        master.start()
        await_state(agent, "ok", within=5)


# --- more than one master ------------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_two_nodes_that_say_master_are_counted_and_the_demoted_one_is_warned_of(agent, deployment):
    master, _ = master_and_server(deployment)

    def claims():
        return agent.metric("sentinel_spoa_nodes_claiming_master", master_name=NAME)

    def explained():
        result = agent_module.run("explain", NAME, "--url", agent.url)
        assert result.returncode == 1 and not result.stderr, "there is something to tell"
        return result.stdout

    assert claims() == 1
    deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)
    await_switch(deployment, {"default": agent}, master)
    assert master.role() == "master"
    wait_until(lambda: claims() == 2, 2, "both are counted")
    warning = f"{master.address} must not be master any more and has not said yet that it is a replica"
    assert warning in explained()
    assert "2 nodes say that they are master" in explained()

    deployment.repair()  # makes it a replica, as Sentinel itself would after ten seconds
    wait_until(lambda: claims() == 1, 2, "one is left")
    assert "nodes say that they are master" not in explained()
    wait_until(lambda: warning not in explained(), 2, "the warning is gone", every=0.1)


# --- credentials of the probes -------------------------------------------------------------------

REDIS_PASS = "pass-of-the-nodes-77b1"
USER_PASS = "pass-of-the-prober-a9e0"
WRONG_PASS = "pass-that-is-wrong-0c4d"


@pytest.mark.deadline(90)
def test_probes_log_in_and_a_wrong_password_only_costs_the_probes():
    with Lab() as lab:
        deployment = start_deployment(lab, redis_password=REDIS_PASS)
        for node in deployment.group.nodes:
            node.client.execute_command(
                "ACL SETUSER", "prober", "on", f">{USER_PASS}", "-@all", "+ping", "+role", "+info")
        agents = {
            title: start_agent(lab, deployment, masters=probing(deployment, credentials=credentials))
            for title, credentials in {
                "password": {"password": REDIS_PASS},
                "user": {"username": "prober", "password": USER_PASS},
                "wrong": {"password": WRONG_PASS},
                "wrong user": {"username": "prober", "password": WRONG_PASS},
            }.items()}
        server = deployment.group.server_of(deployment.master_of())

        for title in ("password", "user"):
            told = wait_until(
                lambda title=title: all(node["up"] for node in report(agents[title])["nodes"])
                and report(agents[title]), 3, f"all nodes answer the agent with {title}")
            assert sorted(node["role"] for node in told["nodes"]) == ["master", "replica", "replica"]
            assert told["state"] == "ok"
        for title in ("wrong", "wrong user"):
            agent = agents[title]
            told = await_state(agent, "ok")
            assert (told["server"], told["open"]) == (server, True)
            assert not any(node["up"] for node in told["nodes"])
            # One line for each node, however often it was tried again.
            node = deployment.group.nodes[0]
            before = failed_logins(node)
            wait_until(lambda: failed_logins(node) > before + 1, 5, "it goes on trying")
            assert len(complaints(agent)) == 3
            for line in complaints(agent):
                assert "check redis.username and the password" in line, line
        for agent in agents.values():
            said = agent.log_text() + agent.get(f"/v1/masters/{NAME}")[1]
            assert not [secret for secret in (REDIS_PASS, USER_PASS, WRONG_PASS) if secret in said]


def complaints(agent):
    return [line for line in agent.log_text().splitlines() if "cannot be asked" in line]


def failed_logins(node):
    return sum(int(entry["count"]) for entry in node.client.acl_log() if entry["reason"] == "auth")


# --- isolated ------------------------------------------------------------------------------------

CLONE_NEWNET = 0x40000000
TCP = str(socket.IPPROTO_TCP)  # by number: /etc/protocols is not everywhere
PRIVATE = "127.0.0.2"  # where the agent and the clients reach the nodes; all else uses 127.0.0.1


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=5)


@contextlib.contextmanager
def own_network():
    """A network of its own, with nothing but a loopback, for the block and the processes it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"needs root to cut a network: {os.strerror(ctypes.get_errno())}")
        try:
            ip("link", "set", "lo", "up")
            # Rules of ours must come before the one that finds every local address.
            ip("rule", "add", "pref", "100", "lookup", "local")
            ip("rule", "del", "pref", "0")
            yield
        finally:
            assert libc.setns(home, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(home)


@contextlib.contextmanager
def cut_off(node):
    """Packets of `node`, to it and from it, vanish, but for those of its private address."""
    rules = ((("to", HOST, "ipproto", TCP, "dport", str(node.port)), "10"),
             (("from", HOST, "ipproto", TCP, "sport", str(node.port)), "11"))
    for rule, priority in rules:
        ip("rule", "add", "pref", priority, *rule, "blackhole")
    try:
        yield
    finally:
        for _, priority in rules:
            ip("rule", "del", "pref", priority)


class DirectWriter(Background):
    """A context in which one client of `node`, not of HAProxy, writes one key after another."""

    def __init__(self, node, host=HOST):
        super().__init__(self._run)
        self._client = redis.Redis(host, node.port, socket_timeout=3)
        self.accepted = 0

    def __enter__(self):
        super().__enter__()
        wait_until(lambda: self.accepted > 50, 5, "some writes")
        return self

    def _run(self):
        while not self._stopped.wait(0.005):
            self._client.set("written", self.accepted)
            self.accepted += 1


@pytest.mark.deadline(60)
def test_a_master_that_only_the_agent_still_reaches_is_isolated(capsys):
    with own_network(), Lab() as lab:
        # Long enough that isolation is seen before the Sentinels call the master down.
        deployment = start_deployment(lab, down_after_ms=3000)
        for node in deployment.group.nodes:
            node.client.config_set("bind", f"{HOST} {PRIVATE}")
        reachable = {node.address: f"{PRIVATE}:{node.port}" for node in deployment.group.nodes}
        refusing, keeping = (
            start_agent(lab, deployment, reachable=reachable, masters=probing(deployment, policy))
            for policy in ({"isolated": "refuse"}, {"isolated": "keep"}))
        master, server = master_and_server(deployment)
        with Story(refusing) as refused, Story(keeping) as kept, DirectWriter(master, PRIVATE) as writer:
            for story in (refused, kept):
                story.await_state("ok")
            with cut_off(master):
                begun, before = time.monotonic(), writer.accepted
                refused.await_state("isolated")
                took = time.monotonic() - begun
                kept.await_state("isolated")
                assert writer.accepted > before, "the scene was another: the master took no writes"
                assert not report(refusing)["open"]
                # The Sentinels take their time, and then replace it.
                await_switch(deployment, {"refusing": refusing, "keeping": keeping}, master)
        assert took < 2
        assert refused.servers_in("isolated") == {None}
        assert kept.servers_in("isolated") == {server}
    with capsys.disabled():
        print(f"\n\nisolated {1000 * took:.0f} ms after the cut")


@pytest.mark.deadline(60)
def test_a_master_that_stalls_is_not_isolated():
    """The counterpart: nothing moves while it is stopped, and then everything at once."""
    with Lab() as lab:
        deployment = start_deployment(lab, down_after_ms=4000)
        agent = start_agent(lab, deployment, masters=probing(deployment))
        master, server = master_and_server(deployment)
        with Story(agent) as story, DirectWriter(master):
            story.await_state("ok")
            for _ in range(3):
                master.freeze()
                story.await_state("silent")
                master.thaw()
                story.await_state("ok")
        assert {state for state, _ in story.told[1:]} == {"ok", "silent"}
        assert {said for _, said in story.told} == {server}
