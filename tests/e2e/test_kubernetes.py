"""deploy/kubernetes: what Kustomize makes of it is taken by the API, keeps its pods confined, and has the
configuration that the generator writes. No cluster: what needs one is listed in docs/kubernetes.md."""

import copy
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest
import yaml

from lab.agent import BINARY, ROOT, run
from lab.kubernetes import problems, render
from lab.pod import (GROUP, Pod, WorkingPod, configuration, container, containers, of_kind, pod_templates, pods,
                     port_names, the)
from lab.ranges import in_full
from lab.waiting import wait_until

SOURCE = ROOT / "deploy/kubernetes"
FOLDERS = ["base", "overlays/statefulset", "overlays/redis-ha"]
COMPONENT = "components/service-monitor"
NOT_LOOPBACK = "0.0.0.0:9005 is not loopback"  # the one warning: the kubelet has to reach it


@pytest.fixture(scope="module", params=[(folder, with_it) for folder in FOLDERS for with_it in (False, True)],
                ids=lambda param: param[0] + (" with prometheus" if param[1] else ""))
def rendered(request, tmp_path_factory):
    """The objects of a folder, as it is and with the component for Prometheus, as its users add it."""
    folder, with_prometheus = request.param
    if not with_prometheus:
        return render(SOURCE / folder)
    place = shutil.copytree(SOURCE, tmp_path_factory.mktemp("deploy") / "kubernetes")
    file = place / folder / "kustomization.yaml"
    line = f"components: [{os.path.relpath(place / COMPONENT, place / folder)}]\n"
    text = file.read_text()
    assert (f"# {line}" in text) == (folder != "base")
    file.write_text(text.replace(f"# {line}", "") + line)
    return render(place / folder)


# The objects

def test_the_api_takes_each_object(rendered):
    standard = [each for each in rendered if each["kind"] != "ServiceMonitor"]
    assert [problem for each in standard for problem in problems(each)] == []
    assert len(standard) >= 6


def test_nothing_has_a_right_in_the_cluster(rendered):
    kinds = {each["kind"] for each in rendered}
    assert kinds <= {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount",
                     "ServiceMonitor"}
    assert len({each["metadata"]["namespace"] for each in rendered}) == 1
    assert the(rendered, "ServiceAccount")["automountServiceAccountToken"] is False


def test_the_pods_are_confined(rendered):
    for pod in pods(rendered):
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert all(next(iter(volume.keys() - {"name"})) in ("configMap", "secret", "emptyDir")
                   for volume in pod["volumes"])
        whole = pod["securityContext"]
        assert whole["runAsNonRoot"] is True
        assert whole["runAsGroup"] == whole["fsGroup"] == GROUP
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in containers(pod):
            own = each["securityContext"]
            assert own["runAsUser"] > 0 and own.get("runAsNonRoot", True)
            assert own["allowPrivilegeEscalation"] is False and own["privileged"] is False
            assert own["readOnlyRootFilesystem"] is True
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert "seccompProfile" not in own
            assert not [port for port in each["ports"] if "hostPort" in port or port["containerPort"] < 1024]


def test_each_container_has_its_share(rendered):
    for pod in pods(rendered):
        for each in containers(pod):
            assert each["resources"]["requests"].keys() == {"cpu", "memory"}
            assert each["resources"]["limits"].keys() == {"memory"}


def test_passwords_are_files_and_nowhere_else(rendered):
    assert not of_kind(rendered, "Secret")
    for pod in pods(rendered):
        assert not [each for each in containers(pod) if "env" in each or "envFrom" in each]
        (secret,) = [volume for volume in pod["volumes"] if "secret" in volume]
        assert secret["secret"]["defaultMode"] == 0o440
        assert [item["path"] for item in secret["secret"]["items"]] == ["password"]
        users = {each["name"] for each in containers(pod)
                 for mount in each["volumeMounts"] if mount["name"] == secret["name"]}
        assert users == {"agent"}
    settings = configuration(rendered)
    assert "password:" not in settings
    assert set(re.findall(r"password_file: ([^\s}]+)", settings)) == {"/run/secrets/redis/password"}


