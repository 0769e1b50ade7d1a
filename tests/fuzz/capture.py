#!/usr/bin/env python3
"""Records what real HAProxy, Sentinels and Redis send to the agent, a failover included, as inputs
of the fuzzers: one folder for each under FOLDER.

    tests/fuzz/capture.py FOLDER

What of it is new to a fuzzer goes into its corpus by
`NAME_fuzz -set_cover_merge=1 -use_counters=0 tests/fuzz/corpus/NAME FOLDER/NAME`.
"""

import hashlib
import io
import pathlib
import re
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab.agent import make_agent, masters_of  # noqa: E402
from lab.deployment import start_deployment  # noqa: E402
from lab.haproxy import HAProxy  # noqa: E402
from lab.lab import Lab  # noqa: E402
from lab.nodes import HOST  # noqa: E402
from lab.resp import Connection, ErrorReply  # noqa: E402
from lab.waiting import wait_until  # noqa: E402

LONGEST = 2048  # bytes of one input
# The lines of INFO around what the agent reads; all of them would make an input of 5 KB.
INFO = re.compile(r"(run_id|role|(async_)?loading|connected_slaves|master_\w+|slave_repl_\w+|slave0):.*\r\n")


class Tap:
    """Stands between a client and the server at (host, port); keeps what each side sends, one
    bytearray a connection."""

    def __init__(self, lab, server):
        self._server = server
        self.sent, self.answered = [], []
        self._listener = socket.create_server((HOST, lab.ports.take()))
        self.port = self._listener.getsockname()[1]
        self.address = f"{HOST}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self._listener.accept()
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            self.sent.append(bytearray())
            self.answered.append(bytearray())
            for source, sink, record in ((client, server, self.sent[-1]), (server, client, self.answered[-1])):
                threading.Thread(target=_copy, args=(source, sink, record), daemon=True).start()


def _copy(source, sink, record):
    try:
        while data := source.recv(65536):
            record += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()


def values(stream):
    """The whole replies in a RESP stream: text, int, None, list, or ErrorReply."""
    def value():
        line = stream.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        kind, text = line[:1], line[1:-2].decode()
        match kind:
            case b"+":
                return text
            case b"-":
                return ErrorReply(text)
            case b":":
                return int(text)
        if text == "-1":
            return None
        if kind == b"*":
            return [value() for _ in range(int(text))]
        data = stream.read(int(text) + 2)
        if len(data) < int(text) + 2:
            raise EOFError
        return data[:-2].decode()

    while True:
        try:
            yield value()
        except EOFError:
            return


def as_lines(value):
    """The text that tests/fuzz/values_in.hpp reads."""
    match value:
        case list():
            return "[\n" + "".join(map(as_lines, value)) + "]\n"
        case None:
            return "_\n"
        case ErrorReply():
            return f"-{value}\n"
        case int():
            return f":{value}\n"
    return value.replace("\r\n", "\r") + "\n"


def connect_through(haproxy, times):
    """Asks for connections all at once, so that HAProxy has several frames in flight."""
    def ask():
        try:
            with Connection(haproxy.port) as redis:
                redis.call("PING")
        except (OSError, ErrorReply):
            pass  # refused: the verdict says so

    threads = [threading.Thread(target=ask) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def record(lab):
    """(folder, input) pairs of one deployment's life."""
    deployment = start_deployment(lab)
    sentinels = [Tap(lab, (HOST, sentinel.port)) for sentinel in deployment.sentinels]
    nodes = {node.address: Tap(lab, (HOST, node.port)) for node in deployment.group.nodes}
    state_file = lab.folder / "state.json"
    agent = make_agent(
        lab, deployment,
        sentinels={"addresses": [tap.address for tap in sentinels]},
        masters=[master | {"redis": {}, "replicas": {}} for master in masters_of(deployment)],
        reachable={address: tap.address for address, tap in nodes.items()},
        state_file=str(state_file))
    agent.start()
    spop = Tap(lab, agent.spop_address)
    haproxy = lab.add(HAProxy(lab, agent, "use-server"))
    for file in haproxy.folder.glob("*.cfg"):
        file.write_text(file.read_text().replace(f"{HOST}:{agent.spop_address[1]}", spop.address))
    haproxy.start()
    connect_through(haproxy, 1)
    connect_through(haproxy, 30)
    old = deployment.master_of()
    old.kill()
    end = time.monotonic() + 4
    while deployment.master_of() in (old, None) or time.monotonic() < end:
        connect_through(haproxy, 3)
    deployment.repair()
    wait_until(lambda: agent.get("/readyz")[0] == 200, 10, "the agent has a verdict again")
    connect_through(haproxy, 3)
    haproxy.terminate()

    for sent in spop.sent:
        yield "conversation", bytes(sent[:LONGEST])
    for tap in (*sentinels, *nodes.values()):
        for answered in tap.answered:
            yield "resp_reader", bytes(answered[:LONGEST])
            yield "resp_reader", bytes(answered[-LONGEST:])
    for tap in sentinels:
        for answered in tap.answered:
            all_values = list(values(io.BytesIO(answered)))
            events = [value for value in all_values if isinstance(value, list) and value[0] == "message"]
            for _, channel, payload in events:
                yield "sentinel_events", f"{channel} {payload}".encode()
            replies = [as_lines(value) for value in all_values if value not in events]
            for start in range(0, len(replies), 3):
                yield "sentinel_replies", "".join(replies[start:start + 4]).encode()
    for tap in nodes.values():
        for answered in tap.answered:
            for reply in values(io.BytesIO(answered)):
                if isinstance(reply, str):
                    reply = "".join(match.group() for match in INFO.finditer(reply))
                yield "node_replies", as_lines(reply).encode()
    yield "config", agent.file.read_bytes()
    yield "memory", state_file.read_bytes()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    with Lab() as lab:
        for name, data in record(lab):
            path = folder / name / hashlib.sha1(data).hexdigest()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


if __name__ == "__main__":
    main()
