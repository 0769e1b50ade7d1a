"""The clients of a drill: `python3 -m drills.writers KIND LABEL PORT PATIENCE FILE`.

Three kinds, each in a process of its own, so that none waits for another's many answers. Each writes RATE
times a second through HAProxy, and no key twice:
    new     opens a connection for every write
    pooled  keeps POOL connections, and leaves one at every error, READONLY too
    sticky  keeps one connection, and leaves it only when the socket fails
A client waits PATIENCE seconds for its answer. What became of each write is a line of FILE (records.py),
under this LABEL, with which all of its keys begin.
"""

import asyncio
import signal
import sys
import time

from lab import resp

RATE = 200
POOL = 8
FAILURES = (OSError, EOFError, ValueError)


class Connection:
    """A connection on which every write is sent together with the question who answers it."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port):
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def close(self):
        self._writer.transport.abort()

    async def write(self, key):
        """Returns (port of the Redis that answered, its error or None). No two nodes of a lab have the
        same port, and one that loads its data answers neither command."""
        self._writer.write(resp.encode("SET", key, key) + resp.encode("CONFIG", "GET", "port"))
        answer = await self._line()
        if await self._line() != "*2":
            raise ValueError(answer)
        for _ in range(3):  # $4, port, the length of what follows
            await self._line()
        port = await self._line()
        return int(port), None if answer == "+OK" else answer

    async def _line(self):
        line = await self._reader.readuntil(b"\r\n")
        return line[:-2].decode()


async def ticks(rate):
    """Numbers at an even pace; what was missed while the last one was used is left out."""
    number, due = 0, time.monotonic()
    while True:
        yield number
        number += 1
        due = max(due + 1 / rate, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


class Clients:
    def __init__(self, label, port, patience, file):
        self._label, self._port, self._patience, self._file = label, port, patience, file

    def _record(self, connection, key, begun, port, error):
        error = " ".join(str(error).split()) if error else ""
        self._file.write(
            f"{self._label}\t{connection}\t{key}\t{begun:.6f}\t{time.monotonic():.6f}\t{port or ''}\t{error}\n")

    async def write_anew(self):
        running = set()
        async for number in ticks(RATE):
            task = asyncio.create_task(self._write_once(f"{self._label}:{number}"))
            running.add(task)
            task.add_done_callback(running.discard)

    async def _write_once(self, key):
        begun, connection = time.monotonic(), None
        try:
            async with asyncio.timeout(self._patience):
                connection = await Connection.open(self._port)
                port, error = await connection.write(key)
        except FAILURES as failure:
            port, error = None, in_words(failure)
        if connection:
            connection.close()
        self._record(0, key, begun, port, error)

    async def keep_writing(self, number, rate, leave_at_errors):
        connection = None
        async for tick in ticks(rate):
            key, begun = f"{self._label}:{number}:{tick}", time.monotonic()
            try:
                async with asyncio.timeout(self._patience):
                    connection = connection or await Connection.open(self._port)
                    port, error = await connection.write(key)
                leave = error and leave_at_errors
            except FAILURES as failure:
                port, error, leave = None, in_words(failure), True
            if leave and connection:
                connection.close()
                connection = None
            self._record(number, key, begun, port, error)

    async def flush(self):
        async for _ in ticks(20):
            self._file.flush()

    def write(self, kind):
        """What clients of this kind do, for ever: coroutines."""
        match kind:
            case "new":
                return [self.write_anew()]
            case "pooled":
                return [self.keep_writing(number, RATE / POOL, True) for number in range(POOL)]
            case "sticky":
                return [self.keep_writing(0, RATE, False)]
        raise ValueError(kind)

    async def run(self, kind):
        work = asyncio.gather(*self.write(kind), self.flush())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
        try:
            await work
        except asyncio.CancelledError:
            pass  # asked to end: writes that are under way become nothing


def in_words(failure):
    match failure:
        case TimeoutError():
            return "no answer in time"
        case EOFError():
            return "closed"
    return str(failure) or type(failure).__name__


def main():
    kind, label, port, patience, path = sys.argv[1:]
    with open(path, "w", encoding="utf-8") as file:
        asyncio.run(Clients(label, int(port), float(patience), file).run(kind))


if __name__ == "__main__":
    main()
