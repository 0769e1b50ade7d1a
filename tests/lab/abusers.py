"""Peers that mean no good, in small: each abuses one SPOP port until told to stop.

An abuser is called with the address and a threading.Event, and returns how often it did what it does.
"""

import contextlib
import socket
import struct

from . import spop_client
from .spop_client import MESSAGE, string
from .spop_wire import FIN, Frame, FrameType, put_frame, put_message

CROWD = 200  # connections of those that hold many
HALF_A_FRAME = struct.pack("!I", 100) + b"\x03\x00\x00"
QUESTION = put_message(MESSAGE, [("master", string("mymaster"))])
CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(200)


def never_greet(address, stop):
    """Connections that say nothing."""
    with _crowd(lambda: spop_client.SpopClient(address)) as crowd:
        stop.wait()
        return len(crowd)


def half_a_frame(address, stop):
    """Connections that greet, begin a frame, and fall silent."""
    with _crowd(lambda: spop_client.connect(address)) as crowd:
        for client in crowd:
            client.send_raw(HALF_A_FRAME)
        stop.wait()
        return len(crowd)


def drip(address, stop):
    """Connections that greet and send a frame byte by byte, too slowly for it to become whole."""
    with _crowd(lambda: spop_client.connect(address)) as crowd:
        for client in crowd:
            client.send_raw(HALF_A_FRAME)
        sent = 0
        while not stop.wait(0.1):
            for client in crowd:
                with contextlib.suppress(OSError):
                    client.send_raw(b"\x00")
                    sent += 1
        return sent


def huge_lengths(address, stop):
    """Frames that claim to have 4 GiB, before the HELLO and after it, one connection each."""
    def claim(greet):
        with (spop_client.connect if greet else spop_client.SpopClient)(address) as client:
            client.send_raw(b"\xff\xff\xff\xff" + bytes(1000))
            while client.receive() is not None:  # until it is closed
                pass

    return _again_and_again(lambda i: claim(i % 2), stop)


def connect_and_close(address, stop):
    """Connects and closes, orderly and by reset in turn."""
    def touch(i):
        with socket.create_connection(address, timeout=2) as connection:
            if i % 2:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return _again_and_again(touch, stop)


def never_read(address, stop):
    """Asks without end and reads no answer; begins anew when it is closed."""
    question = put_frame(Frame(FrameType.NOTIFY, FIN, 1, 1, QUESTION))

    def pour(_):
        with spop_client.connect(address) as client:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    client.send_raw(question * 1000)

    return _again_and_again(pour, stop)


def other_protocols(address, stop):
    """HTTP requests and TLS ClientHellos in turn."""
    def speak(i):
        with spop_client.SpopClient(address) as client:
            client.send_raw(CLIENT_HELLO if i % 2 else b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.is_closed()

    return _again_and_again(speak, stop)


# The `reason` each is counted under in spop_errors_total, and how often is enough to have tried it.
# None: it breaks no rule, and only its connections are counted.
KINDS = {
    never_greet: ("hello_timeout", CROWD),
    half_a_frame: ("frame_timeout", CROWD),
    drip: ("frame_timeout", CROWD),
    huge_lengths: ("frame_too_big", 500),
    connect_and_close: (None, 2000),
    never_read: ("write_timeout", 2),
    other_protocols: ("frame_too_big", 500),
}


@contextlib.contextmanager
def _crowd(make):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(make()) for _ in range(CROWD)]


def _again_and_again(act, stop):
    times = 0
    while not stop.is_set():
        with contextlib.suppress(ConnectionError):  # that is how the agent answers
            act(times)
        times += 1
    return times
