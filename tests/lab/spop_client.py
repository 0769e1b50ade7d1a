"""HAProxy's side of an SPOP conversation, one step at a time, good manners optional."""

import dataclasses
import socket
import struct

from .spop_wire import FIN, Frame, FrameType, Kind, Reader, Scope, Typed, put_frame, put_message, \
    put_pairs, take_frame

MESSAGE = "sentinel-verdict"
MAX_FRAME_SIZE = 16380


class Disconnected(Exception):
    """The agent answered AGENT-DISCONNECT."""

    def __init__(self, status, message):
        super().__init__(f"AGENT-DISCONNECT {status}: {message}")
        self.status = status
        self.message = message


@dataclasses.dataclass(frozen=True)
class Ack:
    """An ACK: its ids, flags, number of actions, and what they set (Scope, name) → Typed or unset."""

    stream_id: int
    frame_id: int
    flags: int
    actions: int
    set: dict
    unset: frozenset

    def __getitem__(self, name):
        """The value of session variable `name`; None when this ACK does not set it."""
        typed = self.set.get((Scope.SESSION, name))
        return typed.value if typed else None

    def kind(self, name):
        """Its type on the wire; None when it is not set."""
        typed = self.set.get((Scope.SESSION, name))
        return typed.kind if typed else None


def string(text):
    return Typed(Kind.STRING, text)


class SpopClient:
    """One connection to the agent, at (host, port) or at a UNIX path. Each wait ends after `timeout`."""

    def __init__(self, address, timeout=2.0):
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        self._socket = socket.socket(family)
        self._socket.settimeout(timeout)
        self._socket.connect(address)
        if family == socket.AF_INET:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._next_stream = 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send_raw(self, data):
        self._socket.sendall(data)

    def send(self, type, payload=b"", flags=FIN, stream_id=0, frame_id=0):
        self.send_raw(put_frame(Frame(type, flags, stream_id, frame_id, payload)))

    def receive(self):
        """The next frame; None when the agent closed the connection, orderly or not."""
        head = self._receive_exactly(4)
        if head is None:
            return None
        (size,) = struct.unpack("!I", head)
        body = self._receive_exactly(size)
        return None if body is None else take_frame(body)

    def _receive_exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                chunk = self._socket.recv(size - len(data))
            except (ConnectionResetError, BrokenPipeError):
                return None
            if not chunk:
                return None
            data += chunk
        return data

    def hello(self, leave_out=(), **items):
        """Sends HAPROXY-HELLO and returns the items of AGENT-HELLO. `items` replace or add to what
        HAProxy 2.6 sends, with `-` written as `_`."""
        said = {
            "supported-versions": string("2.0"),
            "max-frame-size": Typed(Kind.UINT32, MAX_FRAME_SIZE),
            "capabilities": string("pipelining,async"),
            "engine-id": string("0e5a3b1c-7d2f-4a68-9b1e-2f6c8d4a7e90"),
        }
        said.update({name.replace("_", "-"): typed for name, typed in items.items()})
        pairs = [(name, typed) for name, typed in said.items() if name not in leave_out]
        self.send(FrameType.HAPROXY_HELLO, put_pairs(pairs))
        frame = self._expect(FrameType.AGENT_HELLO)
        assert (frame.stream_id, frame.frame_id, frame.flags) == (0, 0, FIN), frame
        return {name: typed.value for name, typed in Reader(frame.payload).pairs().items()}

    def notify(self, messages, stream_id, frame_id=1, flags=FIN):
        """Sends one NOTIFY with `messages`: (name, [(argument, Typed), …])."""
        payload = b"".join(put_message(name, pairs) for name, pairs in messages)
        self.send(FrameType.NOTIFY, payload, flags, stream_id, frame_id)

    def ack(self):
        """Receives one ACK and takes it apart; raises when it is anything else."""
        frame = self._expect(FrameType.ACK)
        reader, actions, values, unset = Reader(frame.payload), 0, {}, set()
        while reader:
            action, arguments = reader.byte(), reader.byte()
            scope, name = Scope(reader.byte()), reader.string()
            assert (action, arguments) in ((1, 3), (2, 2)), f"action {action} with {arguments} arguments"
            if action == 1:
                values[scope, name] = reader.typed()
            else:
                unset.add((scope, name))
            actions += 1
        return Ack(frame.stream_id, frame.frame_id, frame.flags, actions, values, frozenset(unset))

    def ask(self, master="mymaster", **arguments):
        """One question, one answer. `master=None` leaves the argument out."""
        pairs = [("master", string(master))] if master is not None else []
        pairs += [(name, string(text)) for name, text in arguments.items()]
        stream, self._next_stream = self._next_stream, self._next_stream + 1
        self.notify([(MESSAGE, pairs)], stream)
        ack = self.ack()
        assert (ack.stream_id, ack.frame_id) == (stream, 1), f"asked {stream}/1, got {ack}"
        return ack

    def disconnect(self):
        """Sends HAPROXY-DISCONNECT and returns the status of the AGENT-DISCONNECT."""
        self.send(FrameType.HAPROXY_DISCONNECT, put_pairs([
            ("status-code", Typed(Kind.UINT32, 0)), ("message", string("normal"))]))
        try:
            self._expect(FrameType.AGENT_DISCONNECT)
        except Disconnected as goodbye:
            return goodbye.status

    def is_closed(self):
        """Whether the agent closes without saying anything more; raises TimeoutError when it does
        not close in time."""
        return self.receive() is None

    def _expect(self, type):
        frame = self.receive()
        if frame is None:
            raise ConnectionError(f"closed instead of {type.name}")
        if frame.type == FrameType.AGENT_DISCONNECT:
            said = Reader(frame.payload).pairs()
            assert said["status-code"].kind == Kind.UINT32, said
            raise Disconnected(said["status-code"].value, said["message"].value)
        assert frame.type == type, f"frame type {frame.type} instead of {type.name}"
        return frame


def connect(address, **options):
    """A client that has said HELLO already."""
    client = SpopClient(address, **options)
    client.hello()
    return client
