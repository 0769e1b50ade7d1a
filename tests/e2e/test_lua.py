"""HAProxy that follows the agent from inside, without a question per connection: forms lua and lua-fallback."""

import collections
import concurrent.futures
import json
import pathlib
import select
import subprocess
import time

import pytest
import redis
from knocking import knock_often, wait_in_silence
from test_wait import doubt

from lab import resp
from lab.agent import make_agent, masters_of
from lab.pushed import PushedHAProxy
from lab.waiting import wait_until

NAME = "mymaster"
NODES = f"redis_{NAME}_nodes"
MAINT = 1
HOLD = 2.5  # seconds: max_age here


class Scene:
    """A deployment, agents, and a HAProxy that follows the first of them that it finds."""

    def __init__(self, lab, deployment, binary=None, form="lua", threads=1, agents=1, policy=None,
                 own_fence=False, **options):
        self.lab, self.deployment = lab, deployment
        self.control = lab.subfolder("control") / "admin.sock"
        (master,) = masters_of(deployment)
        master |= {"redis": {}, "policy": {"wait": "8s"} | (policy or {})}
        fence = {"haproxy": [{"runtime_api": f"unix:{self.control}", "backends": {NODES: NAME}}]}
        self.agents = [make_agent(lab, deployment, masters=[master]) for _ in range(agents)]
        self.agent = self.agents[0]
        words = [f"max_age={1000 * HOLD:.0f}ms",
                 *("agent=" + agent.config["http"]["listen"] for agent in self.agents[1:])]
        self.haproxy = lab.add(PushedHAProxy(
            lab, self.agent, form, threads, options=" ".join(words), control=self.control,
            **({"binary": binary} if binary else {}), **options))
        if own_fence:  # the agent's over the runtime API, beside the one in HAProxy
            self.agent.config |= fence
            self.agent.write_config()

    def __enter__(self):
        for agent in self.agents:
            agent.start()
        self.haproxy.start()
        wait_until(lambda: self.haproxy.known(NAME), 5, "HAProxy has heard an agent")
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                assert self.haproxy.alive
                assert self.haproxy.alerts() == []
        finally:
            self.lab.end([self.haproxy, *self.agents])

    @property
    def master(self):
        return self.deployment.group.server_of(self.deployment.master_of())

    def states(self):
        return self.haproxy.states(NODES)

    def await_converged(self, within=5):
        """Waits until HAProxy knows the master and lets it in; returns its server. No other is out but one at
        most: the old master's, in the seconds after its last session."""
        def converged():
            out = {server for server, state in self.states().items() if state & MAINT}
            return self.haproxy.known(NAME)[0] == self.master and self.master not in out and len(out) <= 1

        wait_until(converged, within,
                   lambda: f"{self.master} is in; {self.haproxy.known(NAME)} {self.states()}")
        return self.master

    def await_rest(self, within=5):
        """Waits until every server is ready."""
        wait_until(lambda: not any(state & MAINT for state in self.states().values()), within,
                   lambda: f"all servers are ready; {self.states()}")

    def connect(self, count):
        """Sessions that have said something and are idle now, as in a pool."""
        with concurrent.futures.ThreadPoolExecutor(20) as clients:
            sessions = list(clients.map(
                lambda _: resp.Connection(self.haproxy.port, timeout=10), range(count)))
            list(clients.map(lambda session: session.call("PING"), sessions))
        return sessions

    def reaches(self):
        """The server that a new connection reaches; None when it is refused."""
        try:
            with resp.Connection(self.haproxy.port, timeout=10) as connection:
                port = int(connection.call("CONFIG", "GET", "port")[1])
        except (OSError, resp.ErrorReply):
            return None
        return self.deployment.group.server_of(self.deployment.group.node_at(port))

    def refusal(self):
        """The error that a new client is given."""
        with resp.Connection(self.haproxy.port, timeout=10) as connection:
            with pytest.raises(resp.ErrorReply) as refused:
                connection.call("PING")
        return str(refused.value)

    def fail_over(self):
        self.deployment.fail_over(NAME)

    def await_new_master(self, old):
        """Waits until new connections reach another; returns it when its servers are in order."""
        wait_until(lambda: (now := self.reaches()) and now != old and now, 15, "another is reached")
        return self.await_converged()

    def change(self, server, state):
        assert not self.haproxy.ask(f"set server {NODES}/{server} state {state}").strip()


def ended(sessions):
    """How many of these sessions have been closed."""
    poller = select.poll()
    for session in sessions:
        poller.register(session._socket, select.POLLIN)
    return len(poller.poll(0))


