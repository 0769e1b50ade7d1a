"""The agent's pages for Prometheus, health checks and people."""

import json
import re

import pytest

from lab import spop_client
from lab.agent import masters_of, start_agent
from lab.waiting import wait_until


def get_json(agent, path):
    status, text = agent.get(path)
    assert status == 200, text
    return json.loads(text)


def test_healthz_says_that_the_process_serves(agent):
    assert agent.get("/healthz")[0] == 200


def test_readyz_names_those_without_a_verdict_and_only_those(lab, deployment):
    (known,) = masters_of(deployment)
    agent = start_agent(
        lab, deployment, ready=False, masters=[known, known | {"name": "not-monitored"}])
    with spop_client.connect(agent.spop_address) as client:
        wait_until(lambda: client.ask("mymaster")["server"], 5, "the known name has a verdict")
    status, text = agent.get("/readyz")
    assert status == 503
    assert "not-monitored" in text
    assert "mymaster" not in text
    assert agent.get("/healthz")[0] == 200
    lab.end([agent])


def test_v1_masters_lists_the_sentinels_and_the_names(agent, deployment):
    page = get_json(agent, "/v1/masters")
    assert {sentinel["address"]: sentinel["up"] for sentinel in page["sentinels"]} == {
        sentinel.address: True for sentinel in deployment.sentinels}
    assert [master["name"] for master in page["masters"]] == ["mymaster"]


def test_v1_masters_name_tells_the_verdict_and_each_vote(agent, deployment):
    page = get_json(agent, "/v1/masters/mymaster")
    master = deployment.master_of()
    assert page["name"] == "mymaster"
    assert page["state"] == "ok"
    assert page["server"] == deployment.group.server_of(master)
    assert page["address"] == master.address
    assert (page["votes"], page["sentinels"]) == (3, 3)
    assert {(vote["sentinel"], vote["address"], vote["valid"]) for vote in page["ballots"]} == {
        (sentinel.address, master.address, True) for sentinel in deployment.sentinels}


@pytest.mark.parametrize("path", [
    "/nope", "/v1", "/v1/masters/", "/v1/masters/nobody", "/v1/masters/%2e%2e", "//", "/metrics/x"])
def test_what_is_not_there_is_404(agent, path):
    assert agent.get(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/metrics", "/v1/masters", "/healthz"])
def test_writing_is_405(agent, method, path):
    assert agent.get(path, method)[0] == 405


def test_head_is_get_without_the_body(agent):
    assert agent.get("/metrics", "HEAD") == (200, "")


def families(text):
    """family → (type, help, its sample lines); fails on a line that fits nowhere."""
    found, kinds, helps, name = {}, {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, helps[name] = line.split(" ", 3)
        elif line.startswith("# TYPE "):
            _, _, name, kinds[name] = line.split(" ", 3)
            found[name] = []
        else:
            match = re.fullmatch(r'([a-z_]+)(\{.*\})? (\S+)( \d+)?', line)
            assert match, line
            float(match[3].replace("Inf", "inf"))
            plain = re.sub(r"_(bucket|sum|count)$", "", match[1]) \
                if kinds[name] in ("histogram", "summary") else match[1]
            assert plain == name, line
            found[name].append(line)
    assert found.keys() == kinds.keys() == helps.keys()
    return {name: (kinds[name], helps[name], found[name]) for name in found}


def test_every_metric_has_its_help_its_type_and_our_prefix(agent):
    status, text = agent.get("/metrics")
    assert status == 200
    for name, (kind, words, samples) in families(text).items():
        assert name.startswith("sentinel_spoa_")
        assert kind in ("counter", "gauge", "histogram")
        assert words
        assert kind != "counter" or name.endswith("_total")
        assert len(samples) == len(set(samples))


def test_counters_are_there_at_zero_from_the_start(lab, deployment):
    agent = start_agent(lab, deployment, ready=False)
    metrics = agent.metrics()
    for state in ("ok", "degraded", "no-quorum", "conflict", "regress", "unknown-name"):
        sample = f'sentinel_spoa_verdicts_total{{master_name="mymaster",state="{state}"}}'
        assert metrics[sample] == 0
    assert metrics['sentinel_spoa_switches_total{master_name="mymaster"}'] == 0
    assert [value for name, value in metrics.items()
            if name.startswith("sentinel_spoa_spop_errors_total")]
    assert metrics["sentinel_spoa_spop_connections"] == 0
    lab.end([agent])


def test_the_metrics_follow_what_happens(agent, deployment):
    master = deployment.master_of()
    labels = {"master_name": "mymaster", "master_address": master.address,
              "server": deployment.group.server_of(master)}
    assert agent.metric("sentinel_spoa_master_info", **labels) == 1
    assert agent.metric("sentinel_spoa_master_state", state="ok") == 1
    assert agent.metric("sentinel_spoa_master_state") == 1
    assert agent.metric("sentinel_spoa_votes", master_name="mymaster") == 3
    assert agent.metric("sentinel_spoa_sentinels_configured") == 3
    assert agent.metric("sentinel_spoa_sentinel_up") == 3

    def counted():
        return [agent.metric("sentinel_spoa_verdicts_total", master_name="mymaster", state="ok"),
                agent.metric("sentinel_spoa_spop_frames_total", type="notify"),
                agent.metric("sentinel_spoa_verdict_duration_seconds_count")]

    with spop_client.connect(agent.spop_address) as client:
        before = counted()
        for _ in range(10):
            client.ask()
        assert [now - then for now, then in zip(counted(), before)] == [10, 10, 10]


def test_names_from_outside_never_become_a_label(agent):
    with spop_client.connect(agent.spop_address) as client:
        client.ask("a-name-from-outside")
    assert "a-name-from-outside" not in agent.get("/metrics")[1]
