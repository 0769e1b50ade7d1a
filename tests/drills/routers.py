"""What the drills compare: HAProxy with the agent, and HAProxy without it."""

import re
import resource

from lab.agent import make_agent, masters_of
from lab.haproxy import HAProxy
from lab.waiting import wait_until

from . import tcp_check
from .lab import NAME
from .network import HERE
from .proxy import Proxy

# HAProxy needs two descriptors for each, and this machine may not allow more.
MOST_SESSIONS = min(12000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 100)


class AgentRouter:
    """HAProxy as the agent's generator configures it, and `agents` agents: the second is asked
    when the first cannot be reached. With act=False they give verdicts alone, and leave HAProxy's servers as
    they are. All of it runs on `host`. `config` becomes part of the agents' configuration."""

    def __init__(self, lab, deployment, host=HERE, act=True, agents=1, policy=None, **config):
        self.control = lab.subfolder("control") / "admin.sock"
        (master,) = masters_of(deployment)
        sections = config | {"masters": [master | {"redis": {}, "policy": policy or {}}]}
        if act:
            sections["haproxy"] = [{
                "runtime_api": f"unix:{self.control}",
                "master_cli": f"unix:{self.control.with_name('master.sock')}", "backends": {f"redis_{NAME}_nodes": NAME}}]
        names = [f"agent-{host}", *(f"agent-{host}-{number}" for number in range(2, agents + 1))]
        self.agents = [make_agent(lab, deployment, name, **sections) for name in names]
        for agent in self.agents:
            agent.config["spop"]["listen"] = _endpoint(agent)
            agent.write_config()
        generated = HAProxy(lab, self.agents[0], "use-server")
        self.haproxy = lab.add(Proxy(
            lab, f"haproxy-{host}", self._adapted(generated.file.read_text()), self.control, generated.port))

    def _adapted(self, text):
        """Its runtime API where the agents expect it, room for all sessions, the other agents, a log."""
        others = "".join(f"\n    server a{number} {_endpoint(agent)}"
                         for number, agent in enumerate(self.agents[1:], 2))
        for pattern, replacement in (
                (r"stats socket \S+", f"stats socket {self.control}"),
                (r"\bmaxconn \d+", f"maxconn {MOST_SESSIONS}"),
                (r"\nglobal\n", r"\g<0>    log stdout format raw local0\n"),
                (r"\ndefaults\n", r"\g<0>    log global\n"),
                (r"(\n    server a1 .*)", rf"\1{others}")):
            text, count = re.subn(pattern, replacement, text)
            assert count == 1, f"{count} times {pattern} in:\n{text}"
        return text

    def start(self):
        for agent in self.agents:
            agent.start()
        self.haproxy.start()


class CheckRouter:
    """HAProxy on `host` with checks of its own, written by `configure`."""

    agents = ()

    def __init__(self, lab, deployment, configure, host=HERE):
        self.control = lab.subfolder("control") / "admin.sock"
        port = lab.ports.take()
        self.haproxy = lab.add(Proxy(lab, f"haproxy-{host}", configure(
            deployment, port=port, control=self.control, maxconn=MOST_SESSIONS), self.control, port))
        master = deployment.group.server_of(deployment.group.nodes[0])
        self._good = {("redis_nodes", master)} if configure is tcp_check.by_role else {
            (f"sentinels_for_{master}", f"S{number}")
            for number, _ in enumerate(deployment.sentinels, 1)}

    def start(self):
        self.haproxy.start()
        wait_until(self._has_found_the_master, 15, "HAProxy's checks have found the master", every=0.1)

    def _has_found_the_master(self):
        """Whether every check that asks for the master has come to its end. All begin as if good."""
        backends = {backend for backend, _ in self._good}
        found = {(row["pxname"], row["svname"]): row["status"] for row in self.haproxy.statistics()
                 if row["svname"] not in ("FRONTEND", "BACKEND")
                 and (row["pxname"] in backends or row["pxname"].startswith("sentinels_for_"))}
        return all(status == ("UP" if server in self._good else "DOWN")
                   for server, status in found.items())


def _endpoint(agent):
    host, port = agent.spop_address
    return f"{host}:{port}"


ROUTERS = {
    "agent": AgentRouter,
    "verdicts": lambda *world, **options: AgentRouter(*world, act=False, **options),
    "tcp-check-1": lambda *world, host: CheckRouter(*world, tcp_check.by_role, host),
    "tcp-check-2": lambda *world, host: CheckRouter(*world, tcp_check.by_sentinels, host),
}
TITLES = {
    "agent": "sentinel-spoa",
    "verdicts": "sentinel-spoa that does not act on HAProxy",
    "tcp-check-1": "HAProxy asks Redis",
    "tcp-check-2": "HAProxy asks the Sentinels",
}
WITH_AGENT = ("agent", "verdicts")
