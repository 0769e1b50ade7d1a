"""Waiting for a condition, never for a time."""

import time


class TimedOut(AssertionError):
    """A condition did not come true before its deadline."""


def wait_until(condition, within, what, every=0.01):
    """Returns the first true value of `condition()`; raises TimedOut after `within` seconds.

    `what` is the condition in words, or a callable that says how things stand at the deadline.
    """
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimedOut(f"not within {within} s: {what() if callable(what) else what}")
        time.sleep(every)
