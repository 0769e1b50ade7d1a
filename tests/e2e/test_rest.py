"""Servers rest in `ready`: maintenance lasts as long as a fence needs it, whatever else is away meanwhile."""

import contextlib
import re
import time

import pytest
from delivering import Delivery
from test_fence import MAINT, NAME, NODES, await_end, ended
from test_wait import doubt

from lab import resp
from lab.agent import make_agent
from lab.waiting import wait_until
from lab.writer import Writer

pytestmark = pytest.mark.deadline(60)

RETURNS_WITHIN = 5  # from the switch until the old master is ready again
RATE = 100


def await_switch(agent, old, within=15):
    """Waits until the agent names another server than `old`, and returns it."""
    def named():
        report = agent.master(NAME)
        return report["server"] if report["open"] and report["server"] != old else None

    return wait_until(named, within, lambda: f"the agent leaves {old}; {agent.master(NAME)['state']}")


@contextlib.contextmanager
def lost_socket(scene):
    """The agent's way to HAProxy's runtime API is gone within the block."""
    elsewhere = scene.control.with_name("moved.sock")
    scene.control.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(scene.control)


# --- ready, out, and ready again -----------------------------------------------------------------

@pytest.mark.parametrize("form", ["use-server", "backends"])
def test_at_rest_all_servers_are_ready_and_the_old_master_soon_is_again(form, lab, deployment, any_haproxy):
    if form != "use-server" and any_haproxy.number[:2] != (2, 6):
        pytest.skip("the forms are tried with one version")
    with Delivery(lab, deployment, form, binary=any_haproxy.binary).started() as scene:
        scene.await_sound()
        scene.await_rest(0)
        old = scene.master
        sessions = scene.connect(20)
        scene.fail_over()
        await_switch(scene.agent, old)
        switched = time.monotonic()
        await_end(sessions, 2)
        scene.await_rest(RETURNS_WITHIN)
        assert time.monotonic() - switched < RETURNS_WITHIN
        assert scene.haproxy.current(old) == 0
        assert scene.reaches() == scene.master != old
        assert scene.agent.metric("sentinel_spoa_fenced_sessions_total", server=old) == 20
        scene.await_sound()


def test_a_master_in_doubt_is_out_and_ready_when_the_doubt_is_over(lab, deployment):
    with Delivery(lab, deployment).started() as scene:
        scene.await_sound()
        master = scene.master
        sessions = scene.connect(20)
        deployment.master_of().freeze()
        wait_until(lambda: scene.states()[master] & MAINT, 10, "the master is out")
        await_end(sessions, 1)
        assert [server for server, state in scene.states().items() if state & MAINT] == [master]
        await_switch(scene.agent, master, within=30)  # Sentinels may just have failed over
        deployment.repair()
        scene.await_rest(10)


# --- sessions where none should be ---------------------------------------------------------------

# A second way into the backend, which asks nobody.
SIDE = """
frontend side
    bind 127.0.0.1:{port}
    {rule}
    default_backend {NODES}
"""


@pytest.mark.parametrize("how", ["use-server", "weight"])
def test_a_session_on_a_server_that_is_not_the_masters_ends_within_two_seconds(how, lab, deployment):
    master = deployment.group.server_of(deployment.master_of())
    replica = next(server for server in deployment.group.servers if server != master)
    port = lab.ports.take()
    rule = f"tcp-request content set-var(sess.sentinel.server) str({replica})" if how == "use-server" else ""
    side = SIDE.format(port=port, rule=rule, NODES=NODES)
    with Delivery(lab, deployment, edit=lambda text: text + side).started() as scene:
        scene.await_sound()
        kept = scene.connect(5)
        if how == "weight":
            scene.haproxy.ask(f"set server {NODES}/{replica} weight 100")
        stray = resp.Connection(port, timeout=5)
        assert int(stray.call("CONFIG", "GET", "port")[1]) == deployment.group.servers[replica].port
        assert await_end([stray], 2) < 2
        assert scene.haproxy.current(replica) == 0
        assert not ended(kept), "the master's sessions stay"
        scene.haproxy.ask(f"set server {NODES}/{replica} weight 0")
        scene.await_rest(RETURNS_WITHIN)
        assert scene.reaches() == master


# --- HAProxy out of reach ------------------------------------------------------------------------

def test_a_switch_while_haproxy_cannot_be_told_costs_no_connection_and_owes_a_fence(
        lab, deployment, any_haproxy):
    with Delivery(lab, deployment, binary=any_haproxy.binary).started() as scene:
        scene.await_sound()
        old = scene.master
        node = deployment.master_of()
        with Writer(scene.haproxy.port, RATE, patience=10) as writer:
            (kept,) = scene.connect(1)
            with lost_socket(scene):
                scene.await_problem(str(scene.control))  # at rest that is all
                scene.fail_over()
                new = await_switch(scene.agent, old)
                switched = time.monotonic()
                scene.await_undeliverable(new, [f"sessions on {old}"], within=1)
                assert scene.haproxy.current(old) >= 1 and not ended([kept]), "nobody could end it"
                wait_until(lambda: writer.first_accepted(deployment.group.servers[new], switched), 2, "writes")
            back = time.monotonic()
            await_end([kept], 3)
            assert node.role() == "master", "Redis did not end it by itself"
            scene.await_rest(RETURNS_WITHIN)
            wait_until(lambda: scene.ready()[0] == 200, 3, "the fence is paid")
        failed = [write for write in writer.writes if write.error and write.port is None]
        assert len(failed) <= 1, failed
        assert scene.agent.metric("sentinel_spoa_fenced_sessions_total", server=old) >= 1
        assert back > switched


