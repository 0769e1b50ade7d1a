"""Trouble that needs an operator is told, in time and in words that name what is wrong."""

import datetime
import math
import re
import time

import pytest

from lab import resp, spop_client
from lab.agent import make_agent, masters_of, sentinels_of, start_agent
from lab.haproxy import HAProxy
from lab.lab import Lab
from lab.deployment import start_deployment
from lab.waiting import wait_until

NAME = "mymaster"
# HAProxy answers within milliseconds of the start, mostly before anybody else: with so many it does once.
STARTS = 6


@pytest.fixture
def start(lab, shared_deployment):
    """Starts agents of the deployment, which end with the test."""
    agents = []

    def start(ready=True, **config):
        agents.append(start_agent(lab, shared_deployment, ready, **config))
        return agents[-1]

    yield start
    lab.end(agents)


def warnings(agent):
    return agent.master(NAME)["warnings"]


def lines_with(agent, *words):
    return [line for line in agent.log_text().splitlines() if all(word in line for word in words)]


def moment_of(line):
    return datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))


def other_than_master(deployment):
    master = deployment.master_of()
    return next(node for node in deployment.group.nodes if node is not master)


# A replica that `servers:` lacks


@pytest.mark.parametrize("reads", (False, True))
def test_a_replica_without_a_server_is_told_of_before_it_is_master(start, deployment, reads):
    (master,) = masters_of(deployment)
    odd = other_than_master(deployment)
    del master["servers"][deployment.group.server_of(odd)]
    if reads:
        master |= {"redis": {}, "replicas": {}}
    agent = start(masters=[master])
    (warning,) = wait_until(
        lambda: [each for each in warnings(agent) if "may promote" in each], 3, "the warning")
    assert odd.address in warning and "servers:" in warning
    assert agent.master(NAME)["state"] == "ok"
    assert agent.metric("sentinel_spoa_unmapped_replicas", master_name=NAME) == 1
    (line,) = lines_with(agent, "may promote", odd.address)
    assert " warning " in line
    # One that can never be promoted needs no server.
    odd.set_priority(0)
    try:
        wait_until(lambda: not [each for each in warnings(agent) if "may promote" in each], 15,
                   "the warning is over")
        assert agent.metric("sentinel_spoa_unmapped_replicas", master_name=NAME) == 0
    finally:
        odd.set_priority(100)


def test_where_all_have_a_server_nothing_is_told(start, deployment):
    agent = start()
    assert not warnings(agent)
    assert agent.metric("sentinel_spoa_unmapped_replicas", master_name=NAME) == 0


def test_a_sentinel_that_may_not_tell_of_replicas_is_one_line_of_information():
    with Lab() as lab:
        deployment = start_deployment(lab, sentinel_users=(
            "user agent on >secret -@all +ping +subscribe +info +sentinel|get-master-addr-by-name"
            " +sentinel|master +sentinel|myid +sentinel|ckquorum resetchannels &+* &-*",))
        agent = start_agent(lab, deployment, sentinels={"username": "agent", "password": "secret"})
        wait_until(lambda: len(lines_with(agent, "does not tell which replicas")) == 3, 5, "a line each")
        assert not lines_with(agent, " warning ")
        assert agent.master(NAME)["state"] == "ok"


# Names and Sentinels that are not what they were taken for


def test_a_name_that_differs_in_its_capitals_is_told_with_the_right_one(start, deployment):
    (master,) = masters_of(deployment)
    agent = start(ready=False, masters=[master | {"name": "MYmaster"}])
    wait_until(lambda: lines_with(agent, "unknown-name"), 5, "the state in the log")
    (line,) = lines_with(agent, "unknown-name")
    assert " error " in line
    assert "do not monitor the name 'MYmaster'; they monitor 'mymaster'" in line
    assert "they monitor 'mymaster'" in agent.master("MYmaster")["reason"]


def test_a_sentinel_that_is_listed_twice_is_told_as_such(start, deployment):
    first, second, _ = deployment.sentinels
    by_name = f"localhost:{first.port}"
    agent = start(sentinels={"addresses": [first.address, second.address, by_name]})
    wait_until(lambda: agent.master(NAME)["state"] == "degraded" and
               "the same Sentinel" in agent.master(NAME)["reason"], 5, "the reason")
    told = agent.master(NAME)
    assert told["reason"] == f"{first.address} and {by_name} are the same Sentinel, and its vote counts once"
    assert [ballot["valid"] for ballot in told["ballots"]] == [True, True, False]
    (line,) = lines_with(agent, "are the same Sentinel", "list it once")
    assert " warning " in line
    assert "are the same Sentinel" in agent.status().stdout


# Nodes that refuse INFO


def test_a_node_that_refuses_info_is_probed_all_the_same_and_warned_of(start, deployment):
    (master,) = masters_of(deployment)
    for node in deployment.group.nodes:
        node.client.execute_command("ACL", "SETUSER", "agent", "on", ">secret", "resetkeys", "-@all", "+role", "+ping")
    try:
        agent = start(masters=[master | {"redis": {"username": "agent", "password": "secret"}}])
        wait_until(lambda: all(node["up"] for node in agent.master(NAME)["nodes"]), 5, "all are probed")
        assert sum("does not answer INFO" in each for each in warnings(agent)) == 3
        assert len(lines_with(agent, " warning ", "does not answer INFO")) == 3
        # The probe sees what it is for.
        deployment.master_of().freeze()
        wait_until(lambda: agent.master(NAME)["state"] in ("silent", "odown"), 3, "silent")
    finally:
        for node in deployment.group.nodes:
            if not node._stands_still():
                continue
            node.thaw()
        deployment.repair()
        for node in deployment.group.nodes:
            node.client.execute_command("ACL", "DELUSER", "agent")