def await_end(sessions, within):
    wait_until(lambda: ended(sessions) == len(sessions), within,
               lambda: f"{len(sessions)} sessions end; {ended(sessions)} have")


# --- each version, one thread and four -------------------------------------------------------------

@pytest.mark.deadline(60)
@pytest.mark.parametrize("threads", [1, 4])
def test_connections_go_to_the_master_follow_a_failover_and_leave_the_old_one(
        lab, deployment, any_haproxy, threads):
    with Scene(lab, deployment, any_haproxy.binary, threads=threads) as scene:
        old = scene.await_converged()
        port = deployment.master_of().port
        before = scene.haproxy.sessions()
        assert {knock.port for knock in knock_often(scene.haproxy.port, 300)} == {port}
        grown = {key: count - before[key] for key, count in scene.haproxy.sessions().items()}
        assert sorted(grown.values())[-1] == sum(grown.values()) == 300

        sessions = scene.connect(20)
        scene.fail_over()
        await_end(sessions, 10)
        new = scene.await_new_master(old)
        assert {knock.port for knock in knock_often(scene.haproxy.port, 50)} == {
            deployment.group.servers[new].port}
        scene.await_rest()
        assert scene.haproxy.current(old) == 0


@pytest.mark.deadline(60)
@pytest.mark.parametrize("threads", [1, 4])
def test_without_an_agent_the_table_holds_for_its_limit_and_then_refuses(
        lab, deployment, any_haproxy, threads):
    with Scene(lab, deployment, any_haproxy.binary, threads=threads) as scene:
        master = scene.await_converged()
        scene.agent.kill()
        killed = time.monotonic()
        held = 0
        while time.monotonic() < killed + HOLD - 1.5:
            assert scene.reaches() == master
            held += 1
        assert held > 2
        wait_until(lambda: scene.reaches() is None, 3, "it is refused")
        assert time.monotonic() - killed > HOLD - 1.2, "the last heartbeat is a second old at most"
        text = scene.refusal()
        assert text.startswith(f"MASTERDOWN no master for {NAME}: nothing is known for certain (stale")
        assert "no word from an agent for" in text
        assert wait_in_silence(scene.haproxy.port) < 1
        scene.agent.start()
        wait_until(lambda: scene.reaches() == master, 5, "it is followed again")


@pytest.mark.deadline(60)
def test_fallback_takes_the_agents_answer_and_the_tables_when_there_is_none(
        lab, deployment, any_haproxy):
    with Scene(lab, deployment, any_haproxy.binary, "lua-fallback", threads=2) as scene:
        master = scene.await_converged()
        port = deployment.master_of().port
        assert {knock.port for knock in knock_often(scene.haproxy.port, 100)} == {port}
        assert scene.agent.metric("sentinel_spoa_spop_frames_total", type="notify") == 100
        scene.agent.kill()
        assert {knock.port for knock in knock_often(scene.haproxy.port, 100)} == {port}
        wait_until(lambda: scene.reaches() is None, HOLD + 1, "it is refused")
        assert "(stale)" in scene.refusal()
        scene.agent.start()
        wait_until(lambda: scene.reaches() == master, 5, "the agent is asked again")


@pytest.mark.deadline(60)
@pytest.mark.parametrize("form", ["lua", "lua-fallback"])
def test_a_connection_in_doubt_waits_for_the_new_master(lab, deployment, any_haproxy, form):
    with Scene(lab, deployment, any_haproxy.binary, form, threads=2) as scene:
        old = scene.await_converged()
        deployment.master_of().freeze()
        wait_until(lambda: scene.haproxy.show()["masters"][0]["wait"], 10, "the master is in doubt")
        began = time.monotonic()
        knocks = knock_often_patiently(scene.haproxy.port, 20)
        new = scene.master
        assert new != old
        assert set(knocks) == {deployment.group.servers[new].port}
        assert time.monotonic() - began < 10


def knock_often_patiently(port, times):
    """Where so many clients are led that come at once, and wait for as long as it takes."""
    def once(_):
        with resp.Connection(port, timeout=12) as connection:
            return int(connection.call("CONFIG", "GET", "port")[1])

    with concurrent.futures.ThreadPoolExecutor(times) as clients:
        return list(clients.map(once, range(times)))


