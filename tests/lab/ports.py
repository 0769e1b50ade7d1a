"""Free TCP ports that no other lab on this machine will take at the same time."""

import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections.
FIRST, LAST = 20000, 31999


class Ports:
    """Hands out ports of 127.0.0.1 and keeps them claimed until close().

    A claim is an abstract UNIX socket named after the port: binding it is atomic between processes, and
    it vanishes with its owner. A program that knows nothing of claims may still be quicker than the
    process the port was meant for; that one then fails to bind, and its starter begins anew.
    """

    def __init__(self):
        self._claims = []

    def take(self):
        """Returns a port that was free a moment ago."""
        for _ in range(1000):
            port = random.randint(FIRST, LAST)
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                claim.bind(f"\0sentinel-spoa-lab-{port}")
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            except OSError:
                claim.close()
                continue
            self._claims.append(claim)
            return port
        raise RuntimeError(f"no free port between {FIRST} and {LAST} in 1000 attempts")

    def close(self):
        """Gives all claims back."""
        for claim in self._claims:
            claim.close()
        self._claims.clear()
