"""What goes on beside the block of a `with`."""

import threading


class Background:
    """A context in which `runs` are run, each by a thread of its own. They end when `_stopped` is set, which
    leaving the block does; then they are waited for."""

    def __init__(self, *runs):
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in runs]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        for thread in self._threads:
            thread.join()
