"""Sentinels that all name the master which a test wants, as soon as it does, and publish the change."""

import asyncio

from .background import Background
from .nodes import HOST


class ScriptedSentinels(Background):
    """A context: a Sentinel at each of `ports` watches each of `names`, whose nodes are `servers` (server →
    (host, port)). The first of these is the master of all until move() says otherwise."""

    def __init__(self, names, servers, ports):
        super().__init__(lambda: asyncio.run(self._serve()))
        self._names, self._servers, self._ports = names, servers, ports
        self._loop = None
        self._subscribers = set()
        self.master, self.epoch = next(iter(servers)), 1

    def __exit__(self, *failure):
        self._loop.call_soon_threadsafe(self._over.set)
        super().__exit__(*failure)

    @property
    def addresses(self):
        return [f"{HOST}:{port}" for port in self._ports]

    def move(self, server):
        """Makes `server` the master for all of them, at the next epoch."""
        self._loop.call_soon_threadsafe(self._move, server)

    def _move(self, server):
        old, self.master = self._servers[self.master], server
        self.epoch += 1
        for name in self._names:
            words = " ".join(map(str, (name, *old, *self._servers[server])))
            for subscriber in self._subscribers:
                _write(subscriber, _array("message", "+switch-master", words))

    async def _serve(self):
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        servers = [
            await asyncio.start_server(
                lambda reader, writer, port=port: self._talk(reader, writer, port), HOST, port)
            for port in self._ports]
        await self._over.wait()
        for server in servers:
            server.close()

    async def _talk(self, reader, writer, port):
        try:
            while words := await _request(reader):
                for answer in self._answers(words, writer, port):
                    _write(writer, answer)
        except (OSError, EOFError):
            pass  # the agent has left
        finally:
            self._subscribers.discard(writer)
            writer.close()

    def _answers(self, words, writer, port):
        host, node_port = self._servers[self.master]
        match [word.upper() for word in words[:2]]:
            case ["PING", *_]:
                # A connection that subscribes is answered in another form.
                yield _array("pong", "") if writer in self._subscribers else b"+PONG\r\n"
            case ["SUBSCRIBE", *_]:
                self._subscribers.add(writer)
                for number, channel in enumerate(words[1:], 1):
                    yield b"*3\r\n" + _bulk("subscribe") + _bulk(channel) + b":%d\r\n" % number
            case ["INFO", *_]:
                yield _bulk(f"# Sentinel\r\nsentinel_masters:{len(self._names)}\r\nsentinel_tilt:0\r\n")
            case ["SENTINEL", "MYID"]:
                yield _bulk(f"{port:040x}")
            case ["SENTINEL", "CKQUORUM"]:
                yield b"+OK 3 usable Sentinels. Quorum and failover authorization can be reached\r\n"
            case ["SENTINEL", "GET-MASTER-ADDR-BY-NAME"]:
                yield _array(host, node_port)
            case ["SENTINEL", "MASTER"]:
                yield _array(*self._fields(words[2], host, node_port))
            case ["SENTINEL", "REPLICAS"]:
                others = [node for server, node in self._servers.items() if server != self.master]
                yield b"*%d\r\n" % len(others) + b"".join(
                    _array("name", f"{address}:{number}", "ip", address, "port", number, "flags", "slave",
                           "master-link-status", "ok", "master-host", host, "master-port", node_port)
                    for address, number in others)
            case _:
                yield b"-ERR unknown command\r\n"

    def _fields(self, name, host, port):
        return ("name", name, "ip", host, "port", port, "runid", "a" * 40, "flags", "master",
                "last-ping-sent", 0, "last-ok-ping-reply", 10, "last-ping-reply", 10,
                "down-after-milliseconds", 1000, "config-epoch", self.epoch,
                "num-slaves", len(self._servers) - 1, "num-other-sentinels", len(self._ports) - 1,
                "quorum", len(self._ports) // 2 + 1, "failover-timeout", 10000, "parallel-syncs", 1)


def _write(writer, data):
    """To one that may have left with questions of its own still unread."""
    if not writer.is_closing():
        writer.write(data)


async def _request(reader):
    """The words of the next command; none at the end."""
    head = await reader.readline()
    if not head:
        return []
    words = []
    for _ in range(int(head[1:])):
        length = int((await reader.readline())[1:])
        words.append((await reader.readexactly(length + 2))[:-2].decode())
    return words


def _bulk(word):
    data = str(word).encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


def _array(*words):
    return b"*%d\r\n" % len(words) + b"".join(map(_bulk, words))
