"""The rules of docs/security.md are enough for the agent, and enough for nothing else."""

import json
import re

import pytest
import redis

from lab import resp
from lab.agent import ROOT, masters_of, start_agent
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.nodes import HOST
from lab.observer import Observer
from lab.waiting import wait_until

NAME = "mymaster"
USER = "sentinel-spoa"
SECRET = "pass-of-the-rules-31e8"
REQUIREPASS = "pass-of-the-operator-ba47"
REDIS_PASS = "pass-of-the-nodes-6d05"


def rule_in_docs(section):
    """The words of the `user` line in this section of docs/security.md, after the password."""
    text = (ROOT / "docs/security.md").read_text()
    (body,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    (rule,) = re.findall(rf"^    user {USER} on >\S+ (.*)$", body, re.M)
    return rule.split()


@pytest.fixture(scope="module")
def guarded():
    """(lab, deployment) with passwords everywhere, and the user of the docs on all servers."""
    with Lab() as lab:
        user = " ".join(("user", USER, "on", f">{SECRET}", *rule_in_docs("Sentinel")))
        deployment = start_deployment(
            lab, sentinel_password=REQUIREPASS, sentinel_users=(user,), redis_password=REDIS_PASS)
        for node in deployment.group.nodes:
            node.client.execute_command(
                "ACL SETUSER", USER, "reset", "on", f">{SECRET}", *rule_in_docs("Redis"))
        yield lab, deployment


LOGIN = {"username": USER, "password": SECRET}


def probed_masters(deployment):
    return [master | {"redis": LOGIN} for master in masters_of(deployment)]


def report(agent):
    return json.loads(agent.get(f"/v1/masters/{NAME}")[1])


def allowed_to(server, *words):
    """Whether the user of the docs may say this to `server`."""
    with resp.Connection(server.port) as connection:
        connection.call("AUTH", USER, SECRET)
        try:
            connection.call(*words)
        except resp.ErrorReply as error:
            if str(error).startswith("NOPERM"):
                return False
            raise AssertionError(f"{words}: {error}") from error
        return True


@pytest.mark.deadline(60)
def test_the_agent_works_with_the_rules_and_follows_a_failover(guarded):
    lab, deployment = guarded
    agent = start_agent(lab, deployment, sentinels=LOGIN, masters=probed_masters(deployment))
    wait_until(lambda: all(node["up"] for node in report(agent)["nodes"]), 3, "all nodes are probed")
    assert report(agent)["state"] == "ok"
    assert len(report(agent)["nodes"]) == 3
    old = deployment.master_of()
    with Observer(deployment, agent) as observer:
        deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)
        majority = wait_until(lambda: observer.new_majority(old, 0), 15, "a new majority")
        verdict = wait_until(lambda: observer.verdict(majority.value, 0), 5, "the agent follows")
    # Sooner than the poll of every 500 ms: the events of its subscription came through as well.
    assert verdict.seen - majority.seen < 0.1
    assert "NOPERM" not in agent.log_text()
    deployment.repair()
    wait_until(lambda: report(agent)["state"] == "ok", 8, "all is well again")
    lab.end([agent])


@pytest.mark.parametrize("words", [
    ("SENTINEL", "FAILOVER", NAME),
    ("SENTINEL", "RESET", NAME),
    ("SENTINEL", "REMOVE", NAME),
    ("SENTINEL", "MONITOR", "another", HOST, "6379", "2"),
    ("SENTINEL", "SET", NAME, "quorum", "1"),
    ("SENTINEL", "CONFIG", "SET", "announce-ip", HOST),
    ("SENTINEL", "DEBUG", "PING-PERIOD", "1"),
    ("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", HOST, "6379", "0", "*"),
    ("PUBLISH", "__sentinel__:hello", "x"),
    ("SUBSCRIBE", "__sentinel__:hello"),
    ("PSUBSCRIBE", "*"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("ACL", "LIST"),
    ("SHUTDOWN",),
], ids=" ".join)
def test_a_sentinel_refuses_its_user_everything_else(words, guarded):
    _, deployment = guarded
    sentinel = deployment.sentinels[0]
    assert not allowed_to(sentinel, *words)
    assert allowed_to(sentinel, "SENTINEL", "MASTER", NAME)  # the refusal was not for the login
    assert allowed_to(sentinel, "SUBSCRIBE", "+switch-master", "-sdown")


@pytest.mark.parametrize("words", [
    ("GET", "key"), ("SET", "key", "value"), ("DEL", "key"), ("KEYS", "*"), ("FLUSHALL",),
    ("CONFIG", "GET", "*"), ("REPLICAOF", "NO", "ONE"), ("PUBLISH", "__sentinel__:hello", "x"),
    ("SUBSCRIBE", "__sentinel__:hello"), ("CLIENT", "KILL", "TYPE", "normal"), ("MONITOR",),
    ("EVAL", "return 1", "0"), ("ACL", "LIST"), ("SHUTDOWN", "NOSAVE"),
], ids=" ".join)
def test_a_node_refuses_its_user_everything_else(words, guarded):
    _, deployment = guarded
    node = deployment.group.nodes[0]
    assert not allowed_to(node, *words)
    assert allowed_to(node, "ROLE") and allowed_to(node, "INFO")


NEEDED = ("+subscribe", "+sentinel|master", "+sentinel|get-master-addr-by-name", "&+*")
USEFUL = ("+ping", "+info", "+sentinel|myid", "+sentinel|ckquorum", "+sentinel|replicas")


def agents_without(permissions, lab, deployment):
    """Started agents by permission, each with the user of the docs but for this one permission."""
    rule = rule_in_docs("Sentinel")
    agents = {}
    for permission in permissions:
        poorer = [word for word in rule if word != permission]
        assert len(poorer) == len(rule) - 1, f"{permission} is not in the rule"
        user = f"without-{''.join(filter(str.isalnum, permission))}"
        for sentinel in deployment.sentinels:
            sentinel.client.execute_command(
                "ACL SETUSER", user, "reset", "on", f">{SECRET}", *poorer)
        agents[permission] = start_agent(
            lab, deployment, ready=False, sentinels={"username": user, "password": SECRET})
    return agents


@pytest.mark.deadline(60)
def test_without_a_needed_permission_there_is_no_vote_and_the_log_says_so(guarded):
    lab, deployment = guarded
    agents = agents_without(NEEDED, lab, deployment)
    for permission, agent in agents.items():
        wait_until(
            lambda agent=agent: complaints(agent) == 3, 5,
            f"without {permission} each Sentinel is complained of once")
        assert agent.get("/readyz")[0] == 503, permission
    lab.end(list(agents.values()))


def complaints(agent):
    """Lines about one Sentinel; another one sums them up a moment after the start."""
    return sum(line.split()[2] == "sentinel" and "docs/security.md" in line
               for line in agent.log_text().splitlines())


@pytest.mark.deadline(60)
def test_without_a_useful_permission_there_is_a_vote_all_the_same(guarded):
    lab, deployment = guarded
    agents = agents_without(USEFUL, lab, deployment)
    for permission, agent in agents.items():
        agent.await_status("/readyz", 200, within=5)
        wait_until(
            lambda agent=agent: report(agent)["state"] == "ok", 5, f"ok without {permission}")
    lab.end(list(agents.values()))


def test_the_rules_let_in_nobody_without_the_password(guarded):
    _, deployment = guarded
    for server in (deployment.sentinels[0], deployment.group.nodes[0]):
        with pytest.raises(redis.exceptions.AuthenticationError):
            redis.Redis(HOST, server.port, socket_timeout=2).ping()
