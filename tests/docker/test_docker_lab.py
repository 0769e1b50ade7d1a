"""The lab that people start first: it comes up, bears what docker/lab does to it, and counts right."""

import json
import time

import pytest
from docker_lab import AGENTS, docker, eventually, get, moment

MIB = 1 << 20
VERDICTS_APART = 0.050


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


def test_all_targets_of_prometheus_are_up(lab):
    eventually(lambda: len(lab.query("up == 1")) == 5, 20)
    assert not lab.query("up == 0")


def test_a_write_that_vanishes_is_noticed(healthy):
    before = stop_and_start()
    master = int(healthy.masters()[0]["server"].removeprefix("R"))
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
    # The other agent serves both HAProxies.
    before = healthy.written()
    eventually(lambda: healthy.written() > before + 50, 20)
    healthy.run("heal")
    eventually(lambda: not firing(healthy, "SentinelSpoaAgentDown"), 60)


def test_a_cut_between_two_leaves_the_rest(healthy):
    healthy.run("cut", "sentinel-3", "agent-1")
    eventually(lambda: [name["votes"] for name in healthy.masters()] == [2, 3], 20)
    assert [name["open"] for name in healthy.masters()] == [True, True]
    healthy.run("heal")
    eventually(lambda: [name["votes"] for name in healthy.masters()] == [3, 3], 20)


def test_healing_twice_does_nothing(healthy):
    healthy.run("heal")
    assert healthy.run("heal").strip() == "The lab is healthy."


def test_no_secret_is_in_a_log_or_on_a_page(lab):
    shown = lab.logs() + "".join(get(port, path) for port in AGENTS for path in ("/", "/metrics", "/v1/masters/mymaster"))
    for file in (lab.folder / "secrets").iterdir():
        assert file.read_text().strip() not in shown, file.name


def test_nothing_is_left_behind(lab):
    lab.run("down")
    assert lab.what_is_there() == []


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
        master = int(lab.masters()[0]["server"].removeprefix("R"))
        bits = sum(int(lab.redis(master, "bitcount", key)) for key in stopped["keys"])
    finally:
        get(9100, "/start")
    assert stopped["compared"]
    assert bits == stopped["acknowledged"] - stopped["lost"] + stopped["unacknowledged_but_there"]
    assert stopped["acknowledged"] + stopped["failed"] == stopped["written"]
