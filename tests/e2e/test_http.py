"""The agent's pages for Prometheus, health checks and people."""

import csv
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import urllib.request

import pytest

from lab import spop_client
from lab.agent import ROOT, make_agent, masters_of, run, start_agent
from lab.haproxy import BINARY as HAPROXY
from lab.nodes import HOST
from lab.process import Process
from lab.waiting import wait_until


def ask(agent, path, method="GET"):
    """The response to one request, to be read."""
    connection = http.client.HTTPConnection(HOST, agent.http_port, timeout=2)
    connection.request(method, path, headers={"Connection": "close"})
    return connection.getresponse()


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
    (line,) = text.splitlines()  # its reason may tell of the other one: that is what they do monitor
    assert line.startswith("not-monitored")
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


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"])
@pytest.mark.parametrize("path", ["/metrics", "/v1/masters", "/healthz", "/v1/events"])
def test_writing_is_405_and_says_what_may_be_done(agent, method, path):
    response = ask(agent, path, method)
    assert (response.status, response.getheader("Allow")) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/", "/metrics", "/v1/masters", "/v1/masters/mymaster", "/readyz"])
def test_head_is_get_without_the_body(agent, path):
    assert agent.get(path, "HEAD") == (200, "")


@pytest.mark.parametrize("path", ["/", "/metrics", "/v1/masters", "/v1/events", "/healthz"])
def test_options_says_what_may_be_done(agent, path):
    response = ask(agent, path, "OPTIONS")
    assert (response.status, response.getheader("Allow"), response.read()) == (
        200, "GET, HEAD, OPTIONS", b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_the_primary_is_the_server_that_may_be_used_and_no_other(agent, deployment, method):
    master = deployment.group.server_of(deployment.master_of())
    assert {server: agent.get(f"/v1/primary/mymaster/{server}", method)[0]
            for server in deployment.group.servers} == {
                server: 200 if server == master else 503 for server in deployment.group.servers}


def test_the_primary_says_why_not(agent, deployment):
    master, *others = sorted(
        deployment.group.servers, key=lambda each: each != deployment.group.server_of(
            deployment.master_of()))
    assert agent.get(f"/v1/primary/mymaster/{others[0]}") == (503, f"{master} is the master: ok\n")
    for path in ("/v1/primary/nobody/R1", "/v1/primary/mymaster/R9", "/v1/primary/mymaster",
                 "/v1/primary/mymaster/R1/", "/v1/primary/"):
        assert agent.get(path)[0] == 404


def test_no_server_is_the_primary_of_a_name_without_a_verdict(lab, deployment):
    (known,) = masters_of(deployment)
    agent = start_agent(
        lab, deployment, ready=False, masters=[known | {"name": "not-monitored"}])
    wait_until(lambda: agent.master("not-monitored")["state"] == "unknown-name", 5, "it is unknown")
    for server in deployment.group.servers:
        status, words = agent.get(f"/v1/primary/not-monitored/{server}")
        assert status == 503
        assert words.startswith("no server is the master: unknown-name, ")
    lab.end([agent])


def test_haproxy_checks_the_primary_with_its_own_health_check(lab, agent, deployment):
    """`option httpchk` as in docs/monitoring.md, in a HAProxy that knows nothing else."""
    host, port = agent.url.removeprefix("http://").split(":")
    front, folder = lab.ports.take(), lab.subfolder("httpchk")
    checks = "".join(
        f"backend b_{server}\n    option httpchk GET /v1/primary/mymaster/{server}\n"
        f"    server s {node.host}:{node.port} check addr {host} port {port} inter 100 rise 1 fall 1\n"
        for server, node in deployment.group.servers.items())
    file = folder / "haproxy.cfg"
    file.write_text(
        "defaults\n    mode tcp\n    timeout connect 1s\n    timeout client 5s\n    timeout server 5s\n"
        f"frontend f\n    mode http\n    bind 127.0.0.1:{front}\n    stats enable\n    stats uri /\n{checks}")
    haproxy = lab.add(Process("haproxy-httpchk", folder))
    haproxy.launch(HAPROXY, "-db", "-f", file)

    def up():
        haproxy.must_be_alive()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{front}/;csv", timeout=2) as answer:
                rows = list(csv.DictReader(answer.read().decode().removeprefix("# ").splitlines()))
        except OSError:
            return None
        return {row["pxname"].removeprefix("b_") for row in rows
                if row["svname"] == "s" and row["status"] == "UP"}

    master = deployment.group.server_of(deployment.master_of())
    wait_until(lambda: up() == {master}, 5, lambda: f"only {master} is up, not {up()}")
    lab.end([haproxy])


def test_keep_alive_pipelines_and_the_unix_socket(lab, deployment):
    path = str(lab.subfolder("http") / "http.sock")
    agent = make_agent(lab, deployment)
    agent.config["http"]["listen"] = [agent.config["http"]["listen"], f"unix:{path}"]
    agent.write_config()
    agent.start()
    for address in (path, (HOST, agent.http_port)):
        with socket.socket(socket.AF_UNIX if address == path else socket.AF_INET) as client:
            client.settimeout(5)
            client.connect(address)
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3 +
                           b"GET http://localhost/healthz?x HTTP/1.1\r\nHost: localhost\r\n\r\n"
                           b"GET /nope HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            text = b""
            while chunk := client.recv(65536):
                text += chunk
        assert text.count(b"HTTP/1.1 200 OK") == 4
        assert text.count(b"HTTP/1.1 404 ") == 1
    status = run("status", "--url", f"unix:{path}")
    assert status.returncode == 0, status.stderr
    lab.end([agent])


def exchange(address, request):
    """All that is answered to `request` at (host, port) or a UNIX path, to the end of the connection."""
    family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
    with socket.socket(family) as client:
        client.settimeout(5)
        client.connect(address)
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        text = b""
        while chunk := client.recv(65536):
            text += chunk
    return text.decode()


def test_a_page_of_another_host_reads_nothing(lab, deployment):
    """DNS rebinding: the name of a stranger's page is made to lead here."""
    path = str(lab.subfolder("http") / "http.sock")
    agent = make_agent(lab, deployment)
    agent.config["http"]["listen"] = [agent.config["http"]["listen"], f"unix:{path}"]
    agent.write_config()
    agent.start()
    tcp = (HOST, agent.http_port)

    def served(address, host, target="/v1/masters"):
        answer = exchange(address, f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = answer.split()[1]
        assert status in ("200", "421"), answer
        assert (status == "200") == ("mymaster" in answer)
        return status == "200"

    for host in ("localhost", f"localhost:{agent.http_port}", HOST, "[::1]:9005"):
        assert served(tcp, host)
    for host in ("evil.example", f"evil.example:{agent.http_port}", "192.0.2.1", "agent1.example"):
        assert not served(tcp, host)
        assert served(path, host)
    assert not served(tcp, "localhost", "http://evil.example/v1/masters")
    assert "http.hosts" in exchange(tcp, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")

    agent.config["http"]["hosts"] = ["Agent1.example"]
    agent.write_config()
    agent.signal(signal.SIGHUP)
    wait_until(lambda: served(tcp, "agent1.example:9005"), 5, "the new name is served")
    assert not served(tcp, "evil.example")
    lab.end([agent])


@pytest.mark.parametrize("coding, status", [
    ("xchunked", "501"), ("identity", "501"), ("gzip, chunked", "501"), ("chunked", "501"), ("chunked\r\nContent-Length: 3", "400")])
def test_a_body_in_a_coding_that_is_not_known_is_no_next_request(agent, coding, status):
    answer = exchange((HOST, agent.http_port), (
        f"POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {coding}\r\n\r\n"
        "GET /v1/masters HTTP/1.1\r\nHost: localhost\r\n\r\n").encode())
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert answer.count("HTTP/1.1") == 1
    assert "mymaster" not in answer


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
    for state in ("ok", "degraded", "no-quorum", "conflict", "regress", "unmapped", "unknown-name"):
        sample = f'sentinel_spoa_verdicts_total{{master_name="mymaster",state="{state}"}}'
        assert metrics[sample] == 0
    assert metrics['sentinel_spoa_switches_total{master_name="mymaster"}'] == 0
    assert [value for name, value in metrics.items()
            if name.startswith("sentinel_spoa_spop_errors_total")]
    assert metrics["sentinel_spoa_spop_connections"] == 0
    lab.end([agent])


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool; Debian's prometheus has it")
def test_promtool_has_nothing_to_say_about_the_metrics(lab, deployment):
    (master,) = masters_of(deployment)
    agent = start_agent(
        lab, deployment, masters=[master | {"redis": {}}],
        haproxy=[{"runtime_api": "unix:/nobody/listens", "backends": {"b": "mymaster"}}])
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=agent.get("/metrics")[1], capture_output=True,
        text=True, timeout=10)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    lab.end([agent])


CONTRACT = """build_info verdicts_total verdict_duration_seconds master_info master_state config_epoch votes
    sentinels_configured sentinel_up sentinel_query_duration_seconds switches_total switch_delay_seconds
    failover_phase_timestamp_seconds fenced_sessions_total fence_duration_seconds waiting_connections
    waits_total nodes_claiming_master node_up node_loading replica_lag_bytes spop_connections
    spop_connections_total spop_frames_total spop_errors_total accept_errors_total haproxy_up
    haproxy_errors_total event_readers event_readers_dropped_total"""


def test_all_metrics_are_there_and_in_the_docs_and_no_others(lab, deployment):
    (master,) = masters_of(deployment)
    agent = start_agent(
        lab, deployment, masters=[master | {"redis": {}}],
        haproxy=[{"runtime_api": "unix:/nobody/listens", "backends": {"b": "mymaster"}}])
    there = {name.removeprefix("sentinel_spoa_") for name in families(agent.get("/metrics")[1])}
    assert set(CONTRACT.split()) <= there
    documented = set(re.findall(r"^\| `([a-z_]+)", (ROOT / "docs/monitoring.md").read_text(), re.M))
    assert sorted(there - documented) == [], "docs/monitoring.md does not have them"
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
