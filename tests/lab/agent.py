"""The agent under test: sentinel-spoa with a configuration of its own."""

import http.client
import json
import os
import pathlib
import subprocess

from .process import Process
from .spelling import in_url
from .waiting import wait_until
from .yaml import to_yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(
    os.environ.get("SENTINEL_SPOA_BIN", ROOT / "build/release/spoa/sentinel-spoa")).absolute()
# The same program, which kills itself at the step that SENTINEL_SPOA_DIE_AT names.
FAULTS_BINARY = pathlib.Path(
    os.environ.get("SENTINEL_SPOA_FAULTS_BIN", ROOT / "build/release/tests/sentinel-spoa-faults")).absolute()


def run(*arguments, within=10, **options):
    """Runs the program to its end; returns the completed process with its output as text."""
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=within,
        stdin=subprocess.DEVNULL, **options)


class Agent(Process):
    """One agent with its file, its ports and its UNIX socket. What `config` says replaces, key by key
    in the second level, what fits the lab."""

    def __init__(self, lab, name="agent", **config):
        site = lab.site(name)
        super().__init__(name, lab.subfolder(name), site.enter)
        self.host = site.address
        self.spop_address = (self.host, lab.ports.take())
        self.spop_path = str(self.folder / "agent.sock")
        self.http_port = lab.ports.take()
        self.url = f"http://{self.host}:{self.http_port}"
        self.config = {
            "spop": {"listen": [f"{self.host}:{self.spop_address[1]}", f"unix:{self.spop_path}"]},
            "http": {"listen": f"{self.host}:{self.http_port}"},
        }
        for section, content in config.items():
            if isinstance(content, dict):
                content = self.config.get(section, {}) | content
            self.config[section] = content
        self.descriptor_limits = None  # SOFT:HARD that it is started with; None: those of the tests
        self.file = self.folder / "sentinel-spoa.yaml"
        self.write_config()

    def write_config(self):
        self.file.write_text(to_yaml(self.config))

    def start(self, ready=True, environment=None):
        """Starts it and waits until it serves, and with `ready` until every name has a verdict."""
        limited = (["prlimit", f"--nofile={self.descriptor_limits}"]
                   if self.descriptor_limits else [])
        self.launch(*limited, BINARY, "-f", self.file, environment=environment)
        self.await_status("/healthz", 200)
        if ready:
            self.await_status("/readyz", 200)

    def await_status(self, path, status, within=10):
        def answered():
            self.must_be_alive()
            try:
                return self.get(path)[0] == status
            except OSError:
                return False

        wait_until(answered, within, f"{path} answers {status}")

    def get(self, path, method="GET"):
        """(status, body) of one HTTP request."""
        connection = http.client.HTTPConnection(self.host, self.http_port, timeout=2)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def metrics(self):
        """The samples of /metrics: text before the value → number."""
        status, text = self.get("/metrics")
        assert status == 200, text
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def metric(self, name, **labels):
        """The sum of the samples of `name` that carry these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(value for sample, value in self.metrics().items()
                   if sample.split("{")[0] == name and all(label in sample for label in wanted))

    def master(self, name):
        """/v1/masters/NAME as an object."""
        status, text = self.get(f"/v1/masters/{in_url(name)}")
        assert status == 200, text
        return json.loads(text)

    def status(self, *arguments):
        """`sentinel-spoa status` against this agent."""
        return run("status", "--url", self.url, *arguments)


def masters_of(deployment):
    """The `masters:` list for all names of the deployment."""
    return [
        {"name": group.name,
         "servers": {server: node.address for server, node in group.servers.items()}}
        for group in deployment.groups.values()]


def sentinels_of(deployment, **credentials):
    """The `sentinels:` section for all Sentinels of the deployment."""
    return {"addresses": [sentinel.address for sentinel in deployment.sentinels], **credentials}


def make_agent(lab, deployment, name="agent", **config):
    """An agent for this deployment, not yet started; `name` and `config` as for Agent. A `sentinels` section
    is merged with the addresses."""
    sections = {
        "sentinels": sentinels_of(deployment) | config.pop("sentinels", {}),
        "masters": masters_of(deployment),
        **config,
    }
    return lab.add(Agent(lab, name, **sections))


def start_agent(lab, deployment, ready=True, **config):
    """An agent for this deployment, started."""
    agent = make_agent(lab, deployment, **config)
    agent.start(ready)
    return agent
