"""/v1/events: what changes, told at once and in lines, to many readers and never at their pace."""

import contextlib
import datetime
import json
import socket
import time

import pytest

from lab.agent import make_agent, masters_of
from lab.events import EventReader
from lab.haproxy import start_haproxy
from lab.nodes import HOST
from lab.observer import Observer
from lab.waiting import wait_until
from lab.writer import Writer

NAME = "mymaster"
NODES = f"redis_{NAME}_nodes"
PHASES = ["doubt", "o_down", "majority", "verdict", "sessions_ended", "first_session"]


def seconds(text):
    """A moment of the agent's as UNIX time."""
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def test_a_reader_is_told_each_name_first_and_then_that_the_agent_lives(agent, deployment):
    with EventReader(agent) as reader:
        assert reader.response.getheader("Content-Type") == "application/x-ndjson"
        assert reader.response.getheader("Transfer-Encoding") == "chunked"
        wait_until(lambda: len(reader.of("heartbeat")) >= 3, 5, "three heartbeats")
    (_, first), (at, beat), *_ = reader.lines
    server = deployment.group.server_of(deployment.master_of())
    assert first == {
        "event": "master", "time": first["time"], "name": NAME, "state": "ok", "open": True,
        "server": server, "address": deployment.master_of().address, "epoch": first["epoch"], "votes": 3,
        "sentinels": 3, "reason": "", "since": first["since"], "wait": False, "deliverable": True,
        "servers": {each: "ready" if each == server else "maint" for each in deployment.group.servers},
        "idle": [each for each in deployment.group.servers if each != server]}
    assert beat["event"] == "heartbeat"
    beats = [at for at, event in reader.lines if event["event"] == "heartbeat"]
    assert [0.8 < later - earlier < 1.5 for earlier, later in zip(beats, beats[1:])]
    assert all(abs(seconds(event["time"]) - time.time()) < 10 for _, event in reader.lines)


def test_one_name_can_be_chosen_and_must_be_one_that_is_watched(lab, deployment):
    (known,) = masters_of(deployment)
    agent = make_agent(lab, deployment, masters=[known, known | {"name": "other"}])
    agent.start(ready=False)
    with EventReader(agent, "?x=1&name=mymaster") as reader:
        wait_until(lambda: len(reader.of("heartbeat")) >= 2, 5, "two heartbeats")
    assert {event["name"] for event in reader.of("master")} == {NAME}
    with EventReader(agent) as reader:
        wait_until(lambda: reader.of("heartbeat"), 5, "a heartbeat")
    assert {event["name"] for event in reader.of("master")} == {NAME, "other"}
    assert agent.get("/v1/events?name=nobody")[0] == 404
    assert agent.get("/v1/events", "HEAD") == (200, "")
    lab.end([agent])