def test_no_probe_asks_redis_and_no_restart_depends_on_it(rendered):
    for pod in pods(rendered):
        agent, haproxy = container(pod, "agent"), container(pod, "haproxy")
        for each in (agent, haproxy):
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                if kind in each:
                    assert each[kind].keys() & {"httpGet", "exec", "tcpSocket", "grpc"} == {"httpGet"}
                    assert each[kind]["httpGet"]["port"] in {port["name"] for port in each["ports"]}
        paths = {kind: agent[kind]["httpGet"]["path"] for kind in agent if kind.endswith("Probe")}
        assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
        paths = {kind: haproxy[kind]["httpGet"]["path"] for kind in haproxy if kind.endswith("Probe")}
        assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
        assert haproxy["startupProbe"]["failureThreshold"] >= 60  # without a name server it starts late
        # A failover that connections wait through takes no pod out of the Service.
        ready = agent["readinessProbe"]
        assert ready["periodSeconds"] * ready["failureThreshold"] >= 30


def test_the_agent_outlives_haproxy_and_haproxy_its_endpoint(rendered):
    for pod in pods(rendered):
        (agent,) = pod["initContainers"]
        assert (agent["name"], agent["restartPolicy"]) == ("agent", "Always")
        command, seconds = container(pod, "haproxy")["lifecycle"]["preStop"]["exec"]["command"]
        assert command == "sleep"
        assert 5 <= int(seconds) <= pod["terminationGracePeriodSeconds"] - 10


