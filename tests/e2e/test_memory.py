"""The state file: what the agent knows again after a restart, and what it makes of a damaged one."""

import json
import random
import stat
import time

import pytest

from lab import spop_client
from lab.agent import make_agent, masters_of, run, start_agent
from lab.waiting import wait_until

NAME = "mymaster"


@pytest.fixture
def make(lab, shared_deployment):
    """Makes agents with a state file beside their configuration, not started."""
    agents = []

    def make(policy=None):
        (master,) = masters_of(shared_deployment)
        agent = make_agent(
            lab, shared_deployment, masters=[master | ({"policy": policy} if policy else {})],
            state_file="state.json")
        agents.append(agent)
        return agent

    yield make
    lab.end(agents)


def state_file(agent):
    return agent.folder / "state.json"


def remembered(agent):
    """What is in the file, by name; nothing without a file."""
    try:
        content = json.loads(state_file(agent).read_text())
    except FileNotFoundError:
        return {}
    assert content["version"] == 1
    return {master["name"]: master for master in content["masters"]}


def await_memory(agent, address, within=3):
    wait_until(
        lambda: remembered(agent).get(NAME, {}).get("address") == address, within,
        f"{address} is in the state file")


def ask(agent):
    with spop_client.connect(agent.spop_address) as client:
        return client.ask(NAME)


def fail_over(deployment):
    """Moves the master; returns the new one when a majority names it."""
    old = deployment.master_of()
    deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)
    return wait_until(
        lambda: (now := deployment.master_of()) is not old and now, 15, "a failover")


@pytest.mark.deadline(60)
def test_an_agent_restarted_without_any_sentinel_asks_first_and_then_holds_what_it_knew(
        make, deployment):
    agents = {choice: make({"no_quorum": choice}) for choice in ("hold", "refuse")}
    master = deployment.master_of()
    server = deployment.group.server_of(master)
    for agent in agents.values():
        agent.start()
        await_memory(agent, master.address)
    for process in (*agents.values(), *deployment.sentinels):
        process.kill()

    begun = time.monotonic()
    for agent in agents.values():
        agent.start(ready=False)
    served = time.monotonic()
    for agent in agents.values():
        first = ask(agent)
        assert (first["state"], first["server"]) == ("stale", None)
        assert first["reason"]
    wait_until(lambda: ask(agents["hold"])["server"], 5, "the master is held")
    assert time.monotonic() - begun >= 1.9, "held before the Sentinels had their two seconds"
    assert time.monotonic() - served <= 3
    held = ask(agents["hold"])
    assert (held["server"], held["port"], held["state"]) == (server, master.port, "no-quorum")
    assert ask(agents["refuse"])["server"] is None
    # Nobody has answered for so long that it is called by another name, and held on.
    wait_until(lambda: ask(agents["hold"])["state"] == "stale", 6, "stale")
    assert ask(agents["hold"])["server"] == server

    deployment.repair()
    for agent in agents.values():
        wait_until(lambda agent=agent: ask(agent)["state"] == "ok", 15, "ok")
        assert ask(agent)["server"] == server


@pytest.mark.deadline(60)
def test_a_restart_does_not_forget_the_epoch_and_so_is_not_led_back(make, lab, deployment):
    files = {sentinel: sentinel.config.read_text() for sentinel in deployment.sentinels}
    old = deployment.master_of()
    agent, forgetful = make(), start_agent(lab, deployment)
    agent.start()
    new = fail_over(deployment)
    deployment.repair()
    await_memory(agent, new.address)
    for process in (agent, forgetful, *deployment.sentinels):
        process.kill()

    # A deployment restored whole from old files.
    for sentinel, file in files.items():
        sentinel.config.write_text(file)
        sentinel.start()
    wait_until(
        lambda: all(sentinel.names(NAME) == old.port for sentinel in files), 5,
        "all Sentinels name the old master")
    deployment.hasten(deployment.sentinels)
    agent.start(ready=False)
    forgetful.start(ready=False)
    told = []
    wait_until(
        lambda: told.append((now := ask(agent))["server"]) or now["state"] == "regress", 5, "regress")
    told += [ask(agent)["server"] for _ in range(20)]
    assert deployment.group.server_of(old) not in told
    assert told[-1] == deployment.group.server_of(new), "it is held"
    wait_until(
        lambda: ask(forgetful)["server"] == deployment.group.server_of(old), 5,
        "the agent without a state file knows no better: this is what the file is for")
    lab.end([forgetful])
    old.client.replicaof("NO", "ONE")  # as the Sentinels have it now


@pytest.mark.parametrize("content", [
    b"", b"{", b"\x00" * 100, b"null", b"[]", b'{"version": 2, "masters": []}',
    b'{"version": 1}', b'{"version": 1, "masters": [{}]}',
    b'{"version": 1, "masters": [{"name": "mymaster", "address": "nowhere", "epoch": 1}]}',
    b'{"version": 1, "masters": [{"name": "mymaster", "address": "127.0.0.1:6379", "epoch": -1}]}',
    b'{"version": 1, "masters": [{"name": "mymaster", "address": "127.0.0.1:6379", "epoch": "x"}]}',
    None,
], ids=["empty", "cut off", "zeros", "null", "list", "other version", "no masters",
        "no keys", "bad address", "negative epoch", "epoch is text", "folder"])
def test_a_damaged_state_file_is_one_sentence_and_exit_1(content, make):
    agent = make()
    if content is None:
        state_file(agent).mkdir()
    else:
        state_file(agent).write_bytes(content)
    result = run("-f", agent.file, within=5)
    assert result.returncode == 1
    (line,) = (result.stdout + result.stderr).splitlines()
    assert state_file(agent).name in line
    assert "move it away" in line or content is None and "name a file" in line
    if content is not None:
        assert state_file(agent).read_bytes() == content, "it is kept for whoever looks into it"


def test_names_in_the_file_that_are_no_longer_configured_do_no_harm(make, deployment):
    agent = make()
    state_file(agent).write_text(json.dumps({"version": 1, "masters": [
        {"name": "retired", "address": "127.0.0.1:6379", "epoch": 7}]}))
    agent.start()
    await_memory(agent, deployment.master_of().address)


FAILOVERS = 6
LATEST_KILL = 0.004  # seconds after the verdict


@pytest.mark.deadline(90)
def test_the_file_is_whole_and_private_whenever_the_agent_is_killed(make, deployment):
    agent = make()
    random.seed(1)
    agent.start()
    await_memory(agent, deployment.master_of().address)
    for _ in range(FAILOVERS):
        before = remembered(agent)[NAME]
        old = deployment.master_of()
        with spop_client.connect(agent.spop_address) as client:
            deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)
            wait_until(
                lambda: client.ask(NAME)["server"] not in (None, deployment.group.server_of(old)),
                15, "the verdict follows", every=0.001)
        pause_until = time.monotonic() + random.uniform(0, LATEST_KILL)
        wait_until(lambda: time.monotonic() >= pause_until, 1, "the moment", every=0)
        agent.kill()

        new = deployment.master_of()
        assert stat.S_IMODE(state_file(agent).stat().st_mode) == 0o600
        after = remembered(agent)[NAME]  # raises when it is not whole
        assert after == before or (
            after["address"] == new.address and after["epoch"] > before["epoch"]), after
        agent.start()
        assert ask(agent)["server"] == deployment.group.server_of(new)
        await_memory(agent, new.address)
        deployment.repair()
