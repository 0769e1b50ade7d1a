"""The pod of deploy/kubernetes on this machine: its files, and both programs as its users run them."""

import http.client
import os
import shutil

import pytest

from .agent import BINARY
from .haproxy import BINARY as HAPROXY
from .names import Names
from .process import Process
from .waiting import wait_until

GROUP = 900
PASSWORD = "correct horse"
USERS = {"agent": (900, BINARY), "haproxy": (99, HAPROXY)}


def of_kind(objects, kind):
    return [each for each in objects if each["kind"] == kind]


def the(objects, kind):
    (only,) = of_kind(objects, kind)
    return only


def pod_templates(objects):
    """Every pod that the objects may start, of whatever kind they are."""
    for each in objects:
        template = each if each["kind"] == "Pod" else each.get("spec", {}).get("template")
        if template:
            yield template


def pods(objects):
    found = [template["spec"] for template in pod_templates(objects)]
    assert found
    return found


def containers(pod):
    return pod.get("initContainers", []) + pod["containers"]


def container(pod, name):
    return {each["name"]: each for each in containers(pod)}[name]


def port_names(pod):
    return {port["name"]: port["containerPort"] for each in containers(pod) for port in each["ports"]}


def configuration(objects, file="sentinel-spoa.yaml"):
    return the(objects, "ConfigMap")["data"][file]


class Pod:
    """The files of the only pod in `objects`, in a folder of this machine: each mounted folder is one below it."""

    def __init__(self, objects, folder, ports=()):
        self.folder = folder
        (self.spec,) = pods(objects)
        self.paths = {mount["mountPath"]: folder / mount["name"]
                      for each in containers(self.spec) for mount in each["volumeMounts"]}
        self.ports = dict(ports)
        for path in self.paths.values():
            path.mkdir(exist_ok=True)
        for name, text in the(objects, "ConfigMap")["data"].items():
            (folder / "config" / name).write_text(self.here(text))
        (folder / "password/password").write_text(PASSWORD)
        (folder / "password/password").chmod(0o640)

    def here(self, text):
        """Text of the pod with the paths and ports of this machine."""
        for mounted, path in self.paths.items():
            text = text.replace(mounted + "/", f"{path}/")
        for inside, outside in self.ports.items():
            text = text.replace(inside, outside)
        return text

    def command(self, name, program):
        """What the container runs, with `program` in place of what the image has."""
        each = container(self.spec, name)
        arguments = each.get("command", [name])[1:] + each.get("args", [])
        return [program, *map(self.here, arguments)]


class WorkingPod(Pod):
    """Both programs at work: with their users, their group, and no capability. Needs root."""

    def __init__(self, lab, objects, names=None):
        if os.geteuid() != 0:
            pytest.skip("needs root to be other users")
        self.tcp = {name: lab.ports.take() for name in ("redis", "stats", "agent")}
        folder = lab.subfolder("pod")
        super().__init__(objects, folder, {
            "0.0.0.0:9005": f"127.0.0.1:{self.tcp['agent']}",
            "bind :8404": f"bind 127.0.0.1:{self.tcp['stats']}",
            "bind :6379": f"bind 127.0.0.1:{self.tcp['redis']}"})
        # As the kubelet has it for fsGroup: the group may write to an emptyDir, and read a secret.
        lab.folder.chmod(0o755)
        for name in ("sockets", "state"):
            os.chown(folder / name, 0, GROUP)
            (folder / name).chmod(0o2770)
        os.chown(folder / "password/password", 0, GROUP)
        names = names or Names(lab)
        self.agent = self._start(lab, "agent", names)
        wait_until(lambda: self.probe("agent", "startupProbe") == 200, 10, self.agent.log_text)
        self.haproxy = self._start(lab, "haproxy", names)

    def _start(self, lab, name, names):
        user, program = USERS[name]
        assert container(self.spec, name)["securityContext"]["runAsUser"] == user
        # The folder of the one that was built may be closed to other users.
        own = shutil.copy(program, self.folder / name) if name == "agent" else program
        process = Process(name, self.folder, [
            *names.enter, "setpriv", "--reuid", str(user), "--regid", str(GROUP), "--clear-groups",
            "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"])
        process.launch(*self.command(name, own))
        return lab.add(process)

    def probe(self, name, kind):
        """The status that the kubelet would get of a container; None without an answer."""
        asked = container(self.spec, name)[kind]["httpGet"]
        connection = http.client.HTTPConnection("127.0.0.1", self.tcp[asked["port"]], timeout=2)
        try:
            connection.request("GET", asked["path"])
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def logs(self):
        return self.agent.log_text() + self.haproxy.log_text()