@pytest.mark.deadline(60)
def test_a_reload_refuses_nobody(lab, deployment, any_haproxy):
    with Scene(lab, deployment, any_haproxy.binary, threads=2) as scene:
        master = scene.await_converged()
        with concurrent.futures.ThreadPoolExecutor(4) as clients:
            stop = []

            def keep_knocking():
                reached = collections.Counter()
                while not stop:
                    try:
                        with resp.Connection(scene.haproxy.port, timeout=12) as client:
                            reached[int(client.call("CONFIG", "GET", "port")[1])] += 1
                    except (OSError, resp.ErrorReply) as error:
                        reached[repr(error)] += 1
                return reached

            knocking = [clients.submit(keep_knocking) for _ in range(4)]
            try:
                for _ in range(5):
                    scene.haproxy.reload()
            finally:
                stop.append(True)
        reached = sum((client.result() for client in knocking), collections.Counter())
        del reached[deployment.group.servers[master].port]
        # 2.6 may forget one that waits in a process which is just starting.
        assert reached.total() <= (1 if any_haproxy.number < (3, 0) else 0), reached


# --- refusals ---------------------------------------------------------------------------------------

HIREDIS_CLIENT = r"""
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv)
{
    redisContext* context = redisConnect("127.0.0.1", atoi(argv[1]));
    if (context == NULL || context->err)
        return 2;
    redisReply* reply = redisCommand(context, "PING");
    if (reply == NULL) {
        printf("no reply: %s\n", context->errstr);
        return 1;
    }
    printf("%s %s\n", reply->type == REDIS_REPLY_ERROR ? "error" : "other", reply->str);
    return 0;
}
"""


def said_by_redis_cli(port, _):
    return subprocess.run(
        ["redis-cli", "-p", str(port), "ping"], capture_output=True, text=True, timeout=5).stdout


def said_by_redis_py(port, _):
    with pytest.raises(redis.exceptions.ResponseError) as refused:
        redis.Redis(port=port).ping()
    return str(refused.value)


def said_by_hiredis(port, folder):
    source, program = folder / "client.c", folder / "client"
    if not program.exists():
        source.write_text(HIREDIS_CLIENT)
        subprocess.run(["gcc", source, "-o", program, "-lhiredis"], check=True, timeout=30)
    said = subprocess.run([program, str(port)], capture_output=True, text=True, timeout=5).stdout
    assert said.startswith("error "), said
    return said


@pytest.mark.parametrize("client", [said_by_redis_cli, said_by_redis_py, said_by_hiredis])
def test_clients_of_redis_show_why_they_are_refused(client, lab, deployment, tmp_path):
    refusing = {"no_quorum": "refuse", "wait": 0}
    with Scene(lab, deployment, policy=refusing) as scene:
        scene.await_converged()
        sentinels = deployment.sentinels[1:]
        for sentinel in sentinels:
            sentinel.kill()
        wait_until(lambda: scene.haproxy.known(NAME)[1] == "no-quorum", 5, "no majority is heard")
        for _ in range(20):  # the answer must not come before the question
            said = client(scene.haproxy.port, tmp_path)
            assert f"MASTERDOWN no master for {NAME}: too few Sentinels can be heard (no-quorum" in said
        assert 0.01 < wait_in_silence(scene.haproxy.port) < 1


def test_a_name_that_no_agent_watches_is_refused_as_such(lab, deployment):
    with Scene(lab, deployment, edit=lambda text: text.replace(
            f"str({NAME})", "str(another)").replace(f"sentinel_wait {NAME}", "sentinel_wait another")) as scene:
        assert scene.refusal() == (
            "MASTERDOWN no master for another: nobody watches this name (unknown-name), "
            "no agent watches this name")


# --- agents -----------------------------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_the_next_agent_is_followed_when_the_first_is_gone_or_hangs(lab, deployment):
    with Scene(lab, deployment, agents=2) as scene:
        master = scene.await_converged()
        first, second = (agent.config["http"]["listen"] for agent in scene.agents)
        assert scene.haproxy.followed() == first
        scene.agents[0].kill()
        wait_until(lambda: scene.haproxy.followed() == second, 1, "the second is followed")
        scene.agents[0].start()
        scene.agents[1].freeze()
        wait_until(lambda: scene.haproxy.followed() == first, 5, "the first is followed again")
        assert scene.reaches() == master
        scene.agents[1].thaw()


@pytest.mark.deadline(60)
def test_a_restarted_agent_that_knows_nothing_yet_does_not_close_the_gate(lab, deployment):
    with Scene(lab, deployment) as scene:
        master = scene.await_converged()
        scene.agent.kill()
        known = scene.agent.config["sentinels"]["addresses"]
        scene.agent.config["sentinels"]["addresses"] = [f"127.0.0.1:{lab.ports.take()}" for _ in known]
        scene.agent.write_config()
        scene.agent.start(ready=False)
        wait_until(scene.haproxy.followed, 3, "it is followed")
        assert scene.reaches() == master
        wait_until(lambda: scene.haproxy.known(NAME)[0] == "", HOLD + 1, "nothing is known any more")
        assert scene.haproxy.known(NAME)[1] == "no-quorum"
        scene.agent.kill()
        scene.agent.config["sentinels"]["addresses"] = known
        scene.agent.write_config()
        scene.agent.start()
        wait_until(lambda: scene.reaches() == master, 5, "the agent knows again")


