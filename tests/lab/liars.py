"""Peers that are not what they should be: each says, at one place of its conversation, what a test wants."""

import contextlib
import http.server
import itertools
import pathlib
import socketserver
import threading

from .nodes import HOST


def bulk(data):
    return b"$%d\r\n%s\r\n" % (len(data), data)


def array(*words):
    return b"*%d\r\n" % len(words) + b"".join(
        b":%d\r\n" % word if isinstance(word, int) else bulk(word)
        for word in words)


def error(text):
    return b"-" + text.replace(b"\r\n", b"\n") + b"\r\n"


class _Talk(socketserver.StreamRequestHandler):
    """One connection of a client that speaks RESP."""

    def handle(self):
        with contextlib.suppress(OSError, ValueError):
            while head := self.rfile.readline():
                words = []
                for _ in range(int(head[1:])):
                    size = int(self.rfile.readline()[1:])
                    words.append(self.rfile.read(size + 2)[:-2])
                for answer in self.server.answers(words):
                    self.wfile.write(answer)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _SocketServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Liar:
    """A context: a server at `address`. `lie` is where it lies: the words with which a command begins, and
    what is answered then, a function of what it says this time."""

    def __init__(self, lab, lie, says):
        self.port = lab.ports.take()
        self.address = f"{HOST}:{self.port}"
        self._where, self._answer = lie
        self._says = itertools.cycle(says)
        self.told = 0

    def __enter__(self):
        self._server = _Server((HOST, self.port), _Talk)
        self._server.answers = self.answers
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def answers(self, words):
        command = b" ".join(words).upper()
        if command.startswith(self._where):
            self.told += 1
            yield self._answer(next(self._says))
            if self._where != b"SUBSCRIBE ":
                return
        yield from self.honest(words, command)


class LyingSentinel(Liar):
    """Where it does not lie, it names the master at `master`."""

    def __init__(self, lab, lie, says, master):
        super().__init__(lab, lie, says)
        self._master = master

    def honest(self, words, command):
        host, port = (part.encode() for part in self._master.split(":"))
        if command.startswith(b"SUBSCRIBE"):
            for number, channel in enumerate(words[1:], 1):
                yield array(b"subscribe", channel, number)
        elif command.startswith(b"PING"):
            yield b"+PONG\r\n"
        elif command.startswith(b"INFO"):
            yield bulk(b"# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\n")
        elif command.startswith(b"SENTINEL MYID"):
            yield bulk(b"%040x" % self.port)
        elif command.startswith(b"SENTINEL CKQUORUM"):
            yield b"+OK 3 usable Sentinels\r\n"
        elif command.startswith(b"SENTINEL GET"):
            yield array(host, port)
        elif command.startswith(b"SENTINEL MASTER"):
            yield array(b"ip", host, b"port", port, b"flags", b"master", b"config-epoch", b"1",
                        b"num-other-sentinels", b"2")
        elif command.startswith(b"SENTINEL REPLICAS"):
            yield b"*0\r\n"
        else:
            yield b"+OK\r\n"


class LyingNode(Liar):
    """Where it does not lie, it is a master without replicas."""

    def honest(self, _words, command):
        if command.startswith(b"ROLE"):
            yield b"*3\r\n$6\r\nmaster\r\n:10\r\n*0\r\n"
        elif command.startswith(b"INFO"):
            yield bulk(b"# Server\r\nrun_id:" + b"a" * 40 + b"\r\n# Replication\r\nrole:master\r\n"
                       b"master_repl_offset:10\r\n")
        else:
            yield b"+OK\r\n"


class LyingSocket:
    """A context: a UNIX socket of HAProxy that answers whatever it is asked with the next of `says`."""

    def __init__(self, path, says):
        self.path = pathlib.Path(path)
        self._says = itertools.cycle(says)
        self.told = 0

    def __enter__(self):
        liar = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    self.rfile.read()
                    liar.told += 1
                    self.wfile.write(next(liar._says))

        self._server = _SocketServer(str(self.path), Talk)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class LyingAgent:
    """A context: answers every request over HTTP with `status` and `body`."""

    def __init__(self, lab, body, status=200):
        self.port = lab.ports.take()
        self.url = f"http://{HOST}:{self.port}"
        self._body, self._status = body, status

    def __enter__(self):
        body, status = self._body, self._status

        class Talk(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, self.port), Talk)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
