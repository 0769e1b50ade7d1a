"""Clients of HAProxy that write all the time and note what became of every write."""

import asyncio
import dataclasses
import time

from . import resp
from .background import Background
from .waiting import wait_until

PATIENCE = 3.0  # seconds until a client leaves a connection that does not answer
MOST_AT_ONCE = 500
FAILURES = (OSError, EOFError, ValueError)


def in_words(failure):
    match failure:
        case TimeoutError():
            return "no answer in time"
        case EOFError():
            return "closed"
    return str(failure)


@dataclasses.dataclass(frozen=True)
class Write:
    """One write by CLOCK_MONOTONIC. `port` is that of the Redis which was reached, None when none
    was; `error` is None for an acknowledged write."""

    begun: float
    ended: float
    port: int | None
    error: str | None


class Writer(Background):
    """A context that writes `rate` times a second through `port` while it is open.

    Writes begin on time, whatever became of earlier ones. A new connection for each write, or with
    pooled=True one connection that is kept until it fails. The Redis answers who it is on the same
    connection, in the same request.
    """

    def __init__(self, port, rate=200, pooled=False, password=None, patience=PATIENCE):
        super().__init__(lambda: asyncio.run(self._run()))
        self.writes = []
        self._patience = patience
        self._port, self._rate, self._password = port, rate, password
        self._run = self._write_pooled if pooled else self._write_anew

    def __enter__(self):
        super().__enter__()
        wait_until(lambda: self.writes, self._patience + 2, "the first write has ended")
        return self

    def first_accepted(self, node, since):
        """The first write acknowledged by `node` that ended after `since`; None without one."""
        return min((write for write in self.writes
                    if write.port == node.port and not write.error and write.ended >= since),
                   key=lambda write: write.ended, default=None)

    def first_accepted_by_another(self, node, since):
        """The first write acknowledged by another than `node` that ended after `since`; None without one."""
        return next((write for write in list(self.writes)
                     if write.port not in (None, node.port) and not write.error and write.ended >= since), None)

    async def _ticks(self):
        started = time.monotonic()
        number = 0
        while not self._stopped.is_set():
            yield number
            number += 1
            await asyncio.sleep(max(0, started + number / self._rate - time.monotonic()))

    async def _write_anew(self):
        running = set()
        async for number in self._ticks():
            if len(running) < MOST_AT_ONCE:
                task = asyncio.create_task(self._write_once(number))
                running.add(task)
                task.add_done_callback(running.discard)
        await asyncio.gather(*running)

    async def _write_once(self, number):
        begun = time.monotonic()
        streams = []
        try:
            async with asyncio.timeout(self._patience):
                streams = await self._connect()
                port, error = await self._exchange(streams, number)
        except FAILURES as failure:
            port, error = None, in_words(failure)
        self.writes.append(Write(begun, time.monotonic(), port, error))
        if streams:
            streams[1].close()

    async def _write_pooled(self):
        streams = []
        async for number in self._ticks():
            begun = time.monotonic()
            try:
                async with asyncio.timeout(self._patience):
                    streams = streams or await self._connect()
                    port, error = await self._exchange(streams, number)
            except FAILURES as failure:
                port, error = None, in_words(failure)
                if streams:
                    streams[1].close()
                streams = []
            self.writes.append(Write(begun, time.monotonic(), port, error))
        if streams:
            streams[1].close()

    async def _connect(self):
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _exchange(self, streams, number):
        """Writes, asks who answered; returns (port, error of the write)."""
        reader, writer = streams
        commands = [("SET", f"written-{number % 1000}", number), ("CONFIG", "GET", "port")]
        if self._password:
            commands.insert(0, ("AUTH", self._password))
        writer.write(b"".join(resp.encode(*words) for words in commands))
        if self._password:
            await reader.readuntil(b"\r\n")
        answer = (await reader.readuntil(b"\r\n")).decode().strip()
        for _ in range(4):  # *2, $4, port, $5
            await reader.readuntil(b"\r\n")
        port = int(await reader.readuntil(b"\r\n"))
        return port, None if answer == "+OK" else answer
