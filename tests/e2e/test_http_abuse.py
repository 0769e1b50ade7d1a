"""Abuse of the HTTP port: refused by limits, while others are served and the memory stays bounded."""

import concurrent.futures
import contextlib
import http.client
import os
import resource
import socket
import threading
import time

import pytest

from lab.agent import start_agent
from lab.events import EventReader
from lab.nodes import HOST
from lab.waiting import wait_until

GROWTH = 48 << 20  # bytes that the agent may need more at the most, under any of these
PATIENCE = 2.0  # seconds in which a stranger is served meanwhile


@pytest.fixture(scope="module")
def abused(lab, shared_deployment):
    agent = start_agent(lab, shared_deployment)
    yield agent
    assert agent.alive, agent.log_text()[-2000:]
    lab.end([agent])


def memory(agent):
    with open(f"/proc/{agent.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def connect(agent):
    return socket.create_connection((HOST, agent.http_port), timeout=10)


def open_connections(agent):
    """Descriptors of the agent."""
    return len(os.listdir(f"/proc/{agent.pid}/fd"))


@contextlib.contextmanager
def others_are_served(agent):
    """Someone asks for /healthz again and again, and someone reads the events, while this is open.
    Neither waits for long, the memory stays bounded, and nothing is left behind."""
    before, at_rest = memory(agent), open_connections(agent)
    peak, slowest, stop, failures = [before], [0.0], threading.Event(), []

    def ask():
        while not stop.is_set():
            begun = time.monotonic()
            try:
                status, _ = agent.get("/healthz")
                assert status == 200
            except (OSError, http.client.HTTPException, AssertionError) as failure:
                failures.append(failure)
            slowest[0] = max(slowest[0], time.monotonic() - begun)
            peak[0] = max(peak[0], memory(agent))
            time.sleep(0.01)

    with EventReader(agent) as reader:
        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        beats = [at for at, event in reader.lines if event["event"] == "heartbeat"]
    assert not failures
    assert slowest[0] < PATIENCE
    assert all(later - earlier < PATIENCE for earlier, later in zip(beats, beats[1:]))
    assert peak[0] - before < GROWTH
    wait_until(lambda: open_connections(agent) <= at_rest, 12, "all are let go")


def test_slow_headers_are_cut_off(abused):
    def drip(connection):
        """Sends a header byte by byte; how long that was taken."""
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
            while time.monotonic() - begun < 15:
                connection.sendall(b"x")
                time.sleep(0.1)
        return time.monotonic() - begun

    with others_are_served(abused), contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(abused)) for _ in range(50)]
        with concurrent.futures.ThreadPoolExecutor(50) as threads:
            assert max(threads.map(drip, slow)) < 8


@pytest.mark.parametrize("head", [
    b"POST /v1/masters HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n\r\n",
    b"POST /v1/masters HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
], ids=["length", "chunked"])
def test_a_body_of_a_gibibyte_is_refused_before_it_is_there(abused, head):
    piece = bytes(1 << 20)
    chunk = b"100000\r\n" + piece + b"\r\n"
    with others_are_served(abused), connect(abused) as client:
        sent = 0
        client.sendall(head)
        with contextlib.suppress(OSError):
            for _ in range(1024):
                client.sendall(chunk if b"chunked" in head else piece)
                sent += len(piece)
        assert sent < 64 << 20
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := client.recv(4096):
                answer += part
        assert answer == b"" or answer.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 501 "))


@pytest.mark.deadline(60)
def test_ten_thousand_connections_leave_room_for_others(abused):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= 11_000, "too few descriptors for this test: ulimit -Hn"
    resource.setrlimit(resource.RLIMIT_NOFILE, (11_000, hard))
    try:
        with others_are_served(abused), contextlib.ExitStack() as stack:
            for number in range(10_000):
                client = stack.enter_context(connect(abused))
                if number % 2:
                    client.sendall(b"GET / HTTP/1.1\r\n")
            assert open_connections(abused) < 1000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_million_pipelined_requests_are_too_many_for_one_connection(abused):
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with others_are_served(abused), connect(abused) as client:
        answers = bytearray()

        def pour():
            with contextlib.suppress(OSError):
                for _ in range(1000):
                    client.sendall(request * 1000)

        thread = threading.Thread(target=pour)
        thread.start()
        with contextlib.suppress(ConnectionError):
            while part := client.recv(65536):
                answers += part
        thread.join()
    assert 0 < answers.count(b"HTTP/1.1 200 OK") <= 1000


def test_answers_that_nobody_reads_are_not_kept(abused):
    with others_are_served(abused), contextlib.ExitStack() as stack:
        for _ in range(250):
            client = stack.enter_context(connect(abused))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with contextlib.suppress(OSError):
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        time.sleep(1)  # for the memory to be looked at


@pytest.mark.parametrize("request_line", [
    b"GET /../../etc/passwd HTTP/1.1", b"GET /v1/masters/../../x HTTP/1.1", b"GET /%2e%2e/x HTTP/1.1",
    b"GET //healthz HTTP/1.1", b"GET healthz HTTP/1.1", b"GET /v1/masters/%00 HTTP/1.1",
    b"BREW /healthz HTTP/1.1", b"get /healthz HTTP/1.1", b"GET /healthz HTTP/3.7", b"GET",
    b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4", b"\x00" * 100, b"PRI * HTTP/2.0",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1", b"GET /v1/events?name=%0d%0aSet-Cookie:x HTTP/1.1"])
def test_nonsense_is_refused_and_nothing_of_it_comes_back(abused, request_line):
    with others_are_served(abused), connect(abused) as client:
        client.sendall(request_line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := client.recv(65536):
                answer += part
    assert answer == b"" or answer.split()[1] in (b"400", b"404", b"405", b"431"), answer
    assert b"root:" not in answer
    assert b"Set-Cookie" not in answer
