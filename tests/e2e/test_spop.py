"""The SPOP conversation, held by a client written from HAProxy's SPOE.txt, over TCP and UNIX."""

import contextlib
import os
import random
import struct
import time

import pytest

from lab import spop_client
from lab.spop_client import MESSAGE, Disconnected, SpopClient, string
from lab.spop_wire import FIN, FrameType, Kind, Scope, Typed, put_message
from lab.waiting import wait_until

TEN_TYPES = [
    ("null", Typed(Kind.NULL, None)),
    ("true", Typed(Kind.BOOLEAN, True)),
    ("false", Typed(Kind.BOOLEAN, False)),
    ("int32", Typed(Kind.INT32, -7)),
    ("uint32", Typed(Kind.UINT32, 2**32 - 1)),
    ("int64", Typed(Kind.INT64, -(2**63))),
    ("uint64", Typed(Kind.UINT64, 2**64 - 1)),
    ("ipv4", Typed(Kind.IPV4, "192.0.2.1")),
    ("ipv6", Typed(Kind.IPV6, "2001:db8::1")),
    ("string", string("x" * 300)),
    ("binary", Typed(Kind.BINARY, bytes(range(256)))),
]
QUESTION = (MESSAGE, [("master", string("mymaster"))])


@pytest.fixture(params=["tcp", "unix"])
def address(request, agent):
    return agent.spop_address if request.param == "tcp" else agent.spop_path


@pytest.fixture
def client(address):
    """A client that has said HELLO."""
    with spop_client.connect(address) as client:
        yield client


@pytest.fixture
def stranger(address):
    """A client that has said nothing yet."""
    with SpopClient(address) as client:
        yield client


@pytest.fixture
def master(deployment):
    return deployment.group.server_of(deployment.master_of())


def errors(agent):
    return agent.metric("sentinel_spoa_spop_errors_total")


# HELLO


def test_hello_is_answered_with_version_2_pipelining_and_the_smaller_frame_size(stranger):
    answer = stranger.hello(max_frame_size=Typed(Kind.UINT32, 1024))
    assert answer["version"] == "2.0"
    assert answer["max-frame-size"] <= 1024
    assert answer["capabilities"] == "pipelining"


def test_a_health_check_gets_its_hello_and_the_connection_ends_in_order(stranger):
    answer = stranger.hello(
        leave_out=("engine-id",), healthcheck=Typed(Kind.BOOLEAN, True), capabilities=string(""))
    assert answer["version"] == "2.0"
    assert stranger.is_closed()


@pytest.mark.parametrize("versions", ["2.0", "1.0,2.0", " 2.0 , 1.5", "2.0, 3.0"])
def test_a_list_of_versions_with_ours_in_it_is_fine(stranger, versions):
    assert stranger.hello(supported_versions=string(versions))["version"] == "2.0"


@pytest.mark.parametrize("status, leave_out, items", [
    (5, ["supported-versions"], {}),
    (6, ["max-frame-size"], {}),
    (8, [], {"supported_versions": string("1.0")}),
    (8, [], {"supported_versions": string("3.0")}),
    (9, [], {"max_frame_size": Typed(Kind.UINT32, 255)}),
])
def test_a_hello_we_cannot_accept_is_answered_with_its_status_and_closed(
        stranger, status, leave_out, items):
    with pytest.raises(Disconnected) as goodbye:
        stranger.hello(leave_out, **items)
    assert goodbye.value.status == status
    assert goodbye.value.message
    assert stranger.is_closed()


def test_a_question_before_the_hello_ends_the_connection(stranger):
    stranger.notify([QUESTION], 1)
    with pytest.raises((Disconnected, ConnectionError)):
        stranger.ack()
    assert stranger.is_closed()


def test_a_second_hello_ends_the_connection(client):
    with pytest.raises(Disconnected):
        client.hello()
    assert client.is_closed()


# NOTIFY and ACK


