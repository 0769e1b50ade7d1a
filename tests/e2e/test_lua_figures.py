"""What Lua in HAProxy promises in numbers; they are printed, and asserted wide enough for a busy machine."""

import statistics

import pytest

from lab.agent import make_agent, masters_of
from lab.pushed import PushedHAProxy, PushedObserver
from lab.switch import observe_switch
from lab.waiting import wait_until
from lab.writer import Writer

NAME = "mymaster"
RUNS = 5
RATE = 200
RATE_WITHOUT_AGENT = 500


def start(lab, deployment, form, **options):
    """(agent, HAProxy) that knows the master."""
    agent = make_agent(lab, deployment, masters=[masters_of(deployment)[0] | {"redis": {}}])
    haproxy = lab.add(PushedHAProxy(lab, agent, form, **options))
    agent.start()
    haproxy.start()
    wait_until(lambda: (haproxy.known(NAME) or [""])[0], 5, "HAProxy knows the master")
    return agent, haproxy


CAUSES = {
    "crash": lambda deployment: deployment.master_of().kill,
    "SENTINEL FAILOVER": lambda deployment: lambda: deployment.sentinels[0].client.execute_command(
        "SENTINEL FAILOVER", NAME),
}


@pytest.mark.deadline(120)
@pytest.mark.parametrize("cause", CAUSES)
def test_haproxy_knows_at_once_whom_the_majority_names(lab, deployment, cause, capsys):
    agent, haproxy = start(lab, deployment, "lua")
    switches, lost = [], []
    try:
        for _ in range(RUNS):
            with PushedObserver(deployment, haproxy) as observer, Writer(haproxy.port, RATE, patience=10) as writer:
                switches.append(observe_switch(
                    deployment.master_of(), CAUSES[cause](deployment), observer, writer))
            assert not switches[-1].astray(writer.writes)
            lost.append(sum(1 for write in writer.writes if write.port is None))
            deployment.repair()
        assert haproxy.alerts() == []
    finally:
        lab.end([haproxy, agent])
    delays = [switch.verdict_delay for switch in switches]
    with capsys.disabled():
        print(f"\n\n{cause}: majority to verdict in HAProxy: "
              f"{', '.join(f'{delay:.1f}' for delay in delays)} ms; to the first write: "
              f"{', '.join(f'{switch.write_delay:.1f}' for switch in switches)} ms; "
              f"connections that reached nobody: {', '.join(map(str, lost))}")
    assert statistics.median(delays) <= 100  # 20 on an idle machine


@pytest.mark.deadline(60)
def test_an_agent_that_is_killed_and_started_again_costs_nobody_a_connection(
        lab, deployment, any_haproxy, capsys):
    agent, haproxy = start(lab, deployment, "lua-fallback", threads=2, binary=any_haproxy.binary)
    master = deployment.master_of()
    try:
        with Writer(haproxy.port, RATE_WITHOUT_AGENT, patience=5) as writer:
            wait_until(lambda: len(writer.writes) > RATE_WITHOUT_AGENT, 10, "a second of writes")
            agent.kill()
            killed = len(writer.writes)
            wait_until(lambda: len(writer.writes) > killed + RATE_WITHOUT_AGENT, 10, "a second without")
            agent.start()
            answered = agent.metric("sentinel_spoa_spop_frames_total", type="notify")
            wait_until(
                lambda: agent.metric("sentinel_spoa_spop_frames_total", type="notify") > answered + 100, 10,
                "the agent is asked again")
        wrong = [write for write in writer.writes if write.port not in (None, master.port)]
        failed = [write for write in writer.writes if write.port is None or write.error]
    finally:
        lab.end([haproxy, agent])
    slowest = max(write.ended - write.begun for write in writer.writes)
    with capsys.disabled():
        print(f"\n\n{len(writer.writes)} connections, {len(wrong)} wrong, {len(failed)} failed, "
              f"the slowest {1000 * slowest:.0f} ms")
    assert not wrong
    assert len(failed) <= 5
