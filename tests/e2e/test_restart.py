"""A master whose process was replaced before the Sentinels missed it: it may have come back empty."""

import json

import pytest

from lab.agent import masters_of, start_agent
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.waiting import wait_until

NAME = "mymaster"
KEYS = 50


@pytest.fixture
def place():
    """Sentinels that miss a master only after half a minute, and an agent that asks the nodes."""
    with Lab() as lab:
        deployment = start_deployment(lab, down_after_ms=30_000)
        (master,) = masters_of(deployment)
        yield deployment, start_agent(lab, deployment, masters=[master | {"redis": {}}])


def fill(agent, master):
    """Writes keys into the master, and waits until the agent has seen them."""
    for number in range(KEYS):
        master.client.set(f"key-{number}", "value")
    wait_until(lambda: node(agent, "R1")["keys"] == KEYS, 5, "the agent knows of the keys")


def node(agent, server):
    nodes = json.loads(agent.get(f"/v1/masters/{NAME}")[1])["nodes"]
    return next(each for each in nodes if each["server"] == server)


def restart(agent, master):
    """Kills the master and starts it again, at once."""
    before = master.client.info("server")["run_id"]
    master.kill()
    master.start()
    wait_until(
        lambda: agent.metric("sentinel_spoa_node_restarts_total", server="R1") == 1, 10,
        lambda: f"the restart is noticed:\n{agent.log_text()[-2000:]}")
    return before


@pytest.mark.deadline(60)
def test_a_master_that_came_back_empty_is_told_of_everywhere(place):
    deployment, agent = place
    master = deployment.group.servers["R1"]
    assert agent.metric("sentinel_spoa_node_emptied_total", server="R1") == 0
    fill(agent, master)
    before = restart(agent, master)

    assert agent.metric("sentinel_spoa_node_emptied_total", server="R1") == 1
    (line,) = [line for line in agent.log_text().splitlines() if "less data" in line]
    assert "R1 is the master" in line and f"{KEYS} -> 0" in line and before in line, line
    lost = node(agent, "R1")["lost_data"]
    assert lost["before"]["keys"] == KEYS and lost["after"]["keys"] == 0
    assert lost["before"]["offset"] > lost["after"]["offset"]
    assert lost["before"]["run_id"] == before != lost["after"]["run_id"]
    (warning,) = [text for text in json.loads(agent.get(f"/v1/masters/{NAME}")[1])["warnings"]
                  if "less data" in text]
    assert f"{KEYS} keys before, 0 after" in warning


@pytest.mark.deadline(60)
def test_a_master_that_reads_its_append_only_file_has_lost_nothing(place):
    deployment, agent = place
    master = deployment.group.servers["R1"]
    master.client.config_set("appendonly", "yes")
    wait_until(lambda: not master.client.info("persistence")["aof_rewrite_in_progress"], 10,
               "the first append-only file is written")
    fill(agent, master)
    wait_until(lambda: not master.client.info("persistence")["aof_pending_bio_fsync"], 10, "it is on disk")
    file = master.folder / f"{master.name}.conf"
    write = master.write_config
    master.write_config = lambda *lines: write(*lines, "appendonly yes")
    restart(agent, master)

    assert "appendonly yes" in file.read_text()
    assert int(master.client.dbsize()) == KEYS
    assert agent.metric("sentinel_spoa_node_emptied_total", server="R1") == 0
    assert "R1 was restarted" in agent.log_text() and "less data" not in agent.log_text()
