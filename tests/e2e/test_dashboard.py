"""The Grafana dashboard and the alert rules, against a real Prometheus that scraped real agents through a failover."""

import json
import math
import re
import subprocess
import time

import pytest

from lab import resp
from lab.agent import ROOT, masters_of, start_agent
from lab.deployment import start_deployment
from lab.haproxy import start_haproxy
from lab.lab import Lab
from lab.prometheus import start_prometheus
from lab.waiting import wait_until
from lab.writer import Writer

pytestmark = pytest.mark.deadline(120)

NAME = "mymaster"
DASHBOARD = json.loads((ROOT / "monitoring/dashboard.json").read_text())
ALERTS = (ROOT / "monitoring/alerts.yml").read_text()
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# What Grafana puts into the place of its variables.
VARIABLES = {"$name": ".*", "$instance": ".*", "$__rate_interval": "5s"}


def filled(expression):
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression, expression
    return expression


@pytest.fixture(scope="module")
def course():
    """(Prometheus, when it began, agent, instance of the agent that was killed in the meantime): a failover under
    load was scraped, and one alert has fired and is over."""
    with Lab() as lab:
        deployment = start_deployment(lab)
        control = lab.subfolder("control") / "admin.sock"
        (master,) = masters_of(deployment)
        agent = start_agent(
            lab, deployment, masters=[master | {"redis": {}}],
            haproxy=[{"runtime_api": f"unix:{control}", "backends": {f"redis_{NAME}_nodes": NAME}}])
        other = start_agent(lab, deployment)
        haproxy = start_haproxy(lab, agent, control=control)
        begun = time.time()
        prometheus = start_prometheus(lab, [agent, other])
        wait_until(lambda: len(prometheus.now("up == 1")) == 2, 10, "both agents are scraped")
        other.kill()
        with Writer(haproxy.port, 50, patience=10) as writer:
            pool = [resp.Connection(haproxy.port) for _ in range(10)]
            wait_until(lambda: sum(value for _, value in prometheus.now("sentinel_spoa_server_sessions")) >= 10,
                       10, "the sessions are seen")
            old = deployment.master_of()
            killed = time.monotonic()
            old.kill()
            wait_until(lambda: writer.first_accepted_by_another(old, killed), 15, "another master takes writes")
            wait_until(lambda: prometheus.now("sentinel_spoa_switches_total == 1"), 10, "the switch is scraped")
            deployment.repair()
            wait_until(lambda: prometheus.alert("SentinelSpoaAgentDown") == "firing", 30,
                       "the agent's absence is told")
            fired = {labels["alertname"] for labels, _ in prometheus.now('ALERTS{alertstate="firing"}')}
            other.start()
            wait_until(lambda: prometheus.alert("SentinelSpoaAgentDown") is None, 10, "the alert is over")
        for session in pool:
            session.close()
        yield prometheus, begun, agent, fired


def test_the_alert_fired_and_is_over_and_no_other_did(course):
    prometheus, begun, _, fired = course
    assert fired == {"SentinelSpoaAgentDown"}
    all_fired = prometheus.over('ALERTS{alertstate="firing"}', begun, time.time())
    assert {labels["alertname"] for labels, _ in all_fired} == {"SentinelSpoaAgentDown"}
    assert prometheus.now('ALERTS{alertname="SentinelSpoaAgentDown"}') == []


def test_every_query_of_the_dashboard_returns_data(course, capsys):
    prometheus, begun, _, _ = course
    end = time.time()
    lines, empty = [], []
    for panel in PANELS:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            expression = filled(target["expr"])
            if target["instant"]:
                series = [(labels, [value]) for labels, value in prometheus.now(expression)]
            else:
                series = prometheus.over(expression, begun, end)
            told = [labels for labels, values in series if not all(map(math.isnan, values))]
            lines.append(f"{len(told):4}  {panel['title']}: {target['expr']}")
            if not told:
                empty.append(lines[-1])
    for annotation in DASHBOARD["annotations"]["list"]:
        told = prometheus.over(filled(annotation["expr"]), begun, end)
        lines.append(f"{len(told):4}  annotation {annotation['name']}: {annotation['expr']}")
        if not told:
            empty.append(lines[-1])
    with capsys.disabled():
        print(f"\n\n{len(lines)} queries, and the series that each returned\n" + "\n".join(lines))
    assert not empty, "\n".join(empty)


def test_the_variables_of_the_dashboard_have_values(course):
    prometheus, _, agent, _ = course
    queries = {variable["name"]: variable.get("definition") for variable in DASHBOARD["templating"]["list"]}
    assert queries.keys() == {"datasource", "name", "instance"}
    found = {}
    for name in ("name", "instance"):
        metric, label = re.fullmatch(r"label_values\((.+), (\w+)\)", queries[name]).groups()
        found[name] = prometheus.label_values(filled(metric), label)
    assert found["name"] == [NAME]
    assert f"127.0.0.1:{agent.http_port}" in found["instance"]


def test_the_metrics_are_as_promtool_wants_them(course):
    text = course[2].get("/metrics")[1]
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_alerts_are_about_metrics_that_there_are(course):
    told = course[2].get("/metrics")[1]
    documented = (ROOT / "docs/monitoring.md").read_text()
    for metric in set(re.findall(r"\bsentinel_spoa_\w+", ALERTS)):
        if "_twemproxy_" in metric:  # there only where a nutcracker follows
            assert f"`{metric.removeprefix('sentinel_spoa_')}{{" in documented, metric
        else:
            assert f"# TYPE {metric} " in told, metric


def test_each_alert_leads_to_its_section():
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/operations.md").read_text(), re.M)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    runbooks = re.findall(r"runbook: docs/operations\.md#(\S+)", ALERTS)
    assert len(runbooks) == ALERTS.count("- alert: ")
    assert set(runbooks) <= anchors
    assert len(set(runbooks)) == len(runbooks)


def test_the_dashboard_is_well_formed():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not taken & cells, panel["title"]
        taken |= cells
    for panel in PANELS:
        for holder in (panel, *panel["targets"]):
            assert holder["datasource"]["uid"] == "${datasource}", panel["title"]
