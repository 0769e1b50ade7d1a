"""A name server that is slow and lies, before the real one: `python3 -m lab.slow_names ADDRESS REAL FILE`.

Answers as REAL does, so many milliseconds later as FILE says. What FILE has after that number, `NAME ADDRESS` a line,
are lies: the address that is answered for a name. An ADDRESS of `-` is the answer that there is no such name.
"""

import asyncio
import os
import pathlib
import socket
import sys

from .process import Process
from .waiting import wait_until

TESTS = pathlib.Path(__file__).resolve().parents[1]
PORT = 53
A, NXDOMAIN = 1, 3


class SlowNames(Process):
    """It as a process of a lab: as good as the real one until set() says otherwise."""

    def __init__(self, lab, address, real):
        super().__init__("slow-names", lab.subfolder("slow-names"))
        self.address, self._real, self._file = address, real, self.folder / "answers"
        self.set()

    def set(self, delay=0, **lies):
        """Answers come so many ms late. `lies`: name (with _ for -, below redis.lab) → address, or - for none."""
        told = "".join(f"{name.replace('_', '-')}.redis.lab {address}\n" for name, address in lies.items())
        new = self._file.with_suffix(".new")
        new.write_text(f"{delay}\n{told}")
        new.replace(self._file)

    def start(self):
        said = len(self.log_text())
        self.launch(sys.executable, "-m", "lab.slow_names", self.address, self._real, self._file,
                    environment=os.environ | {"PYTHONPATH": str(TESTS)})
        wait_until(lambda: "started" in self.log_text()[said:], 5, self.log_text)


def name_in(question):
    """(the name, where it ends) in a message with one question."""
    labels, at = [], 12
    while size := question[at]:
        labels.append(question[at + 1:at + 1 + size].decode().lower())
        at += size + 1
    return ".".join(labels), at + 1


def lie(question, address):
    """An answer with this IPv4 address alone; without any to other types. None: there is no such name."""
    end = name_in(question)[1] + 4
    fits = address is not None and int.from_bytes(question[end - 4:end - 2]) == A
    flags = 0x8580 | (NXDOMAIN if address is None else 0)
    head = question[:2] + flags.to_bytes(2) + (1).to_bytes(2) + int(fits).to_bytes(2) + bytes(4)
    record = (b"\xc0\x0c" + A.to_bytes(2) + (1).to_bytes(2) + (1).to_bytes(4) + (4).to_bytes(2)
              + socket.inet_aton(address)) if fits else b""
    return head + question[12:end] + record


class Server(asyncio.DatagramProtocol):
    def __init__(self, real, file):
        self._real, self._file, self._running = real, file, set()

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, sender):
        task = asyncio.create_task(self._answer(data, sender))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, question, sender):
        delay, *lies = self._file.read_text().splitlines()
        told = dict(line.split() for line in lies)
        await asyncio.sleep(float(delay) / 1000)
        if address := told.get(name_in(question)[0]):
            self._transport.sendto(lie(question, None if address == "-" else address), sender)
            return
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as real:
            real.setblocking(False)
            real.connect((self._real, PORT))
            try:
                async with asyncio.timeout(2):
                    await loop.sock_sendall(real, question)
                    self._transport.sendto(await loop.sock_recv(real, 4096), sender)
            except OSError:
                pass  # who asks will ask again


async def serve(address, real, file):
    await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Server(real, pathlib.Path(file)), (address, PORT))
    print("started", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