def test_the_answer_names_the_master_in_all_its_forms(client, deployment, master):
    answer = client.ask()
    node = deployment.master_of()
    assert answer.flags == FIN
    assert {name: answer[name] for name in ("state", "server", "port", "votes", "sentinels")} == {
        "state": "ok", "server": master, "port": node.port, "votes": 3, "sentinels": 3}
    assert str(answer["ip"]) == "127.0.0.1"
    assert answer.kind("ip") == Kind.IPV4
    assert answer.kind("port") == Kind.INT32
    assert answer["epoch"] == deployment.sentinels[0].master("mymaster")["config-epoch"]
    assert answer["reason"] is None
    assert {scope for scope, _ in answer.set} == {Scope.SESSION}


def test_the_name_may_be_left_out_when_there_is_only_one(client, master):
    assert client.ask(master=None)["server"] == master


def test_an_unknown_name_gets_no_server_and_a_reason(client):
    answer = client.ask("nobody")
    assert answer["state"] == "unknown-name"
    assert answer["server"] is None and answer["ip"] is None and answer["port"] is None
    assert answer["reason"]


@pytest.mark.parametrize("role", ["replica", "slave", ""])
def test_a_role_that_is_not_offered_gets_no_server(client, role, master):
    assert client.ask(role="master")["server"] == master
    answer = client.ask(role=role)
    assert answer["server"] is None and answer["ip"] is None
    assert answer["reason"]


def test_a_refusal_unsets_what_an_earlier_answer_of_the_session_may_have_set(client):
    answer = client.ask("nobody")
    assert {(Scope.SESSION, name) for name in ("server", "ip", "port")} <= answer.unset


def test_pipelined_questions_each_get_their_own_answer(client, master):
    ids = {(stream, frame) for stream in range(1, 51) for frame in (1, 2)}
    for stream, frame in sorted(ids):
        client.notify([QUESTION], stream, frame)
    answers = [client.ack() for _ in ids]
    assert {(answer.stream_id, answer.frame_id) for answer in answers} == ids
    assert {answer["server"] for answer in answers} == {master}


@pytest.mark.parametrize("stream", [0, 239, 240, 2287, 2288, 2**32 - 1, 2**64 - 1])
def test_ids_come_back_as_they_were(client, stream):
    client.notify([QUESTION], stream, stream)
    answer = client.ack()
    assert (answer.stream_id, answer.frame_id) == (stream, stream)


def test_a_question_cut_into_single_bytes_is_answered(client, master):
    message = put_message(*QUESTION)
    body = struct.pack("!BI", FrameType.NOTIFY, FIN) + bytes([1, 1]) + message
    for byte in struct.pack("!I", len(body)) + body:
        client.send_raw(bytes([byte]))
    assert client.ack()["server"] == master


def test_several_messages_in_a_frame_get_one_answer(client, master):
    client.notify([("before", TEN_TYPES), QUESTION, ("after", [])], 1)
    answer = client.ack()
    assert answer["server"] == master
    assert client.ask()["server"] == master


def test_arguments_of_all_ten_types_are_understood_and_unknown_ones_ignored(client, master):
    client.notify([(MESSAGE, [*TEN_TYPES, ("master", string("mymaster")), *TEN_TYPES])], 1)
    assert client.ack()["server"] == master


@pytest.mark.parametrize("messages", [[], [("unknown", [])], [("unknown", TEN_TYPES)]])
def test_a_frame_without_our_question_still_gets_an_answer_that_is_not_empty(client, messages):
    client.notify(messages, 7, 3)
    answer = client.ack()
    assert (answer.stream_id, answer.frame_id, answer.flags) == (7, 3, FIN)
    assert answer.actions >= 1
    assert answer["server"] is None


def test_an_unknown_frame_type_is_skipped(client, master):
    client.send(77, b"whatever")
    assert client.ask()["server"] == master


# Endings


def test_haproxys_disconnect_is_answered_and_the_connection_closed(client):
    assert client.disconnect() == 0
    assert client.is_closed()


def test_a_fragment_is_refused_with_status_10(client):
    client.notify([QUESTION], 1, flags=0)
    with pytest.raises(Disconnected) as goodbye:
        client.ack()
    assert goodbye.value.status == 10
    assert client.is_closed()


def test_a_frame_over_the_agreed_size_is_refused_with_status_3(address):
    with SpopClient(address) as client:
        size = client.hello()["max-frame-size"]
        client.send_raw(struct.pack("!I", size + 1) + bytes(64))
        with pytest.raises(Disconnected) as goodbye:
            client.ack()
        assert goodbye.value.status == 3
        assert client.is_closed()


