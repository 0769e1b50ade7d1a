"""The sessions of a master that is demoted or in doubt end, and its server is out until they have."""

import json
import select
import time

import pytest
from test_wait import doubt

from lab import agent as agent_module
from lab import resp
from lab.agent import make_agent, masters_of
from lab.haproxy import start_haproxy
from lab.waiting import wait_until

NAME = "mymaster"
NODES = f"redis_{NAME}_nodes"
MAINT = 1


def backends_of(form):
    if form == "use-server":
        return {NODES: NAME}
    return {f"redis_{NAME}_{server}": NAME for server in ("R1", "R2", "R3")}


class Scene:
    """A deployment, an agent that acts on one HAProxy, and that HAProxy."""

    def __init__(self, lab, deployment, form="use-server", masters=None, backends=None, start=True,
                 master_cli=False, **options):
        self.lab, self.deployment, self.form = lab, deployment, form
        self.control = lab.subfolder("control") / "admin.sock"
        (master,) = masters or masters_of(deployment)
        self.master_socket = self.control.with_name("master.sock")
        sockets = {"runtime_api": f"unix:{self.control}"}
        if master_cli:
            sockets["master_cli"] = f"unix:{self.master_socket}"
        self.agent = make_agent(
            lab, deployment, masters=[master | {"redis": {}}],
            haproxy=[sockets | {"backends": backends or backends_of(form)}])
        if start:
            self.agent.start()
        self.haproxy = start_haproxy(
            lab, self.agent, form, control=self.control, master=self.master_socket, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.agent.alive and self.haproxy.alive, self.agent.log_text()[-2000:]
        assert self.agent.terminate() == 0
        self.lab.end([self.agent, self.haproxy])

    @property
    def master(self):
        """The server of the node that a majority names."""
        return self.deployment.group.server_of(self.deployment.master_of())

    def states(self):
        """server → srv_admin_state."""
        return {server: state for backend in backends_of(self.form)
                for server, state in self.haproxy.states(backend).items()}

    def await_converged(self, within=5):
        """Waits until new connections reach the master, and returns its server. No other is out but one at
        most: the old master's, in the seconds after its last session."""
        def converged():
            out = {server for server, state in self.states().items() if state & MAINT}
            return self.reaches() == self.master and self.master not in out and len(out) <= 1

        wait_until(converged, within, lambda: f"{self.master} is reached; {self.states()}")
        return self.master

    def await_rest(self, within=5):
        """Waits until every server is ready."""
        wait_until(lambda: not any(state & MAINT for state in self.states().values()), within,
                   lambda: f"all servers are ready; {self.states()}")

    def change(self, server, state, backend=NODES):
        assert not self.haproxy.ask(f"set server {backend}/{server} state {state}").strip()

    def connect(self, count):
        """Sessions that have said something and are idle now, as in a pool."""
        sessions = [resp.Connection(self.haproxy.port, timeout=5) for _ in range(count)]
        for session in sessions:
            session.call("PING")
        return sessions

    def reaches(self):
        """The server that a new connection reaches; None when it is refused."""
        try:
            with resp.Connection(self.haproxy.port) as connection:
                port = int(connection.call("CONFIG", "GET", "port")[1])
        except (OSError, resp.ErrorReply):
            return None
        return self.deployment.group.server_of(self.deployment.group.node_at(port))

    def told(self):
        """What `/v1/masters` says of the HAProxy."""
        (haproxy,) = json.loads(self.agent.get("/v1/masters")[1])["haproxy"]
        return haproxy

    def explained(self):
        return agent_module.run("explain", NAME, "--url", self.agent.url).stdout

    def await_log(self, words, within=5):
        wait_until(lambda: words in self.agent.log_text(), within,
                   lambda: f"{words!r} is logged:\n{self.agent.log_text()[-3000:]}")

    def fail_over(self):
        self.deployment.fail_over(NAME)

    def await_new_master(self, old):
        wait_until(
            lambda: (now := self.reaches()) and now != old and now, 15, "new connections reach another")
        return self.await_converged()


def ended(sessions):
    """How many of these sessions have been closed."""
    poller = select.poll()
    for session in sessions:
        poller.register(session._socket, select.POLLIN)
    return len(poller.poll(0))


def await_end(sessions, within):
    began = time.monotonic()
    wait_until(lambda: ended(sessions) == len(sessions), within,
               lambda: f"{len(sessions)} sessions end; {ended(sessions)} have")
    return time.monotonic() - began


CAUSES = {
    "crash": lambda scene, node: node.kill(),
    "failover": lambda scene, node: scene.fail_over(),
    "freeze": lambda scene, node: node.freeze(),
}


# --- sessions of the old master ------------------------------------------------------------------

@pytest.mark.deadline(60)
@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("form", ["use-server", "backends"])
def test_sessions_of_the_old_master_end_and_new_ones_reach_the_new(form, cause, lab, deployment):
    with Scene(lab, deployment, form) as scene:
        old = scene.await_converged()
        sessions = scene.connect(20)
        wait_until(lambda: scene.haproxy.current(old) == 20, 1, "no other session is left")
        CAUSES[cause](scene, deployment.master_of())
        await_end(sessions, 10)
        new = scene.await_new_master(old)
        wait_until(lambda: scene.haproxy.current(old) == 0, 1.1, "no session is on the old master")
        assert scene.reaches() == new
        if cause != "crash":  # there the sessions end by themselves, before anybody acts
            assert scene.agent.metric(
                "sentinel_spoa_fenced_sessions_total", master_name=NAME, server=old) == 20
        assert scene.agent.metric("sentinel_spoa_fence_duration_seconds_count") > 0


@pytest.mark.deadline(60)
def test_doubt_ends_sessions_before_another_master_is_known_and_a_false_alarm_reopens(
        lab, deployment):
    with Scene(lab, deployment) as scene:
        old = scene.await_converged()
        replicas = [node for node in deployment.group.nodes if node is not deployment.master_of()]
        for node in replicas:
            node.set_priority(0)  # nobody can be promoted
        for sentinel in deployment.sentinels:
            wait_until(
                lambda sentinel=sentinel: all(
                    replica["slave-priority"] == 0
                    for replica in sentinel.client.sentinel_slaves(NAME)), 5, "the Sentinels know")
        try:
            sessions = scene.connect(20)
            master = deployment.master_of()
            master.freeze()
            await_end(sessions, 10)
            wait_until(lambda: scene.states()[old] & MAINT, 1, "the master is out")
            assert scene.reaches() is None
            scene.change(old, "ready")
            wait_until(lambda: scene.states()[old] & MAINT, 2, "it is put out again")
            master.thaw()
            wait_until(lambda: scene.reaches() == old, 5, "it is in use again")
            scene.await_converged()
        finally:
            for node in replicas:
                node.set_priority(100)


@pytest.mark.deadline(60)
def test_two_thousand_sessions_end_within_a_second(lab, deployment, capsys):
    many = 2000
    with Scene(lab, deployment, edit=lambda text: text.replace("maxconn 2000", "maxconn 3000")) as scene:
        old = scene.await_converged()
        sessions = scene.connect(many)
        scene.fail_over()
        wait_until(lambda: ended(sessions), 10, "the first ends", every=0.001)
        took = await_end(sessions, 5)
        fenced = scene.agent.metric("sentinel_spoa_fenced_sessions_total", server=old)
        scene.await_new_master(old)
        assert scene.haproxy.current(old) == 0
        for session in sessions:
            session.close()
    with capsys.disabled():
        print(f"\n\n{many} sessions: {1000 * took:.0f} ms from the first end to the last")
    assert fenced == many


# --- a HAProxy that forgets ----------------------------------------------------------------------

@pytest.mark.deadline(60)
@pytest.mark.parametrize("moment", ["before", "while closed", "after"])
def test_a_haproxy_reloaded_in_mid_failover_converges(moment, lab, deployment):
    with Scene(lab, deployment) as scene:
        old = scene.await_converged()
        sessions = scene.connect(20)
        if moment == "before":
            scene.haproxy.reload()
        scene.fail_over()
        if moment == "while closed":
            wait_until(lambda: scene.states()[old] & MAINT, 10, "the old master is out", every=0.001)
            scene.haproxy.reload()
        scene.await_new_master(old)
        if moment == "after":
            scene.haproxy.reload()
        new = scene.await_converged(2)
        assert new != old
        await_end(sessions, 3)
        assert scene.reaches() == new


@pytest.mark.deadline(60)
@pytest.mark.parametrize("form", ["use-server", "backends"])
def test_sessions_in_old_workers_end_with_the_others_and_a_reload_ends_none(
        form, lab, deployment, any_haproxy):
    with Scene(lab, deployment, form, master_cli=True, binary=any_haproxy.binary) as scene:
        assert "hard-stop-after 1s" not in scene.haproxy.file.read_text()
        old = scene.await_converged()
        oldest = scene.connect(20)
        scene.haproxy.reload()
        older = scene.connect(20)
        scene.haproxy.reload()

        def seen():
            return sorted(worker["sessions"] for worker in scene.told()["old_workers"]["workers"])

        wait_until(lambda: seen() == [20, 20], 3, "the agent knows of both old workers")
        assert not ended(oldest + older), "the reload has ended sessions of the master"
        scene.fail_over()
        wait_until(lambda: ended(oldest + older), 10, "the first ends", every=0.001)
        took = await_end(oldest + older, 2)
        assert took < 1.1
        assert scene.await_new_master(old) != old
        assert scene.agent.metric(
            "sentinel_spoa_fenced_sessions_total", master_name=NAME, server=old) == 40
        scene.await_log("are ended in an old worker")
        wait_until(lambda: seen() == [], 3, "the old workers have ended")


@pytest.mark.deadline(60)
def test_two_thousand_sessions_of_an_old_worker_end_within_a_second(lab, deployment, capsys):
    many = 2000
    with Scene(lab, deployment, master_cli=True,
               edit=lambda text: text.replace("maxconn 2000", "maxconn 3000")) as scene:
        old = scene.await_converged()
        sessions = scene.connect(many)
        scene.haproxy.reload()
        scene.fail_over()
        wait_until(lambda: ended(sessions), 10, "the first ends", every=0.001)
        took = await_end(sessions, 5)
        scene.await_new_master(old)
        for session in sessions:
            session.close()
    with capsys.disabled():
        print(f"\n\n{many} sessions of an old worker: {1000 * took:.0f} ms from the first end to the last")


@pytest.mark.deadline(60)
def test_a_stats_socket_given_as_master_cli_is_named(lab, deployment):
    with Scene(lab, deployment) as scene:
        config = scene.agent.config["haproxy"][0]
        scene.agent.terminate()
        scene.agent.config["haproxy"] = [config | {
            "runtime_api": f"unix:{scene.haproxy.folder / 'own.sock'}",
            "master_cli": f"unix:{scene.control}"}]
        scene.agent.write_config()
        scene.agent.start()
        scene.await_log("`master_cli` is what `haproxy -S` was given")
        assert not scene.told()["old_workers"]["up"] and scene.told()["up"]
        scene.await_converged()


@pytest.mark.deadline(60)
def test_a_haproxy_restarted_converges(lab, deployment):
    with Scene(lab, deployment) as scene:
        wait_until(lambda: scene.told()["up"], 3, "the agent has found it")
        before = scene.agent.log_text().count("nobody listens there")
        scene.haproxy.kill()
        # The kill itself may cut an answer.
        wait_until(lambda: "nobody listens there" in scene.told().get("failure", ""), 3, "the agent notices")
        assert scene.agent.metric("sentinel_spoa_haproxy_up") == 0
        assert scene.agent.metric("sentinel_spoa_haproxy_errors_total") > 0
        assert "nobody listens there" in scene.agent.status().stdout
        scene.haproxy.start()
        scene.await_converged()
        wait_until(lambda: scene.told()["up"], 2, "it is up")
        assert scene.agent.log_text().count("nobody listens there") == before + 1, "one line a fault"
        assert scene.agent.metric("sentinel_spoa_haproxy_up") == 1


# --- whose maintenance it is ---------------------------------------------------------------------

@pytest.mark.deadline(60)
@pytest.mark.parametrize("moment", ["in doubt", "after a switch"])
def test_a_restarted_agent_lifts_the_maintenance_of_the_one_before_and_no_operators(moment, lab, deployment):
    with Scene(lab, deployment) as scene:
        old = scene.await_converged()
        operators = next(server for server in scene.states() if server != old)
        deployment.group.servers[operators].set_priority(0)  # it is not promoted
        scene.change(operators, "maint")
        scene.await_log(f"{NODES}/{operators} is in maintenance, by an operator")
        if moment == "in doubt":
            with doubt(deployment, scene.agent):
                wait_until(lambda: scene.states()[old] & MAINT, 2, "the master is out")
                scene.agent.kill()
                scene.agent.start(ready=False)
        else:
            scene.fail_over()
            wait_until(lambda: scene.master != old and scene.states()[old] & MAINT, 15, "the old master is out")
            scene.agent.kill()
            scene.agent.start()
        wait_until(lambda: [server for server, state in scene.states().items() if state & MAINT] == [operators],
                   10, lambda: f"only the operator's is out; {scene.states()}")
        wait_until(lambda: scene.reaches() == scene.master, 2, "the master is reached")
        assert "maint (by an operator)" in scene.explained()
        scene.change(operators, "ready")
        deployment.group.servers[operators].set_priority(100)


# --- what is wrong in the configuration ----------------------------------------------------------

@pytest.mark.deadline(60)
def test_a_socket_below_level_admin_is_named_and_verdicts_go_on(lab, deployment):
    with Scene(lab, deployment, level="operator") as scene:
        scene.await_log("write `level admin` on the `stats socket` line")
        assert not scene.told()["up"]
        assert scene.reaches() == scene.master
        assert set(scene.states().values()) == {0}


@pytest.mark.deadline(60)
def test_a_backend_that_haproxy_does_not_have_is_named_and_the_others_are_kept(lab, deployment):
    with Scene(lab, deployment, backends={NODES: NAME, "redis_nodes": NAME}) as scene:
        scene.await_log("it has no backend 'redis_nodes' with servers")
        scene.await_converged()


@pytest.mark.deadline(60)
def test_a_server_that_the_agent_does_not_know_is_kept_out_with_a_warning(lab, deployment):
    stranger = "    server R9 127.0.0.1:1\n"
    with Scene(lab, deployment,
               edit=lambda text: text.replace("    server R1 ", stranger + "    server R1 ")) as scene:
        scene.await_converged()
        warning = f"server {NODES}/R9 is not in `servers:` of its name: it is kept in maintenance"
        scene.await_log(warning)
        assert scene.states()["R9"] & MAINT
        assert warning in scene.agent.status().stdout
        assert warning in scene.explained()


@pytest.mark.deadline(60)
def test_a_backend_without_any_known_server_is_left_alone(lab, deployment):
    web = "\nbackend web\n    server w1 127.0.0.1:1\n    server w2 127.0.0.1:2\n"
    with Scene(lab, deployment, backends={NODES: NAME, "web": NAME},
               edit=lambda text: text + web) as scene:
        scene.await_converged()
        scene.await_log("backend web has no server")
        assert scene.haproxy.states("web") == {"w1": 0, "w2": 0}