# --- `show sentinel` --------------------------------------------------------------------------------

def test_show_sentinel_for_people_and_for_programs(lab, deployment):
    with Scene(lab, deployment) as scene:
        master = scene.await_converged()
        scene.connect(1)

        def shown():
            said = scene.haproxy.ask("show sentinel")
            return f"server {NODES}/{master}: ready, 1 sessions" in said and said

        text = wait_until(shown, 3, "the one session is counted, and none of before")
        address = deployment.master_of().address
        assert f"agent {scene.agent.config['http']['listen']}: followed for" in text
        row = next(line.split() for line in text.splitlines() if line.startswith(NAME))
        assert row[:3] == [NAME, master, address] and row[4] == "yes"
        assert text.count(": ready, 0 sessions") == 2
        shown = json.loads(scene.haproxy.ask(f"show sentinel {NAME} json"))
        (entry,) = shown["masters"]
        assert (entry["server"], entry["address"], entry["votes"]) == (master, address, 3)
        assert 0 <= entry["age"] < 3
        assert "no verdict on the name 'x'" in scene.haproxy.ask("show sentinel x")
        assert "show sentinel [NAME] [json]" in scene.haproxy.ask("help")


# --- sessions and maintenance -----------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_an_operators_maintenance_stays_and_ours_is_mended(lab, deployment):
    with Scene(lab, deployment) as scene:
        master = scene.await_converged()
        scene.change(master, "maint")
        wait_until(lambda: f"{NODES}/{master} should be used, and somebody else" in scene.haproxy.log_text(),
                   3, "it is said")
        assert scene.reaches() is None
        assert scene.states()[master] & MAINT
        assert "maint (by somebody else)" in scene.haproxy.ask("show sentinel")
        scene.change(master, "ready")
        assert scene.reaches() == master
        with doubt(deployment, scene.agent):
            wait_until(lambda: scene.states()[master] & MAINT, 3, "the master is out")
            scene.change(master, "ready")
            wait_until(lambda: scene.states()[master] & MAINT, 2, "it is put out again")
        wait_until(lambda: scene.reaches() == master, 5, "it is in again")


@pytest.mark.deadline(90)
def test_the_agent_and_lua_both_fencing_do_not_fight(lab, deployment):
    with Scene(lab, deployment, own_fence=True) as scene:
        for _ in range(3):
            old = scene.await_converged()
            sessions = scene.connect(20)
            scene.fail_over()
            await_end(sessions, 10)
            scene.await_new_master(old)
            deployment.repair()
        scene.await_rest()
        told = len(scene.haproxy.log_text().splitlines())
        time.sleep(2.2)  # two turns of each
        assert len(scene.haproxy.log_text().splitlines()) == told, "neither changes anything any more"


@pytest.mark.deadline(60)
def test_a_thousand_sessions_end_at_once(lab, deployment, capsys):
    many = 1000
    with Scene(lab, deployment, threads=2) as scene:
        old = scene.await_converged()
        sessions = scene.connect(many)
        scene.fail_over()
        wait_until(lambda: ended(sessions), 10, "the first ends", every=0.001)
        began = time.monotonic()
        await_end(sessions, 5)
        took = time.monotonic() - began
        scene.await_new_master(old)
        for session in sessions:
            session.close()
    with capsys.disabled():
        print(f"\n\n{many} sessions: {1000 * took:.0f} ms from the first end to the last")
    assert took < 1  # 0.2 on an idle machine


# --- wrong configurations ---------------------------------------------------------------------------

@pytest.mark.parametrize(("options", "said"), [
    ("backend=nobody", "backend is BACKEND/NAME"),
    ("max_age=soon", "max_age is a whole number with a unit"),
    ("colour=red", "'colour=red' is none of the options"),
])
def test_a_wrong_option_is_found_by_haproxys_own_check(options, said, lab, deployment, any_haproxy):
    scene = Scene(lab, deployment, any_haproxy.binary)
    file = pathlib.Path(scene.haproxy.file)
    file.write_text(file.read_text().replace('backend=', f'{options} backend='))
    done = subprocess.run(
        [any_haproxy.binary, "-c", "-f", file], capture_output=True, text=True, timeout=10)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