def test_a_frame_of_exactly_the_agreed_size_is_answered(address, master):
    with SpopClient(address) as client:
        size = client.hello(max_frame_size=Typed(Kind.UINT32, 256))["max-frame-size"]
        body = struct.pack("!BI", FrameType.NOTIFY, FIN) + bytes([1, 1]) + put_message(*QUESTION)
        padding = size - len(body) - len(put_message("pad", [("p", string(""))]))
        body += put_message("pad", [("p", string("x" * padding))])
        assert len(body) == 256
        client.send_raw(struct.pack("!I", len(body)) + body)
        assert client.ack()["server"] == master


def broken_payloads():
    """NOTIFY payloads that end too early or promise too much."""
    good = put_message(*QUESTION)
    yield from (good[:end] for end in range(1, len(good)))
    yield put_message(MESSAGE, [])[:-1] + bytes([255])  # 255 arguments, none there
    yield b"\xff" * 40  # a name of a length beyond 64 bits
    yield bytes([1]) + b"x" + bytes([1, 1]) + b"a" + bytes([15])  # a type that does not exist


def test_a_broken_question_never_stays_unanswered(address, master):
    for payload in broken_payloads():
        with spop_client.connect(address) as client:
            client.send(FrameType.NOTIFY, payload, stream_id=5, frame_id=1)
            try:
                answer = client.ack()
            except (Disconnected, ConnectionError):
                continue
            assert answer["server"] is None, payload
    with spop_client.connect(address) as client:
        assert client.ask()["server"] == master


# Strangers


STRANGERS = {
    "an HTTP request": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a TLS hello": bytes.fromhex("160301020001000001fc0303") + bytes(500),
    "a length of 4 GiB": struct.pack("!I", 2**32 - 1) + b"x" * 1000,
    "an empty frame": struct.pack("!I", 0),
    "a frame too short for its head": struct.pack("!I", 3) + b"\x01\x00\x00",
}


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_stranger_is_closed_and_counted_and_its_neighbour_never_notices(
        said, stranger, agent, address, master):
    with spop_client.connect(address) as neighbour:
        before = errors(agent)
        with contextlib.suppress(ConnectionError):
            stranger.send_raw(said)
        assert stranger.is_closed()
        wait_until(lambda: errors(agent) > before, 2, "the error is counted")
        asked = time.monotonic()
        assert neighbour.ask()["server"] == master
        assert time.monotonic() - asked < 0.2


def test_random_bytes_harm_nobody(agent, address, master):
    dice = random.Random(20)
    before = errors(agent)
    with spop_client.connect(address) as neighbour:
        for _ in range(200):
            with SpopClient(address) as stranger, contextlib.suppress(ConnectionError):
                body = dice.randbytes(dice.randint(1, 600))
                whole = struct.pack("!I", len(body)) + body
                stranger.send_raw(dice.choice([body, whole, whole[:-1]]))
            assert neighbour.ask()["server"] == master
    wait_until(lambda: errors(agent) > before, 2, "errors are counted")


def test_random_frames_after_a_good_hello_harm_nobody(agent, address, master):
    dice = random.Random(21)
    with spop_client.connect(address) as neighbour:
        for _ in range(100):
            with spop_client.connect(address) as stranger, contextlib.suppress(ConnectionError):
                kind = dice.choice([FrameType.NOTIFY, FrameType.UNSET, FrameType.ACK, dice.randint(0, 255)])
                stranger.send(kind, dice.randbytes(dice.randint(0, 300)), dice.randint(0, 3), 1, 1)
            assert neighbour.ask()["server"] == master


def test_a_client_that_vanishes_in_the_middle_leaves_nothing_behind(agent, address):
    def open_files():
        return len(os.listdir(f"/proc/{agent.pid}/fd"))

    before = open_files()
    for _ in range(50):
        with spop_client.connect(address) as client:
            client.notify([QUESTION], 1)
            client.send_raw(struct.pack("!I", 100) + b"\x03")
    wait_until(lambda: open_files() <= before, 5, "the descriptors are given back")


def test_a_hello_with_an_unknown_item_is_fine(stranger):
    assert stranger.hello(something_new=Typed(Kind.BINARY, b"\x00" * 50))["version"] == "2.0"
