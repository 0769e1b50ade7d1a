"""The bytes of SPOP, after HAProxy's doc/SPOE.txt, sections 3.1 and 3.2.

Written from the specification alone and shared with nothing of the agent, so that a misreading on one
side is seen by the other.
"""

import dataclasses
import enum
import ipaddress
import struct

FIN, ABORT = 1, 2


class Kind(enum.IntEnum):
    """The ten types of a value."""

    NULL = 0
    BOOLEAN = 1
    INT32 = 2
    UINT32 = 3
    INT64 = 4
    UINT64 = 5
    IPV4 = 6
    IPV6 = 7
    STRING = 8
    BINARY = 9


class FrameType(enum.IntEnum):
    UNSET = 0
    HAPROXY_HELLO = 1
    HAPROXY_DISCONNECT = 2
    NOTIFY = 3
    AGENT_HELLO = 101
    AGENT_DISCONNECT = 102
    ACK = 103


class Scope(enum.IntEnum):
    PROCESS = 0
    SESSION = 1
    TRANSACTION = 2
    REQUEST = 3
    RESPONSE = 4


@dataclasses.dataclass(frozen=True)
class Typed:
    """A value with its type on the wire."""

    kind: Kind
    value: object


@dataclasses.dataclass(frozen=True)
class Frame:
    type: int
    flags: int
    stream_id: int
    frame_id: int
    payload: bytes


def put_varint(number):
    if number < 240:
        return bytes([number])
    out = [number & 0x0F | 0xF0]
    number = (number - 240) >> 4
    while number >= 128:
        out.append(number & 0x7F | 0x80)
        number = (number - 128) >> 7
    return bytes([*out, number])


def put_string(text):
    data = text.encode() if isinstance(text, str) else text
    return put_varint(len(data)) + data


def put_typed(typed):
    kind, value = typed.kind, typed.value
    match kind:
        case Kind.NULL:
            return bytes([kind])
        case Kind.BOOLEAN:
            return bytes([kind | (0x10 if value else 0)])
        case Kind.INT32 | Kind.UINT32 | Kind.INT64 | Kind.UINT64:
            return bytes([kind]) + put_varint(value % 2**64)
        case Kind.IPV4 | Kind.IPV6:
            return bytes([kind]) + ipaddress.ip_address(value).packed
        case Kind.STRING | Kind.BINARY:
            return bytes([kind]) + put_string(value)


def put_pairs(pairs):
    """A KV-LIST of `(name, Typed)`."""
    return b"".join(put_string(name) + put_typed(typed) for name, typed in pairs)


def put_message(name, pairs):
    return put_string(name) + bytes([len(pairs)]) + put_pairs(pairs)


def put_frame(frame):
    """The frame with its length in front."""
    body = (struct.pack("!BI", frame.type, frame.flags) + put_varint(frame.stream_id)
            + put_varint(frame.frame_id) + frame.payload)
    return struct.pack("!I", len(body)) + body


class Reader:
    """Takes values off the front of some bytes; ValueError when they are not there."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    def __bool__(self):
        return self._at < len(self._data)

    def take(self, size):
        chunk = self._data[self._at:self._at + size]
        if len(chunk) < size:
            raise ValueError(f"{size} bytes wanted, {len(chunk)} left")
        self._at += size
        return chunk

    def rest(self):
        return self.take(len(self._data) - self._at)

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        number = self.byte()
        if number < 240:
            return number
        shift = 4
        while True:
            byte = self.byte()
            number += byte << shift
            shift += 7
            if byte < 128:
                return number

    def string(self):
        return self.take(self.varint()).decode()

    def typed(self):
        head = self.byte()
        kind = Kind(head & 0x0F)
        match kind:
            case Kind.NULL:
                return Typed(kind, None)
            case Kind.BOOLEAN:
                return Typed(kind, bool(head & 0x10))
            case Kind.UINT32 | Kind.UINT64:
                return Typed(kind, self.varint())
            case Kind.INT32 | Kind.INT64:
                number = self.varint()
                return Typed(kind, number - 2**64 if number >= 2**63 else number)
            case Kind.IPV4:
                return Typed(kind, ipaddress.IPv4Address(self.take(4)))
            case Kind.IPV6:
                return Typed(kind, ipaddress.IPv6Address(self.take(16)))
            case Kind.STRING:
                return Typed(kind, self.string())
            case Kind.BINARY:
                return Typed(kind, self.take(self.varint()))

    def pairs(self):
        found = {}
        while self:
            name = self.string()
            found[name] = self.typed()
        return found


def take_frame(body):
    """A frame from its bytes, the length already gone."""
    reader = Reader(body)
    kind, flags = struct.unpack("!BI", reader.take(5))
    return Frame(kind, flags, reader.varint(), reader.varint(), reader.rest())
