"""The clients of the lab: traffic.py HOST:PORT...

Through each HAProxy write two clients, RATE times a second: `new` opens a connection for every write,
`kept` keeps one as long as it can. No bit is written twice, so that what Redis holds can be compared
with what it acknowledged: once a second for the last writes, and for all of them after GET /stop.

On port 9100: /metrics, /healthy, /stop (stop writing, compare everything, answer with the result),
/start (go on).
"""

import asyncio
import json
import os
import sys
import time

from connection import Connection
from ledger import Ledger
from tally import Tally

RATE = float(os.environ.get("RATE", "20"))
PATIENCE = 15  # seconds that a client waits for its answer: longer than the agent lets it wait
FAILURES = (OSError, EOFError, ValueError, TimeoutError)


class Client:
    """Writes on through one HAProxy, by its kind."""

    def __init__(self, kind, host, port, run):
        self.name = f"{kind}@{host}"
        self.tally = Tally()
        self.ledger = Ledger(f"lab:{run}:{self.name}")
        self.pending = set()
        self._kind, self._place = kind, (host, port)
        self._connection = None

    async def write_on(self, writing):
        """One write at each tick, while `writing` is set."""
        due = time.monotonic()
        while True:
            await writing.wait()
            due = max(due + 1 / RATE, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            write = asyncio.create_task(self._write(self.ledger.next()))
            self.pending.add(write)
            write.add_done_callback(self.pending.discard)
            if self._kind == "kept":
                await write

    async def _write(self, number):
        begun, connection = time.monotonic(), self._connection
        key, offset = self.ledger.place(number)
        try:
            async with asyncio.timeout(PATIENCE):
                connection = connection or await Connection.open(*self._place)
                await connection.ask("SETBIT", key, offset, 1)
            self.ledger.acknowledge(number)
            self.tally.acknowledged(time.monotonic() - begun)
            if self._kind == "kept":
                self._connection = connection
                return
        except FAILURES as failure:
            self._connection = None
            self.tally.failed(reason_of(failure))
        if connection:
            connection.close()


def reason_of(failure):
    match failure:
        case TimeoutError():
            return "no answer"
        case EOFError() | ConnectionError():
            return "closed"
        case ValueError():
            return str(failure).split(" ")[0].strip("-")  # Redis' own word: READONLY
    return "other"


class Lab:
    def __init__(self, places):
        run = f"{int(time.time()):x}"
        self.clients = [Client(kind, *place, run) for place in places for kind in ("new", "kept")]
        self._places = places
        self._writing = asyncio.Event()
        self._comparing = asyncio.Lock()

    async def run(self):
        self._writing.set()
        async with asyncio.TaskGroup() as tasks:
            for client in self.clients:
                tasks.create_task(client.write_on(self._writing))
            tasks.create_task(self._compare_on())
            tasks.create_task(self._print_on())
            server = await asyncio.start_server(self._serve, "0.0.0.0", 9100)
            tasks.create_task(server.serve_forever())

    async def compare(self, everything):
        """Reads back from the master, by whichever HAProxy answers, what should be there."""
        async with self._comparing:
            for place in self._places:
                try:
                    async with asyncio.timeout(PATIENCE):
                        connection = await Connection.open(*place)
                        try:
                            for client in self.clients:
                                await client.ledger.compare(connection.ask, everything)
                        finally:
                            connection.close()
                    return True
                except FAILURES:
                    continue
            return False

    async def _compare_on(self):
        while True:
            await asyncio.sleep(1)
            await self.compare(everything=False)

    async def _print_on(self):
        last = None
        while True:
            line = Tally.sum(client.tally for client in self.clients).line(
                sum(client.ledger.lost for client in self.clients))
            if line.trouble != last or int(time.time()) % 10 == 0:
                print(time.strftime("%H:%M:%S"), line, flush=True)
                last = line.trouble
            await asyncio.sleep(1)

    async def stop(self):
        """No write is under way any more, and all have been compared."""
        self._writing.clear()
        await asyncio.sleep(2 / RATE)
        while pending := [write for client in self.clients for write in client.pending]:
            await asyncio.wait(pending)
        compared = await self.compare(everything=True)
        total = Tally.sum(client.tally for client in self.clients)
        ledgers = [client.ledger for client in self.clients]
        return {
            "compared": compared,
            "written": sum(ledger.written for ledger in ledgers),
            "acknowledged": total.writes,
            "failed": sum(total.failures.values()),
            "lost": sum(ledger.lost for ledger in ledgers),
            "unacknowledged_but_there": sum(ledger.surplus for ledger in ledgers),
            "in_redis": sum(ledger.held for ledger in ledgers),
            "keys": [key for ledger in ledgers for key in ledger.keys()],
        }

    async def _serve(self, reader, writer):
        try:
            async with asyncio.timeout(60):
                path = (await reader.readline()).split(b" ")[1].decode()
                while (await reader.readline()).strip():
                    pass
                code, body = await self._answer(path)
                body = body.encode()
                head = f"HTTP/1.0 {code} {'OK' if code == 200 else 'No'}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (OSError, IndexError, TimeoutError):
            pass
        finally:
            writer.close()

    async def _answer(self, path):
        match path:
            case "/metrics":
                return 200, "".join(self._metrics())
            case "/healthy":
                good = all(client.tally.writes for client in self.clients)
                return (200, "OK\n") if good else (503, "nothing written yet\n")
            case "/stop":
                return 200, json.dumps(await self.stop()) + "\n"
            case "/start":
                self._writing.set()
                return 200, "OK\n"
        return 404, "there are /metrics /healthy /stop /start\n"

    def _metrics(self):
        yield "# TYPE lab_writes_acknowledged_total counter\n"
        for client in self.clients:
            yield f'lab_writes_acknowledged_total{{client="{client.name}"}} {client.tally.writes}\n'
        yield "# TYPE lab_writes_failed_total counter\n"
        for client in self.clients:
            for reason, count in client.tally.failures.items():
                yield f'lab_writes_failed_total{{client="{client.name}",reason="{reason}"}} {count}\n'
        yield "# TYPE lab_writes_waited_total counter\n"
        for client in self.clients:
            yield f'lab_writes_waited_total{{client="{client.name}"}} {client.tally.waits}\n'
        yield "# TYPE lab_writes_waited_seconds_total counter\n"
        for client in self.clients:
            yield f'lab_writes_waited_seconds_total{{client="{client.name}"}} {client.tally.waited:.3f}\n'
        yield "# TYPE lab_longest_wait_seconds gauge\n"
        for client in self.clients:
            yield f'lab_longest_wait_seconds{{client="{client.name}"}} {client.tally.longest:.3f}\n'
        yield "# HELP lab_writes_lost Acknowledged, and not there any more.\n"
        yield "# TYPE lab_writes_lost gauge\n"
        for client in self.clients:
            yield f'lab_writes_lost{{client="{client.name}"}} {client.ledger.lost}\n'


def main():
    places = []
    for argument in sys.argv[1:]:
        host, _, port = argument.rpartition(":")
        places.append((host, int(port)))
    asyncio.run(Lab(places).run())


if __name__ == "__main__":
    main()
