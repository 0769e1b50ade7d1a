"""A bare connection to a Redis, a Sentinel, or HAProxy in front of one.

redis-py retries, pools and renames errors; measurements want none of that.
"""

import socket


class ErrorReply(Exception):
    """The server answered `-…`."""


def encode(*words):
    """The request bytes of one command."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Connection:
    """One TCP connection; each wait ends after `timeout`, an EOF raises ConnectionError."""

    def __init__(self, port, password=None, timeout=1.0, host="127.0.0.1"):
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")
        if password:
            self.call("AUTH", password)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._lines.close()
        self._socket.close()

    def shut_down(self):
        """Ends the wait of another thread, as if the peer had closed."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already

    def call(self, *words):
        self._socket.sendall(encode(*words))
        return self.reply()

    def call_all(self, *commands):
        """Sends the commands in one write; returns their replies, errors among them as values."""
        self._socket.sendall(b"".join(encode(*words) for words in commands))
        replies = []
        for _ in commands:
            try:
                replies.append(self.reply())
            except ErrorReply as error:
                replies.append(error)
        return replies

    def reply(self):
        line = self._lines.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("closed in the middle of a reply" if line else "closed")
        kind, text = line[:1], line[1:-2].decode()
        match kind:
            case b"+":
                return text
            case b"-":
                raise ErrorReply(text)
            case b":":
                return int(text)
            case b"$":
                return None if text == "-1" else self._lines.read(int(text) + 2)[:-2].decode()
            case b"*":
                return None if text == "-1" else [self.reply() for _ in range(int(text))]
        raise ConnectionError(f"no RESP: {line[:80]!r}")
