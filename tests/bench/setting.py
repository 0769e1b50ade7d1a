"""What most sections share: a deployment, the agent on its core, and the echo on the same one."""

import contextlib
import dataclasses

from lab.agent import Agent, make_agent
from lab.deployment import start_deployment
from lab.lab import Lab

from .machine import Peer, load, on_server_core

NAME = "mymaster"
MASTER = "R1"  # the server that every fresh deployment begins with


@dataclasses.dataclass(frozen=True)
class Pace:
    """How long to measure."""

    rounds: int
    seconds: float
    warm_up: float = 0.3

    @property
    def arguments(self):
        return ("--seconds", self.seconds, "--warm-up", self.warm_up)

    def in_short_turns(self):
        """The same time in more and shorter rounds: where the machine's own speed changes within seconds,
        what is compared has to stand closer together."""
        return Pace(4 * self.rounds, self.seconds / 4, self.warm_up / 3)


@dataclasses.dataclass(frozen=True)
class Pair:
    """The agent, and the echo of the same bytes."""

    agent: Agent
    echo: Peer
    name: str
    reply_bytes: int

    def ask_agent(self, *arguments, **options):
        return load(self.agent.spop_address, "--name", self.name, *arguments,
                    process=self.agent, **options)

    def ask_echo(self, *arguments):
        return load(self.echo.address, "--name", self.name, "--raw", self.reply_bytes, *arguments,
                    process=self.echo)

    def alternate(self, pace, *arguments):
        """(runs of the agent, runs of the echo), in turn."""
        agents, echoes = [], []
        for _ in range(pace.rounds):
            agents.append(self.ask_agent(*pace.arguments, *arguments))
            echoes.append(self.ask_echo(*pace.arguments, *arguments))
        return agents, echoes


def start_agent_alone(lab, deployment, within=10, **config):
    """The agent with one worker, on the server's core."""
    agent = make_agent(lab, deployment, spop={"threads": 1}, **config)
    with on_server_core():
        agent.start(ready=False)
    agent.await_status("/readyz", 200, within)
    return agent


def start_echo(lab, agent, name=NAME):
    """The pair of `agent` and an echo of the bytes it answers; every one of these was verified."""
    seen = load(agent.spop_address, "--name", name, "--count", 10_000, "--in-flight", 4,
                "--verify", "--server", MASTER)
    echo = lab.add(Peer(
        lab, "echo", "--request", seen["request_bytes"], "--reply", seen["reply_bytes"]))
    with on_server_core():
        echo.start()
    return Pair(agent, echo, name, seen["reply_bytes"])


@contextlib.contextmanager
def small_setting():
    """(lab, deployment, pair) with one name and three Sentinels."""
    with Lab() as lab:
        deployment = start_deployment(lab)
        yield lab, deployment, start_echo(lab, start_agent_alone(lab, deployment))