def test_one_pod_at_a_time_may_go(rendered):
    deployment = the(rendered, "Deployment")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert the(rendered, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    spread = {each["topologyKey"]: each["whenUnsatisfiable"]
              for each in deployment["template"]["spec"]["topologySpreadConstraints"]}
    assert spread == {"kubernetes.io/hostname": "DoNotSchedule", "topology.kubernetes.io/zone": "ScheduleAnyway"}


def selectors(objects):
    """Each selector that is meant for our own pods, with its place."""
    for each in objects:
        name, spec = f"{each['kind']} {each['metadata']['name']}", each.get("spec", {})
        if each["kind"] == "Service":
            yield name, spec["selector"]
        elif each["kind"] == "NetworkPolicy":
            yield name, spec["podSelector"]["matchLabels"]
        elif each["kind"] in ("Deployment", "PodDisruptionBudget"):
            yield name, spec["selector"]["matchLabels"]
    for template in pod_templates(objects):
        for constraint in template["spec"]["topologySpreadConstraints"]:
            yield constraint["topologyKey"], constraint["labelSelector"]["matchLabels"]


def test_what_is_selected_and_named_is_there(rendered):
    (template,) = pod_templates(rendered)
    labels, pod = template["metadata"]["labels"], template["spec"]
    found = dict(selectors(rendered))
    assert len(found) >= 6
    assert [place for place, wanted in found.items() if not wanted or wanted.items() - labels.items()] == []

    named = {port["targetPort"] for each in of_kind(rendered, "Service") for port in each["spec"]["ports"]}
    named |= {port["port"] for each in of_kind(rendered, "NetworkPolicy")
              for rule in each["spec"].get("ingress", []) for port in rule["ports"]}
    assert named <= port_names(pod).keys()

    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = [mount["name"] for each in containers(pod) for mount in each["volumeMounts"]]
    assert set(mounts) == volumes.keys()
    assert volumes["config"]["configMap"]["name"] == the(rendered, "ConfigMap")["metadata"]["name"]
    assert pod["serviceAccountName"] == the(rendered, "ServiceAccount")["metadata"]["name"]


def test_clients_get_to_haproxy_at_the_port_of_redis(rendered):
    services = {each["metadata"]["name"]: each for each in of_kind(rendered, "Service")}
    services.pop("redis-proxy-metrics", None)
    ((name, service),) = services.items()
    argo_cd = the(rendered, "ConfigMap")["metadata"]["namespace"] == "argocd"
    assert name == ("argocd-redis-ha-haproxy" if argo_cd else "redis-proxy")
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (6379, "redis")
    # Argo CD's command line goes past the Service, to this port of the pods.
    (pod,) = pods(rendered)
    assert port_names(pod)["redis"] == 6379
    assert re.findall(r"^    bind (\S+)$", configuration(rendered, "haproxy.cfg"), re.M) == [":6379", ":8404"]
    # One that takes another's place is applied last: all else has a label of its own.
    others = [each["metadata"]["labels"]["app.kubernetes.io/name"] for each in rendered
              if each is not service]
    assert set(others) == {"redis-proxy"}
    assert service["metadata"]["labels"]["app.kubernetes.io/name"] == name


def test_the_network_policy_names_who_may_reach_what(rendered):
    policy = the([each for each in of_kind(rendered, "NetworkPolicy") if each["metadata"]["name"] == "redis-proxy"],
                 "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    (clients,) = policy["ingress"]
    assert clients["ports"] == [{"port": "redis", "protocol": "TCP"}]
    assert clients["from"] and all(selector["matchLabels"] for peer in clients["from"] for selector in peer.values())
    names, nodes = policy["egress"]
    assert {(port["port"], port["protocol"]) for port in names["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert {port["port"] for port in nodes["ports"]} == {6379, 26379}
    assert nodes["to"] and all(peer["podSelector"]["matchLabels"] for peer in nodes["to"])


def test_prometheus_is_told_only_by_the_component(rendered):
    monitors = of_kind(rendered, "ServiceMonitor")
    policies = [each["metadata"]["name"] for each in of_kind(rendered, "NetworkPolicy")]
    if not monitors:
        assert policies == ["redis-proxy"]
        return
    (monitor,) = monitors
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["spec"].keys() == {"selector", "endpoints"}
    wanted = monitor["spec"]["selector"]["matchLabels"]
    (service,) = [each for each in of_kind(rendered, "Service")
                  if wanted.items() <= each["metadata"]["labels"].items()]
    assert {each["port"] for each in monitor["spec"]["endpoints"]} == {
        port["name"] for port in service["spec"]["ports"]}
    assert sorted(policies) == ["redis-proxy", "redis-proxy-metrics"]


# The configuration in them

@pytest.mark.parametrize("folder", FOLDERS)
def test_the_files_are_what_the_generator_writes(folder, tmp_path):
    shutil.copy(SOURCE / folder / "sentinel-spoa.yaml", tmp_path)
    done = subprocess.run([SOURCE / "configure", tmp_path], capture_output=True, text=True, timeout=20,
                          env=os.environ | {"SENTINEL_SPOA": str(BINARY)})
    assert done.returncode == 0, done.stderr
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["haproxy.cfg", "sentinel-spoa.yaml", "spoe-sentinel.cfg"]
    for name in files:
        assert (tmp_path / name).read_text() == (SOURCE / folder / name).read_text(), (
            f"run deploy/kubernetes/configure deploy/kubernetes/{folder}")


def test_configure_tells_what_is_wrong_and_leaves_the_files(tmp_path):
    shutil.copytree(SOURCE / "base", tmp_path, dirs_exist_ok=True)
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    source = tmp_path / "sentinel-spoa.yaml"
    source.write_text(source.read_text().replace("servers:", "serves:"))
    done = subprocess.run([SOURCE / "configure", tmp_path], capture_output=True, text=True, timeout=20,
                          env=os.environ | {"SENTINEL_SPOA": str(BINARY)})
    assert done.returncode == 1
    line = source.read_text().split("serves:")[0].count("\n") + 1
    assert f"{source}:{line}:" in done.stderr and "unknown key 'serves'" in done.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before | {source.name: source.read_text()}


@pytest.fixture
def pod(rendered, tmp_path):
    return Pod(rendered, tmp_path)


def test_the_agent_takes_its_file_with_one_warning(pod):
    (_, *arguments) = pod.command("agent", BINARY)
    done = run("-c", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    warning, note = done.stderr.splitlines()
    assert NOT_LOOPBACK in warning
    assert ": note: masters.servers " in note and " stands for redis-" in note


def test_every_path_is_in_a_volume_that_may_be_used_so(pod):
    text = configuration_of(pod)
    settings = yaml.safe_load(text)
    sockets = {settings["spop"]["listen"], *(each["runtime_api"] for each in settings["haproxy"])}
    assert {os.path.dirname(path.removeprefix("unix:")) for path in sockets} == {str(pod.folder / "sockets")}
    assert os.path.dirname(settings["state_file"]) == str(pod.folder / "state")
    for name in ("agent", "haproxy"):
        mounts = {mount["name"]: mount.get("readOnly", False) for mount in container(pod.spec, name)["volumeMounts"]}
        assert mounts["sockets"] is False and mounts["config"] is True
    kinds = {volume["name"]: volume for volume in pod.spec["volumes"]}
    assert "emptyDir" in kinds["sockets"] and "emptyDir" in kinds["state"]


def test_the_agent_keeps_the_servers_that_haproxy_has(rendered):
    settings, haproxy = yaml.safe_load(configuration(rendered)), configuration(rendered, "haproxy.cfg")
    servers = {master["name"]: in_full(master["servers"]) for master in settings["masters"]}
    kept = {backend: servers[name] for each in settings["haproxy"] for backend, name in each["backends"].items()}
    there = {section.split()[0]: dict(re.findall(r"^    server (\S+) (\S+:6379)", section, re.M))
             for section in haproxy.split("\nbackend ")[1:]}
    assert kept == {backend: found for backend, found in there.items() if found}


def configuration_of(pod):
    return (pod.folder / "config/sentinel-spoa.yaml").read_text()


def test_three_sentinels_are_expected(rendered):
    sentinels = yaml.safe_load(configuration(rendered))["sentinels"]
    addresses = [each if isinstance(each, dict) else {"address": each} for each in sentinels["addresses"]]
    assert sum(each.get("expect", 1) for each in addresses) == 3
    assert all(each["address"].endswith(":26379") for each in addresses)


def test_every_haproxy_loads_its_file_while_no_name_can_be_looked_up(pod, any_haproxy):
    """There is no name server of a cluster here, as there may be none when a pod starts."""
    program, *arguments = pod.command("haproxy", any_haproxy.binary)
    arguments.remove("-db")
    done = subprocess.run([program, "-c", *arguments], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    unknown = re.findall(r"could not resolve address '(.+)', falling back to configured address", done.stderr)
    (master,) = yaml.safe_load(configuration_of(pod))["masters"]
    assert unknown == [address.removesuffix(":6379") for address in in_full(master["servers"]).values()]
    known = ("Configuration file is valid", "Warnings were found", "haproxy version is", "path to executable is",
             "could not resolve address")
    assert [line for line in (done.stdout + done.stderr).splitlines()
            if not any(words in line for words in known)] == []


def test_haproxy_stops_within_a_second_of_its_signal(rendered):
    # In a soft stop its runtime API is gone, so nobody could end a session on an old master.
    assert re.search(r"^    hard-stop-after 1s$", configuration(rendered, "haproxy.cfg"), re.M)


def test_no_roll_out_sends_redis_more_connections_than_it_takes(rendered):
    rolled = the(rendered, "Deployment")["spec"]
    most = rolled["replicas"] + rolled["strategy"]["rollingUpdate"]["maxSurge"]
    each = int(re.search(r"^    maxconn (\d+)$", configuration(rendered, "haproxy.cfg"), re.M).group(1))
    assert most * each <= 9000  # of 10000, the default of Redis' maxclients


# The pod at work

@pytest.fixture
def working_pod(lab):
    pod = WorkingPod(lab, render(SOURCE / "base"))
    yield pod
    lab.end([pod.agent, pod.haproxy])


def test_users_without_any_right_run_the_pod_and_share_its_sockets(working_pod):
    agent, haproxy = working_pod.agent, working_pod.haproxy

    def is_up():
        agent.must_be_alive()
        haproxy.must_be_alive()
        return [working_pod.probe(name, "livenessProbe") for name in ("agent", "haproxy")] == [200, 200]

    wait_until(is_up, 10, working_pod.logs)
    for process in (agent, haproxy):
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        assert re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^NoNewPrivs:\s+1$", status, re.M)

    def samples(port):
        connection = http.client.HTTPConnection("127.0.0.1", working_pod.tcp[port], timeout=2)
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()

    # The agent may use HAProxy's socket, and HAProxy the agent's.
    wait_until(lambda: re.search(r"^sentinel_spoa_haproxy_up\{.*\} 1$", samples("agent"), re.M), 10, agent.log_text)
    wait_until(lambda: 'haproxy_server_status{proxy="sentinel_agents",server="a1",state="UP"} 1' in samples("stats"),
               10, lambda: samples("stats"))
    # No Sentinel: the pod is alive, and gets no traffic.
    assert working_pod.probe("agent", "readinessProbe") == 503
    wait_until(lambda: working_pod.probe("haproxy", "readinessProbe") == 200, 5, working_pod.logs)


def test_a_pod_whose_agent_hangs_gets_no_traffic_and_haproxy_no_restart(working_pod):
    def ready(status):
        return lambda: working_pod.probe("haproxy", "readinessProbe") == status

    wait_until(ready(200), 10, working_pod.logs)
    working_pod.agent.freeze()
    wait_until(ready(503), 5, working_pod.logs)
    assert working_pod.probe("haproxy", "livenessProbe") == 200
    working_pod.agent.thaw()
    wait_until(ready(200), 5, working_pod.logs)


def test_a_pod_that_is_replaced_ends_in_order(working_pod):
    for name in ("haproxy", "agent"):
        wait_until(lambda name=name: working_pod.probe(name, "livenessProbe") == 200, 10, working_pod.logs)
    # A client that waits for a verdict and stays: HAProxy ends all the same.
    with socket.create_connection(("127.0.0.1", working_pod.tcp["redis"])):
        working_pod.haproxy.signal(signal.SIGUSR1)  # STOPSIGNAL of its image
        working_pod.haproxy.wait(5)
    assert working_pod.agent.terminate() == 0


# Can these tests fail?

def test_the_description_of_the_api_knows_wrong_objects():
    (deployment,) = of_kind(render(SOURCE / "base"), "Deployment")

    def changed(change):
        wrong = copy.deepcopy(deployment)
        change(wrong, wrong["spec"]["template"]["spec"])
        return problems(wrong)

    assert problems(deployment) == []
    at = "Deployment.spec.template.spec"
    assert changed(lambda whole, pod: pod.update(hostNetworks=True)) == [f"{at}.hostNetworks: no such field"]
    assert changed(lambda whole, pod: pod["containers"][0].pop("name")) == [f"{at}.containers[0].name: missing"]
    assert changed(lambda whole, pod: pod.update(volumes={})) == [f"{at}.volumes: not a list"]
    assert changed(lambda whole, pod: pod["securityContext"].update(runAsUser="0")) == [
        f"{at}.securityContext.runAsUser: '0' is no int"]
    assert changed(lambda whole, pod: pod["initContainers"][0].update(restartPolicy="always")) == [
        f"{at}.initContainers[0].restartPolicy: 'always' is none of ['Always', 'Never', 'OnFailure']"]
    assert changed(lambda whole, pod: whole.update(apiVersion="apps/v1beta1")) == ["no Deployment in apps/v1beta1"]
