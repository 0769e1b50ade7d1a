"""HAProxy with the Lua module: what it knows of a name, and when it came to know it."""

import json

from .haproxy import HAProxy
from .observer import Observer, Poller


class PushedHAProxy(HAProxy):
    """A HAProxy in the form lua or lua-fallback, with so many threads. `options` are further words for the
    module."""

    def __init__(self, lab, agent, form="lua", threads=1, options="", edit=None, **others):
        def adapted(text):
            text = text.replace("\nglobal\n", f"\nglobal\n    nbthread {threads}\n", 1)
            if options:
                text = text.replace("    lua-load", f'{_added(options)}    lua-load', 1)
            return edit(text) if edit else text

        super().__init__(lab, agent, form, edit=adapted, **others)

    def show(self, *words):
        """What `show sentinel` answers, as JSON."""
        return json.loads(self.ask(" ".join(["show sentinel", *words, "json"])))

    def known(self, name):
        """(server, state) of a name; None where it knows nothing of it."""
        return next(((master["server"], master["state"]) for master in self.show()["masters"]
                     if master["name"] == name), None)

    def followed(self):
        """The address of the agent that it follows now; None without one."""
        (feed,) = self.show()["agents"]
        return feed["agent"] if feed["connected"] else None

    def alerts(self):
        """The lines of its log that nobody wants to see; that the agent is away is none."""
        return [line for line in self.log_text().splitlines()
                if ("[ALERT]" in line or "Lua" in line or "please report" in line)
                and "backend 'sentinel_agents' has no server" not in line]


def _added(words):
    return f'    setenv SENTINEL_SPOA_LUA "${{SENTINEL_SPOA_LUA}} {words}"\n'


class PushedObserver(Observer):
    """As Observer; the verdict is the one that HAProxy's table has."""

    def __init__(self, deployment, haproxy):
        super().__init__(deployment)
        name = deployment.group.name

        class Control:
            def close(self):
                pass

        self._verdict = Poller(Control, lambda _: haproxy.known(name)[0] or None)