@pytest.mark.deadline(60)
def test_a_crash_is_told_phase_by_phase_and_everywhere_the_same(lab, deployment, capsys):
    control = lab.subfolder("events") / "admin.sock"
    (master,) = masters_of(deployment)
    agent = make_agent(
        lab, deployment, masters=[master | {"redis": {}}],
        haproxy=[{"runtime_api": f"unix:{control}", "backends": {NODES: NAME}}])
    agent.start()
    haproxy = start_haproxy(lab, agent, control=control)
    old = deployment.master_of()
    old_server = deployment.group.server_of(old)
    with Observer(deployment, agent) as observer, EventReader(agent) as reader, \
            Writer(haproxy.port, 100):
        killed = time.monotonic()
        old.kill()
        last = reader.failover()
        seen_majority = observer.new_majority(old, killed)
        new = seen_majority.value
        seen_verdict = observer.verdict(new, killed)
    boot = time.time() - time.monotonic()
    assert new is deployment.master_of()
    new_server = deployment.group.server_of(new)

    (told,) = [each for each in agent.master(NAME)["failovers"] if not each["false_alarm"]]
    assert (told["from"], told["to"]) == (old_server, new_server)
    assert (told["from_address"], told["to_address"]) == (old.address, new.address)
    assert (told["cause"], told["false_alarm"]) == ("down", False)
    phases = {phase: seconds(moment) for phase, moment in told["phases"].items()}
    assert list(phases) == PHASES
    assert phases["doubt"] <= phases["majority"] <= phases["verdict"] <= phases["first_session"]
    assert phases["o_down"] <= phases["majority"]

    # The observer asks once a millisecond, and knows nothing of the agent's clock.
    assert abs(phases["majority"] - boot - seen_majority.seen) <= 0.020
    assert abs(phases["verdict"] - boot - seen_verdict.seen) <= 0.020
    assert abs(phases["first_session"] - boot - seen_verdict.seen) <= 0.020
    assert phases["doubt"] - boot > killed
    assert phases["sessions_ended"] - boot > killed
    with capsys.disabled():
        print("\n\nms after the crash    agent   observer")
        for phase, moment in phases.items():
            observed = {"majority": seen_majority, "verdict": seen_verdict,
                        "first_session": seen_verdict}.get(phase)
            print(f"  {phase:15} {1000 * (moment - boot - killed):9.0f}"
                  + (f" {1000 * (observed.seen - killed):9.0f}" if observed else ""))

    assert last["name"] == NAME
    for phase, moment in phases.items():
        assert abs(seconds(last["phases"][phase]) - moment) <= 0.005
        metric = agent.metric("sentinel_spoa_failover_phase_timestamp_seconds", phase=phase)
        assert abs(metric - moment) <= 0.005
        (line,) = [line for line in agent.log_text().splitlines() if ": failover from " in line]
        assert abs(seconds(line.split(f" {phase}=")[1].split()[0]) - moment) <= 0.005

    masters = reader.of("master")
    assert [event["servers"] for event in masters][-1] == {
        server: "ready" if server == new_server else "maint" for server in deployment.group.servers}
    assert masters[-1]["idle"] == [server for server in deployment.group.servers if server != new_server]
    assert any(event["servers"][old_server] == "maint" and old_server not in event["idle"]
               for event in masters), "in doubt it must stay out"
    assert any(event["wait"] and not event["open"] for event in masters)
    assert not [one for one, next in zip(masters, masters[1:])
                if {**one, "time": 0} == {**next, "time": 0}]
    lab.end([haproxy, agent])


@pytest.mark.deadline(60)
def test_a_reader_that_does_not_read_is_dropped_and_nobody_waits_for_it(lab, deployment):
    # A thousand names that no Sentinel knows: each loss of the Sentinels is a line for each.
    (known,) = masters_of(deployment)
    agent = make_agent(lab, deployment, masters=[
        known, *(known | {"name": f"n{i}"} for i in range(1000))])
    agent.start(ready=False)

    def unknown():
        return agent.metric("sentinel_spoa_master_state", state="unknown-name")

    wait_until(lambda: unknown() == 1000, 10, "all names have a verdict")
    with socket.socket() as lazy, EventReader(agent) as reader:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((HOST, agent.http_port))
        lazy.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: agent.metric("sentinel_spoa_event_readers") == 2, 5, "both are there")
        for _ in range(8):
            for sentinel in deployment.sentinels:
                sentinel.freeze()
            wait_until(lambda: unknown() == 0, 5, "the Sentinels are lost")
            for sentinel in deployment.sentinels:
                sentinel.thaw()
            wait_until(lambda: unknown() == 1000, 10, "all are back")
            if agent.metric("sentinel_spoa_event_readers") == 1:
                break
        assert agent.metric("sentinel_spoa_event_readers_dropped_total") == 1
        before = len(reader.of("heartbeat"))
        wait_until(lambda: len(reader.of("heartbeat")) > before, 3, "the other goes on")
        states = [event["state"] for event in reader.of("master") if event["name"] == "n999"]
    assert states[0] == states[-1] == "unknown-name"
    assert len(states) >= 3
    lab.end([agent])


def test_there_is_a_limit_to_readers_and_those_who_leave_make_room(agent):
    def connect():
        reader = socket.create_connection((HOST, agent.http_port), timeout=5)
        reader.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return reader

    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(connect()) for _ in range(512)]
        for reader in readers:
            assert reader.recv(12) == b"HTTP/1.1 200"
        status, words = agent.get("/v1/events")
        assert status == 503
        assert "512" in words
        assert agent.get("/healthz")[0] == 200

    def free():
        with connect() as reader:
            return reader.recv(12) == b"HTTP/1.1 200"

    wait_until(free, 5, "there is room again")


def test_each_line_is_whole_json_for_http_1_0_too(agent):
    with socket.create_connection((HOST, agent.http_port), timeout=5) as reader:
        reader.sendall(b"GET /v1/events HTTP/1.0\r\n\r\n")
        text = b""
        while text.count(b"\n") < 8:
            text += reader.recv(4096)
    head, _, body = text.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    lines = body.splitlines(keepends=True)
    assert [json.loads(line)["event"] for line in lines if line.endswith(b"\n")][:2] == [
        "master", "heartbeat"]
