"""The master's address is given to a Redis of somebody else, which says that it is a master too."""

import os
import random
import time

import pytest
from drills.strangers import NAME, Scene

from lab.waiting import wait_until

ROUNDS = int(os.environ.get("SENTINEL_SPOA_ROUNDS", "4"))


@pytest.mark.deadline(40 + 15 * ROUNDS)
@pytest.mark.parametrize("wait", ["0", "1s"])
def test_a_stranger_at_the_masters_address_gets_no_connection(wait):
    dice = random.Random(wait)
    with Scene(wait) as scene:
        for number in range(ROUNDS):
            round_ = scene.replace(gap=0 if number == 0 else dice.uniform(0, 0.5))
            assert round_.strays == 0, round_
            assert round_.state == "not-master", round_
            assert round_.refused > 0, "clients came meanwhile"
            scene.restore()
        assert scene.agent.metric("sentinel_spoa_switches_total") == 0


@pytest.mark.deadline(60)
def test_it_is_told_why_and_the_sentinels_word_ends_it():
    with Scene() as scene:
        scene.replace(gap=0.1, stays=0.1)
        told = scene.told()
        assert not told["open"] and "another process" in told["reason"], told
        assert "run_id" in told["reason"]
        log = scene.agent.log_text()
        assert "another process than the one that the Sentinels know" in log
        # Who is there when they ask next is the master to them, and so to us.
        scene.set_info_period(100)
        scene.await_open()


@pytest.mark.deadline(60)
def test_a_master_that_was_started_anew_waits_for_the_sentinels_and_no_longer():
    with Scene() as scene:
        known = scene.master.client.info("server")["run_id"]
        scene.set_info_period(600_000)
        scene.master.kill()
        scene.master.start()
        wait_until(scene.master.answers, 5, "the master answers")
        wait_until(lambda: scene.told()["state"] == "not-master", 5, "it is not known yet")
        run_id = scene.master.client.info("server")["run_id"]
        assert run_id != known
        for sentinel in scene.deployment.sentinels:
            assert sentinel.master(NAME)["runid"] == known
        # One that knows is no majority; two are.
        first, second, _ = scene.deployment.sentinels
        first.client.execute_command("SENTINEL DEBUG", "INFO-PERIOD", 100)
        wait_until(lambda: first.master(NAME)["runid"] == run_id, 5, "the first knows it")
        time.sleep(0.7)  # of polls
        assert not scene.told()["open"]
        second.client.execute_command("SENTINEL DEBUG", "INFO-PERIOD", 100)
        wait_until(lambda: second.master(NAME)["runid"] == run_id, 5, "the second knows it")
        wait_until(lambda: scene.told()["open"], 2, "it is open")


@pytest.mark.deadline(60)
def test_a_connection_of_the_agents_that_is_killed_alone_closes_nothing_for_long():
    """CLIENT KILL: the same process lets us in again within milliseconds, and no session of a client ends."""
    with Scene(wait="8s") as scene:
        scene.set_info_period(600_000)
        agent_only = [each["id"] for each in scene.master.client.client_list()
                      if each["cmd"].startswith("role") or each["cmd"] == "info"]
        assert agent_only
        for number in agent_only:
            scene.master.client.client_kill_filter(_id=number)
        wait_until(lambda: scene.told()["open"], 2, "it is open again")
        scene.await_open()


@pytest.mark.deadline(60)
def test_without_probes_nobody_tells_them_apart():
    """What docs/guarantees.md says; and that the other tests can fail."""
    with Scene(probed=False) as scene:
        assert scene.replace(gap=0.1).strays > 0
