"""Many idle sessions, in a process of their own: `python3 -m drills.crowd PORT COUNT FILE`.

Each has spoken once and now waits, as in a pool. FILE says `open` when all are there.
"""

import asyncio
import sys

from lab import resp

AT_ONCE = 100  # connections that are being made


async def open_one(port, limit):
    async with limit:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(resp.encode("PING"))
        if await reader.readuntil(b"\r\n") != b"+PONG\r\n":
            raise ConnectionError("no PONG")
        return reader, writer


async def run(port, count, file):
    limit = asyncio.Semaphore(AT_ONCE)
    sessions = await asyncio.gather(*(open_one(port, limit) for _ in range(count)))
    print("open", file=file)
    await asyncio.gather(*(reader.read() for reader, _ in sessions), return_exceptions=True)


def main():
    with open(sys.argv[3], "w", encoding="utf-8", buffering=1) as file:
        asyncio.run(run(int(sys.argv[1]), int(sys.argv[2]), file))


if __name__ == "__main__":
    main()
