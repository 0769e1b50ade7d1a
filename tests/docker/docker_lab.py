"""The lab of docker/, as a test sees it: through docker/lab and the ports it publishes."""

import collections
import datetime
import json
import pathlib
import re
import subprocess
import time
import urllib.parse
import urllib.request

PROJECT = "sentinel-lab"
AGENTS = (9005, 9006)


class DockerLab:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def run(self, *words):
        """docker/lab, which must succeed; what it prints."""
        done = self.try_to(*words)
        assert done.returncode == 0, f"docker/lab {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def try_to(self, *words):
        return subprocess.run([self.folder / "lab", *words], capture_output=True, text=True, check=False, timeout=300)

    def masters(self):
        """What each agent says of the name."""
        return [json.loads(get(port, "/v1/masters/mymaster")) for port in AGENTS]

    def query(self, query):
        """Prometheus' answer: [(labels, value)]."""
        answer = json.loads(get(9090, "/api/v1/query?" + urllib.parse.urlencode({"query": query})))
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def counts(self, what):
        """Client → how many of its writes were acknowledged or failed."""
        found = re.findall(rf'^lab_writes_{what}_total{{client="([^"]+)".*}} (\d+)$', get(9100, "/metrics"), re.MULTILINE)
        counts = collections.Counter()
        for client, count in found:
            counts[client] += int(count)
        return counts

    def must_write_on(self, clients, writes=20):
        """Until each of these clients has written so many more."""
        before = self.counts("acknowledged")
        eventually(lambda: all(self.counts("acknowledged")[client] >= before[client] + writes for client in clients), 20)

    def state(self, service):
        """running, paused or exited."""
        return docker("inspect", "-f", "{{.State.Status}}", self.container(service)).strip()

    def master(self):
        """The number of the node that the first agent calls master."""
        return int(self.masters()[0]["server"].removeprefix("R"))

    def container(self, service):
        return docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={PROJECT}",
                      "--filter", f"label=com.docker.compose.service={service}").strip()

    def redis(self, number, *words):
        """redis-cli in redis-NUMBER."""
        return docker("exec", self.container(f"redis-{number}"), "sh", "-c",
                      'REDISCLI_AUTH=$(cat /run/secrets/redis_password) exec redis-cli "$@"', "-", *words)

    def logs(self):
        text = ""
        for container in docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={PROJECT}").split():
            done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
            text += done.stdout + done.stderr
        return text

    def what_is_there(self):
        """Containers, networks and volumes of the lab."""
        mine = ["--filter", f"label=com.docker.compose.project={PROJECT}"]
        return (docker("ps", "-aq", *mine) + docker("network", "ls", "-q", *mine)
                + docker("volume", "ls", "-q", *mine)).split()


def docker(*words):
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.read().decode()


def eventually(condition, seconds):
    """The first true answer of `condition`, within so many seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return answer


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
