"""One connection to Redis: questions in RESP, one at a time."""

import asyncio
import pathlib

PASSWORD = pathlib.Path("/run/secrets/app_password")


class Connection:
    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, host, port):
        """Connected and authenticated: by then HAProxy has chosen the node."""
        connection = cls(*await asyncio.open_connection(host, port))
        try:
            await connection.ask("AUTH", "app", PASSWORD.read_text(encoding="utf-8").strip())
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self):
        self._writer.transport.abort()

    async def ask(self, *words):
        """The answer: bytes, a number or None. ValueError is an error that Redis told."""
        encoded = [str(word).encode() for word in words]
        self._writer.write(b"*%d\r\n" % len(encoded) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
        line = (await self._reader.readuntil(b"\r\n"))[:-2]
        match line[:1]:
            case b"+":
                return line[1:]
            case b":":
                return int(line[1:])
            case b"$":
                size = int(line[1:])
                return None if size < 0 else (await self._reader.readexactly(size + 2))[:-2]
        raise ValueError(line.decode(errors="replace"))
