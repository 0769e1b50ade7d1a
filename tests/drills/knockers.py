"""Clients that come and go, in a process of their own: `python3 -m drills.knockers RATE FILE PORT…`.

RATE times a second one connects, to one of the ports after the other, asks for PONG, stays for a moment and leaves. FILE has a line each second: how
many have come, how many have been answered.
"""

import asyncio
import itertools
import sys

from lab import resp

from .writers import ticks

STAYS = 0.1
MOST_AT_ONCE = 2000
PATIENCE = 10.0


class Knockers:
    def __init__(self, ports):
        self._ports = itertools.cycle(ports)
        self.begun = self.answered = 0

    async def _knock(self):
        writer = None
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", next(self._ports))
                writer.write(resp.encode("PING"))
                self.answered += await reader.readline() == b"+PONG\r\n"
            await asyncio.sleep(STAYS)
        except (OSError, EOFError):
            pass  # refused, or its session was ended
        finally:
            if writer:
                writer.transport.abort()

    async def run(self, rate, file):
        telling = asyncio.create_task(self._tell(file))  # kept: the loop alone would let it be collected
        running = set()
        async for _ in ticks(rate):
            if len(running) < MOST_AT_ONCE:
                self.begun += 1
                task = asyncio.create_task(self._knock())
                running.add(task)
                task.add_done_callback(running.discard)
        await telling

    async def _tell(self, file):
        while True:
            await asyncio.sleep(1)
            print(self.begun, self.answered, file=file)


def main():
    rate, name, *ports = sys.argv[1:]
    with open(name, "w", encoding="utf-8", buffering=1) as file:
        asyncio.run(Knockers([int(port) for port in ports]).run(float(rate), file))


if __name__ == "__main__":
    main()
