"""The log: one line an event, for people or machines, and never a secret, there or anywhere else."""

import json
import os
import re

import pytest

from lab.agent import make_agent, masters_of, run, start_agent
from lab.deployment import start_deployment
from lab.events import EventReader
from lab.haproxy import start_haproxy
from lab.lab import Lab
from lab.waiting import wait_until
from lab.writer import Writer

NAME = "mymaster"
SECRETS = {
    "sentinel": "secret-of-the-sentinels-7d1f",
    "redis": "secret-of-the-nodes-90ab",
    "wrong": "secret-that-is-wrong-55c2",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def objects_in(agent):
    return [json.loads(line) for line in agent.log_text().splitlines()]


def test_a_log_in_json_has_one_object_a_line_with_stable_keys(lab, deployment):
    (master,) = masters_of(deployment)
    agent = start_agent(
        lab, deployment, masters=[master | {"redis": {}}], log={"format": "json"})
    deployment.master_of().kill()
    wait_until(lambda: agent.metric("sentinel_spoa_switches_total") == 1, 20, "the master moved")
    assert agent.terminate() == 0
    lines = objects_in(agent)
    for line in lines:
        assert list(line)[:3] == ["time", "level", "message"]
        assert TIME.fullmatch(line["time"])
        assert line["level"] in ("info", "warning", "error")
        assert all(isinstance(value, str) and value for value in line.values())
    changes = [line for line in lines if "traffic" in line]
    for change in changes:
        assert change.keys() - {"reason", "took"} == {
            "time", "level", "message", "name", "state", "traffic", "epoch", "votes"}
        state = change["state"].rpartition("->")[2]
        assert "reason" in change or state == "ok", "a change carries its reason"
    assert [line for line in changes if line["traffic"] == "refused" and line["level"] == "error"]
    lab.end([agent])


@pytest.mark.deadline(60)
def test_trouble_that_comes_and_goes_is_told_a_few_times_and_then_counted(lab, deployment):
    agent = start_agent(lab, deployment)
    sentinel = deployment.sentinels[2]
    down = f"sentinel {sentinel.address}: no vote from it"

    for _ in range(9):
        wait_until(lambda: sentinel.client.client_list(_type="pubsub"), 5, "the agent listens")
        sentinel.client.client_kill_filter(_type="pubsub")
    wait_until(lambda: re.search(rf"{re.escape(down)}: repeated \d+ times", agent.log_text()), 15,
               "what was held back is told")
    text = agent.log_text()
    told = sum(down in line and "repeated" not in line for line in text.splitlines())
    held = int(re.search(rf"{re.escape(down)}: repeated (\d+) times", text)[1])
    assert 5 <= told < told + held
    lab.end([agent])


@pytest.mark.deadline(90)
def test_no_password_is_ever_written_or_served():
    with Lab() as lab:
        deployment = start_deployment(
            lab, sentinel_password=SECRETS["sentinel"], redis_password=SECRETS["redis"])
        control = lab.subfolder("secrets") / "admin.sock"
        (master,) = masters_of(deployment)
        probed = master | {"redis": {"password": "${NODE_PASSWORD}"}}
        outputs = []

        def agent_with(sentinel_password, **config):
            return make_agent(
                lab, deployment, sentinels={"password": sentinel_password}, log={"level": "debug"},
                masters=[probed], **config)

        environment = os.environ | {"NODE_PASSWORD": SECRETS["redis"]}
        agent = agent_with(
            SECRETS["sentinel"], haproxy=[{"runtime_api": f"unix:{control}",
                                           "backends": {f"redis_{NAME}_nodes": NAME}}])
        agent.start(environment=environment)
        os.environ["NODE_PASSWORD"] = SECRETS["redis"]  # for haproxy-config, which reads the file too
        haproxy = start_haproxy(lab, agent, control=control)
        refused = agent_with(SECRETS["wrong"])
        refused.start(ready=False, environment=environment | {"NODE_PASSWORD": SECRETS["wrong"]})

        with EventReader(agent) as reader, \
                Writer(haproxy.port, 50, password=SECRETS["redis"]):
            deployment.master_of().kill()
            reader.failover()
        wait_until(lambda: "no vote from it" in refused.log_text(), 5, "it is refused")
        outputs.append(json.dumps([event for _, event in reader.lines]))
        for one in (agent, refused):
            index = one.get("/")[1]
            outputs += [index, *(one.get(path)[1] for path in (
                "/healthz", "/readyz", "/metrics", "/v1/masters", f"/v1/masters/{NAME}",
                f"/v1/primary/{NAME}/R1", f"/v1/primary/{NAME}/R2"))]
            outputs += [str(run(*command)) for command in (
                ("status", "--url", one.url), ("status", "--url", one.url, "--json"),
                ("explain", NAME, "--url", one.url), ("explain", NAME, "--url", one.url, "--json"),
                ("-c", "-f", one.file))]
        assert agent.terminate() == refused.terminate() == 0
        outputs += [agent.log_text(), refused.log_text(), haproxy.log_text()]
        outputs += [path.read_text(errors="replace") for path in haproxy.folder.iterdir()
                    if path.is_file()]
        del os.environ["NODE_PASSWORD"]

        text = "\n".join(outputs)
        for whose, secret in SECRETS.items():
            assert secret not in text, f"the {whose} password is in: " + next(
                output for output in outputs if secret in output)[:300]