def test_a_lost_socket_while_the_master_is_held_out_is_told_within_a_second(lab, deployment):
    with Delivery(lab, deployment).started() as scene:
        scene.await_sound()
        master = scene.master
        with doubt(deployment, scene.agent) as node:
            wait_until(lambda: scene.states()[master] & MAINT, 2, "the master is out")
            with lost_socket(scene):
                node.thaw()
                wait_until(lambda: scene.report()["open"], 10, "the doubt is over")
                scene.await_undeliverable(master, within=1)
                assert scene.reaches() is None
            scene.await_sound()


# --- a HAProxy that remembers --------------------------------------------------------------------

@contextlib.contextmanager
def remembering(lab, deployment, binary):
    """(scene, reboot): a HAProxy that loads its servers' state when it starts. reboot(): state saved, agent
    and HAProxy killed and started."""
    saved = lab.subfolder("state") / "haproxy.state"

    def with_state_file(text):
        text = text.replace("\nglobal\n", f"\nglobal\n    server-state-file {saved}\n", 1)
        return text.replace("\ndefaults\n", "\ndefaults\n    load-server-state-from-file global\n", 1)

    with Delivery(lab, deployment, edit=with_state_file, binary=binary).started() as scene:
        def reboot():
            saved.write_text(scene.haproxy.ask("show servers state"))
            scene.haproxy.kill()
            scene.agent.kill()
            scene.haproxy.start()
            scene.start()

        scene.await_sound()
        yield scene, reboot


def test_a_state_file_saved_at_rest_closes_nothing_after_a_reboot(lab, deployment, any_haproxy):
    with remembering(lab, deployment, any_haproxy.binary) as (scene, reboot):
        reboot()
        scene.await_sound()
        old = scene.master
        scene.fail_over()
        new = await_switch(scene.agent, old)
        wait_until(lambda: scene.reaches() == new, 3, "the new master is reached")
        scene.await_sound()


def test_a_state_file_saved_while_the_master_was_out_is_told_of(lab, deployment, any_haproxy):
    with remembering(lab, deployment, any_haproxy.binary) as (scene, reboot):
        master = scene.master
        with doubt(deployment, scene.agent):
            wait_until(lambda: scene.states()[master] & MAINT, 2, "the master is out")
            reboot()
        wait_until(lambda: scene.report()["state"] == "ok", 10, "the doubt is over")
        scene.await_undeliverable(master)
        scene.change(master, "ready")
        scene.await_sound()


# --- the agent away ------------------------------------------------------------------------------

@contextlib.contextmanager
def two_agents(lab, deployment, fences):
    """(scene, second agent), which HAProxy asks when the first is away. `fences`: it acts on HAProxy too."""
    other = make_agent(lab, deployment)

    def with_second(text):
        line = re.search(r"^    server a1 .*\n", text, re.M)[0]
        host, port = other.spop_address
        return text.replace(line, f"{line}    server a2 {host}:{port}\n")

    with Delivery(lab, deployment, edit=with_second) as scene:
        other.config["masters"] = scene.agent.config["masters"]
        if fences:
            other.config["haproxy"] = scene.agent.config["haproxy"]
        other.write_config()
        other.start()
        scene.start()
        scene.await_sound()
        wait_until(lambda: {row["svname"]: row["status"] for row in scene.haproxy.statistics()
                            if row["pxname"] == "sentinel_agents"}.get("a2") == "UP", 5, "a2 is UP")
        yield scene, other
    lab.end([other])


FENCES = pytest.mark.parametrize("fences", [True, False], ids=["fences", "answers only"])


@FENCES
def test_with_the_first_agent_killed_at_rest_the_second_follows_a_switch(fences, lab, deployment):
    with two_agents(lab, deployment, fences) as (scene, other):
        old = scene.master
        scene.agent.kill()
        wait_until(lambda: scene.reaches() == old, 3, "the second answers")
        scene.fail_over()
        new = await_switch(other, old)
        wait_until(lambda: scene.reaches() == new, 3, "the new master is reached")
        scene.agent.start()
        scene.await_sound()


@FENCES
def test_with_the_first_agent_killed_while_the_master_is_out_the_second_goes_on(fences, lab, deployment):
    with two_agents(lab, deployment, fences) as (scene, other):
        old = scene.master
        deployment.master_of().freeze()
        wait_until(lambda: scene.states()[old] & MAINT, 10, "the master is out", every=0.001)
        scene.agent.kill()
        new = await_switch(other, old, within=20)
        wait_until(lambda: scene.reaches() == new, 3, "the new master is reached")
        scene.agent.start()
        deployment.repair()
        scene.await_rest(10)
        scene.await_sound()
