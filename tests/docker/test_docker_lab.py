"""The lab that people start first: it comes up, bears what docker/lab does to it, and counts right."""

import json
import re
import subprocess
import time

import pytest
from docker_lab import AGENTS, docker, eventually, get, moment

MIB = 1 << 20
VERDICTS_APART = 0.050
OTHERS = ("new@haproxy-2", "kept@haproxy-2")
CLIENTS = ("new@haproxy-1", "kept@haproxy-1", *OTHERS)


def test_the_image_of_the_agent_is_small(lab):
    assert int(docker("image", "inspect", "-f", "{{.Size}}", "sentinel-spoa")) <= 100 * MIB


@pytest.mark.parametrize("service", ["agent-1", "agent-2", "haproxy-1", "redis-1", "sentinel-1", "traffic", "prometheus"])
def test_a_container_may_do_nothing_that_it_need_not(lab, service):
    container = json.loads(docker("inspect", lab.container(service)))[0]
    assert container["HostConfig"]["ReadonlyRootfs"]
    assert container["HostConfig"]["CapDrop"] == ["ALL"] and not container["HostConfig"]["CapAdd"]
    status = docker("exec", lab.container(service), "cat", "/proc/1/status").splitlines()
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert fields["Uid"].split()[0] != "0"
    assert int(fields["CapPrm"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


def test_what_it_says_when_it_is_up_is_there(lab):
    pages = re.findall(r"http://127\.0\.0\.1:(\d+)(/\S*)", lab.run("up"))
    assert len(pages) == 3
    for port, path in pages:
        assert get(port, path)


def test_all_targets_of_prometheus_are_up(lab):
    eventually(lambda: len(lab.query("up == 1")) == 5, 20)
    assert not lab.query("up == 0")


def test_an_agent_finds_its_haproxy_when_it_starts(lab):
    """Else an alert fires as soon as the lab is up."""
    assert eventually(lambda: len(lab.query("sentinel_spoa_haproxy_up == 1")) == 4, 20)  # two sockets each
    assert not lab.query("sentinel_spoa_haproxy_errors_total > 0")


def test_compose_itself_says_that_all_is_well(healthy):
    """`docker compose up -d --wait`, as people type it."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("Compose v1 has no --wait")
    subprocess.run(["docker", "compose", "up", "-d", "--wait"], cwd=healthy.folder, check=True)


def test_a_write_that_vanishes_is_noticed(healthy):
    before = stop_and_start()
    master = healthy.master()
    assert healthy.redis(master, "setbit", before["keys"][0], "5", "0").strip() == "1"
    assert stop_and_start()["lost"] == before["lost"] + 1
    healthy.run("check")


@pytest.mark.parametrize("drill", ["crash", "failover", "cut", "isolate", "pause"])
def test_the_master_is_lost(healthy, drill):
    begun, old = time.time(), healthy.masters()[0]["server"]
    print(healthy.run("drill", drill))

    first, second = eventually(lambda: agreed(healthy), 20)
    assert first["server"] == second["server"] != old
    verdicts = [verdict_since(name, begun) for name in (first, second)]
    assert abs(verdicts[0] - verdicts[1]) <= VERDICTS_APART
    the_numbers_add_up(healthy)


def test_a_reload_is_not_noticed(healthy):
    failed = healthy.query("sum(lab_writes_failed_total)")
    healthy.run("drill", "reload")
    time.sleep(3)  # a scrape
    assert healthy.query("sum(lab_writes_failed_total)") == failed
    the_numbers_add_up(healthy)


def test_an_alert_comes_and_goes(healthy):
    healthy.run("crash", "agent-1")
    eventually(lambda: firing(healthy, "SentinelSpoaAgentDown"), 60)
    healthy.must_write_on(CLIENTS)  # the other agent serves both HAProxies
    healthy.run("heal")
    eventually(lambda: not firing(healthy, "SentinelSpoaAgentDown"), 60)


def test_a_cut_between_two_leaves_the_rest(healthy):
    healthy.run("cut", "sentinel-3", "agent-1")
    eventually(lambda: [name["votes"] for name in healthy.masters()] == [2, 3], 20)
    assert [name["open"] for name in healthy.masters()] == [True, True]
    healthy.run("heal")
    eventually(lambda: [name["votes"] for name in healthy.masters()] == [3, 3], 20)


@pytest.mark.parametrize("half", ["agent", "haproxy"])
def test_half_of_the_routers_dies(healthy, half):
    """Clients of the other half notice nothing, and the master stays."""
    master, failed = healthy.master(), healthy.counts("failed")
    print(healthy.run("drill", f"crash-{half}"))

    healthy.must_write_on(CLIENTS)
    assert all(healthy.counts("failed")[client] == failed[client] for client in OTHERS)
    assert healthy.master() == master
    the_numbers_add_up(healthy)


def test_every_command_may_be_given_twice(healthy):
    replica = f"redis-{healthy.master() % 3 + 1}"
    for command, state in (
            ("up", "running"), (f"cut {replica} sentinel-3", "running"), (f"cut {replica} but haproxy-1", "running"),
            (f"cut {replica}", "running"), (f"pause {replica}", "paused"), (f"unpause {replica}", "running"),
            (f"pause {replica}", "paused"), (f"crash {replica}", "exited"), ("status", "exited"), ("heal", "running"),
            ("reload", "running"), ("failover", "running")):
        healthy.run(*command.split())
        print(healthy.run(*command.split()))
        assert healthy.state(replica) == state, command
    healthy.run("heal")
    assert healthy.run("heal").strip() == "The lab is healthy."


@pytest.mark.parametrize("command, complaint", [
    ("crash redis-9", "there is no redis-9 in the lab"), ("drill", "there is no drill ''"),
    ("drill quake", "there is no drill 'quake'"), ("cut", "cut whom?")])
def test_a_slip_is_told_at_once(lab, command, complaint):
    done = lab.try_to(*command.split())
    assert done.returncode == 1 and complaint in done.stderr


def test_no_secret_is_in_a_log_or_on_a_page(lab):
    shown = lab.logs() + "".join(get(port, path) for port in AGENTS for path in ("/", "/metrics", "/v1/masters/mymaster"))
    for file in (lab.folder / "secrets").iterdir():
        assert file.read_text().strip() not in shown, file.name


def test_nutcracker_leads_to_the_master_too(healthy):
    healthy.run("up", "--profile", "nutcracker")
    assert healthy.redis(1, "-h", "haproxy-1", "-p", "16380", "set", "nutcracker", "was here").strip() == "OK"
    assert healthy.redis(healthy.master(), "get", "nutcracker").strip() == "was here"


def test_nothing_is_left_behind(lab):
    lab.run("down")
    assert lab.what_is_there() == []
    lab.run("down")
    assert "the lab is not up" in lab.try_to("heal").stderr


def agreed(lab):
    names = lab.masters()
    return names if all(name["open"] for name in names) else None


def verdict_since(name, begun):
    """When new connections were first sent to another master."""
    return min(at for failover in name["failovers"] if failover["phases"]["verdict"]
               if (at := moment(failover["phases"]["verdict"])) >= begun)


def stop_and_start():
    """What the generator has counted, compared to the last write."""
    try:
        return json.loads(get(9100, "/stop"))
    finally:
        get(9100, "/start")


def firing(lab, alert):
    return lab.query(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')


def the_numbers_add_up(lab):
    """The generator's own count, and Redis' own for the same keys."""
    print(lab.run("check"))
    stopped = json.loads(get(9100, "/stop"))
    try:
        master = lab.master()
        bits = sum(int(lab.redis(master, "bitcount", key)) for key in stopped["keys"])
    finally:
        get(9100, "/start")
    assert stopped["compared"]
    assert bits == stopped["acknowledged"] - stopped["lost"] + stopped["unacknowledged_but_there"]
    assert stopped["acknowledged"] + stopped["failed"] == stopped["written"]
