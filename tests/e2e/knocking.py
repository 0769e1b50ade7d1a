"""Clients that only find out where a connection leads."""

import concurrent.futures
import dataclasses
import time

from lab import resp


@dataclasses.dataclass(frozen=True)
class Knock:
    """`port` of the Redis that answered, None when HAProxy refused; after `seconds`."""

    port: int | None
    seconds: float


def must_be_refusal(error):
    """Raises what is not the error line of the Lua module."""
    if not str(error).startswith("MASTERDOWN no master for "):
        raise error


def knock(port):
    """Connects and asks who is there. Raises TimeoutError when nobody answers and nobody closes."""
    begun = time.monotonic()
    try:
        with resp.Connection(port, timeout=3) as connection:
            reached = int(connection.call("CONFIG", "GET", "port")[1])
    except ConnectionError:
        reached = None
    except resp.ErrorReply as error:
        must_be_refusal(error)
        reached = None
    return Knock(reached, time.monotonic() - begun)


def knock_often(port, times, at_once=20):
    """The knocks of `times` clients, `at_once` of them at a time."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as clients:
        return list(clients.map(lambda _: knock(port), range(times)))


def wait_in_silence(port):
    """Connects and says nothing; a Redis would wait too. Returns the seconds until the connection is
    closed; raises TimeoutError when it is not."""
    begun = time.monotonic()
    try:
        with resp.Connection(port, timeout=3) as connection:
            connection.reply()
    except ConnectionError:
        pass
    except resp.ErrorReply as error:
        must_be_refusal(error)
    return time.monotonic() - begun