# The start


def test_an_agent_that_hears_no_sentinel_says_so_within_a_second(lab, start, deployment):
    for sentinel in deployment.sentinels:
        sentinel.kill()
    agent = start(ready=False)
    (line,) = wait_until(lambda: lines_with(agent, "no master is known yet"), 5, "the line")
    first = agent.log_text().splitlines()[0]
    assert (moment_of(line) - moment_of(first)).total_seconds() < 1
    assert " error " in line and NAME in line
    assert "none of 3 Sentinels answers" in line
    assert deployment.sentinels[0].address in line and "Connection refused" in line
    deployment.repair()
    agent.await_status("/readyz", 200)
    assert len(lines_with(agent, "no master is known yet")) == 1


def test_a_start_in_health_says_nothing_of_the_kind(start, deployment):
    agent = start()
    time.sleep(1)  # the line would be there: there is nothing else to wait for
    assert not lines_with(agent, "no master is known yet")


def test_haproxy_that_answers_first_finds_the_servers_for_reads(lab, start, deployment):
    (master,) = masters_of(deployment)
    master |= {"redis": {}, "replicas": {}}
    model = start(masters=[master])
    control = lab.subfolder("control") / "admin.sock"
    haproxy = lab.add(HAProxy(lab, model, "use-server", control=control))
    haproxy.start()
    writes, reads = re.findall(r"^backend (redis_\S+)", haproxy.file.read_text(), re.M)
    for _ in range(STARTS):
        agent = start(ready=False, masters=[master], haproxy=[
            {"runtime_api": f"unix:{control}", "backends": {writes: NAME}, "read_backends": {reads: NAME}}])
        wait_until(lambda: f'backend="{reads}"' in agent.get("/metrics")[1], 5, "HAProxy has answered")
        assert not lines_with(agent, "has no server that")
    lab.end([haproxy])


def test_a_missing_master_cli_is_told_with_the_option_that_makes_it(start, deployment):
    agent = start(ready=False, haproxy=[
        {"runtime_api": "unix:/nowhere/admin.sock", "master_cli": "unix:/nowhere/master.sock",
         "backends": {"redis_mymaster_nodes": NAME}}])
    wait_until(lambda: len(lines_with(agent, "nobody listens there")) == 2, 5, "both sockets")
    (line,) = lines_with(agent, "haproxy unix:/nowhere/master.sock")
    assert "`-S /nowhere/master.sock`" in line and "stats socket" not in line


# Failovers


def test_sentinels_that_die_are_no_failover(start, deployment):
    agent = start(masters=[masters_of(deployment)[0] | {"redis": {}}])
    for sentinel in deployment.sentinels[:2]:
        sentinel.kill()
    wait_until(lambda: agent.master(NAME)["state"] == "no-quorum", 5, "no-quorum")
    deployment.sentinels[2].kill()
    wait_until(lambda: agent.master(NAME)["reason"].startswith("none of 3 Sentinels answers"), 5, "none")
    assert agent.master(NAME)["failovers"] == []
    assert "in doubt" not in agent.get("/")[1]


@pytest.mark.deadline(60)
def test_a_new_master_that_was_behind_is_told_of_with_its_bytes(start, deployment):
    """The replicas stand still while the master writes more than what lies in the buffers of their sockets."""
    agent = start(masters=[masters_of(deployment)[0] | {"redis": {}}])
    assert math.isnan(agent.metric("sentinel_spoa_failover_lag_bytes", master_name=NAME))
    master = deployment.master_of()
    replicas = [node for node in deployment.group.nodes if node is not master]
    for node in replicas:
        node.freeze()
    with resp.Connection(master.port) as connection:
        for number in range(64):
            assert connection.call("SET", f"told:{number}", "x" * 1_000_000) == "OK"
    written = int(master.client.info("replication")["master_repl_offset"])
    wait_until(lambda: max(node.get("offset", 0) for node in agent.master(NAME)["nodes"]) >= written,
               3, "the agent has seen what was written")
    master.kill()
    for node in replicas:
        node.thaw()
    wait_until(lambda: agent.master(NAME)["failovers"] and agent.master(NAME)["failovers"][0]["to"],
               30, "the failover")
    with spop_client.connect(agent.spop_address) as client:  # the first session, which ends its course
        client.ask(NAME)
    wait_until(lambda: agent.master(NAME)["failovers"][0]["ended"], 5, "the failover is over")
    (failover, *_) = agent.master(NAME)["failovers"]
    new = deployment.master_of()
    assert failover["to_address"] == new.address
    taken = int(new.client.info("replication")["second_repl_offset"]) - 1
    lost = written - taken
    assert lost > 1_000_000, "the replicas had it all: the test has shown nothing"
    # The Sentinels' greetings go through the stream as well.
    assert abs(failover["lag_bytes"] - lost) < 20_000
    assert failover["lag_ms"] is not None
    assert agent.metric("sentinel_spoa_failover_lag_bytes", master_name=NAME) == failover["lag_bytes"]
    (line,) = lines_with(agent, ": failover from ")
    assert " warning " in line and f"which lacks {failover['lag_bytes']} bytes at least" in line


@pytest.mark.deadline(60)
def test_a_planned_failover_loses_nothing_and_says_so(start, deployment):
    probed = start(masters=[masters_of(deployment)[0] | {"redis": {}}])
    blind = start()
    deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)
    for agent in (probed, blind):
        wait_until(lambda: agent.master(NAME)["failovers"] and agent.master(NAME)["failovers"][0]["to"],
                   20, "the failover")
    assert blind.master(NAME)["failovers"][0]["lag_bytes"] is None
    wait_until(lambda: probed.master(NAME)["failovers"][0]["lag_bytes"] == 0, 5, "nothing was lacking")
