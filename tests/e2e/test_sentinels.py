"""What accidents and operators do to Sentinels, under traffic: only a majority moves a verdict."""

import concurrent.futures
import contextlib
import dataclasses
import itertools
import json
import time

import pytest

from lab import resp, spop_client
from lab.agent import start_agent
from lab.background import Background
from lab.deployment import Deployment, start_deployment
from lab.haproxy import HAProxy, start_haproxy
from lab.lab import Lab
from lab.nodes import HOST
from lab.observer import Observer, Poller
from lab.switch import observe_switch
from lab.waiting import wait_until
from lab.writer import Writer

NAME = "mymaster"
RATE = 100
ATTEMPTS = 3  # for what hangs on a moment that is hard to hit


@dataclasses.dataclass(frozen=True)
class Scene:
    deployment: Deployment
    agent: object
    haproxy: HAProxy

    @property
    def group(self):
        return self.deployment.group

    @property
    def sentinels(self):
        return self.deployment.sentinels

    def master(self):
        return self.deployment.master_of()

    def server(self):
        return self.group.server_of(self.master())

    def report(self):
        """All that the agent tells about the name."""
        status, text = self.agent.get(f"/v1/masters/{NAME}")
        assert status == 200, text
        return json.loads(text)

    def ballot(self, sentinel):
        return self.report()["ballots"][self.sentinels.index(sentinel)]

    def await_report(self, what, accept, within=8):
        """The first report that `accept` takes."""
        seen = {}

        def accepted():
            seen.update(self.report())
            return seen if accept(seen) else None

        return wait_until(accepted, within, lambda: f"{what}; last: {json.dumps(seen)}")

    def await_state(self, state, within=8):
        return self.await_report(state, lambda report: report["state"] == state, within)

    def raise_epoch(self):
        """Makes sure that the name's epoch is not 0, by a failover if need be."""
        if self.sentinels[0].master(NAME)["config-epoch"] > 0:
            return
        old = self.master()
        fail_over(self)
        wait_until(lambda: self.master() not in (None, old), 10, "a failover")
        self.deployment.repair()


@pytest.fixture(scope="module", params=(3, 5), ids=lambda sentinels: f"{sentinels} Sentinels")
def stage(request):
    with Lab() as lab:
        deployment = start_deployment(lab, sentinels=request.param)
        agent = start_agent(lab, deployment)
        yield Scene(deployment, agent, start_haproxy(lab, agent))


@pytest.fixture
def scene(stage):
    """One name with all in order, before and after each test."""
    stage.await_state("ok", within=15)
    yield stage
    stage.deployment.repair()
    assert stage.agent.alive, stage.agent.log_text()[-2000:]


only_three = pytest.mark.parametrize("stage", [3], indirect=True, ids=lambda _: "3 Sentinels")


@contextlib.contextmanager
def traffic(scene):
    """(Observer, Writer) while the block runs; afterwards no write may have reached a node that no
    majority had named by then, nor the agent have sent anybody there."""
    with Observer(scene.deployment, scene.agent) as observer, \
            Writer(scene.haproxy.port, RATE) as writer:
        yield observer, writer
    named = {node.port: observer.majority(node, since=0) for node in scene.group.nodes}
    astray = [write for write in writer.writes if write.port
              and (named[write.port] is None or write.ended < named[write.port].not_before)]
    assert not astray
    for server in servers_of(observer):
        assert named[scene.group.servers[server].port], f"{server} was never named by a majority"


def servers_of(observer):
    """The servers that the verdicts named, one after another; refusals between them left out."""
    named = [server for server in observer.verdicts() if server]
    return [server for server, _ in itertools.groupby(named)]


def crash(scene):
    scene.master().kill()


def fail_over(scene):
    scene.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)


@pytest.mark.deadline(60)
@pytest.mark.parametrize("cause", [crash, fail_over])
def test_a_switch_is_followed_once_and_for_all(cause, scene):
    old = scene.master()
    with traffic(scene) as (observer, writer):
        switch = observe_switch(old, lambda: cause(scene), observer, writer)
        report = scene.report()
    assert not switch.astray(writer.writes)
    assert servers_of(observer) == [scene.group.server_of(switch.old), scene.group.server_of(switch.new)]
    assert (report["server"], report["open"]) == (scene.group.server_of(switch.new), True)


# --- what operators do ---------------------------------------------------------------------------

def fail_over_and_reset(scene):
    """A failover whose leader is RESET as soon as it says that the replica is promoted: between its
    own change of mind and its first word to the others."""
    leader = scene.sentinels[0]
    with resp.Connection(leader.port, timeout=8) as events, resp.Connection(leader.port) as control:
        events.call("SUBSCRIBE", "+promoted-slave")
        assert control.call("SENTINEL", "FAILOVER", NAME) == "OK"
        promoted = events.reply()[2].split()[3]
        assert control.call("SENTINEL", "RESET", NAME) == 1
    return scene.group.node_at(int(promoted))


def settled_epoch(scene):
    """The config epoch if all Sentinels name the same master at the same one; else None."""
    seen = {(master["port"], master["config-epoch"])
            for master in (sentinel.master(NAME) for sentinel in scene.sentinels)}
    return seen.pop()[1] if len(seen) == 1 else None


@pytest.mark.deadline(90)
def test_a_reset_of_the_leader_in_the_middle_of_a_failover_moves_nothing(scene):
    for _ in range(ATTEMPTS):
        old, before = scene.master(), scene.report()["epoch"]
        with traffic(scene) as (observer, writer):
            promoted = fail_over_and_reset(scene)
            epoch = wait_until(
                lambda: (settled_epoch(scene) or 0) > before and settled_epoch(scene), 10,
                "all Sentinels agree on a new epoch")
            moved = scene.master() is not old
            orphaned = promoted.role() == "master"
            report = scene.await_report(
                "open at the new epoch", lambda report: report["open"] and report["epoch"] == epoch)
        if not moved:
            break
        scene.deployment.repair()
    assert not moved, f"RESET came too late {ATTEMPTS} times"
    assert orphaned, "the scene was another: nobody promoted the replica"
    server = scene.group.server_of(old)
    assert servers_of(observer) == [server]
    assert report["server"] == server
    assert {write.port for write in writer.writes if write.port} == {old.port}


def monitor_anew(scene, node):
    """REMOVE and MONITOR on all Sentinels at once, with `node` as the master."""
    settings = scene.deployment.settings
    commands = (
        ("SENTINEL", "REMOVE", NAME),
        ("SENTINEL", "MONITOR", NAME, HOST, node.port, scene.deployment.majority),
        ("SENTINEL", "SET", NAME, "down-after-milliseconds", settings.down_after_ms,
         "failover-timeout", settings.failover_timeout_ms),
    )

    def tell(sentinel):
        with resp.Connection(sentinel.port, timeout=5) as connection:
            return connection.call_all(*commands)

    with concurrent.futures.ThreadPoolExecutor(len(scene.sentinels)) as operators:
        for replies in operators.map(tell, scene.sentinels):
            assert replies == ["OK"] * len(commands)


@pytest.mark.deadline(90)
def test_a_name_monitored_anew_at_epoch_0_with_the_same_master_goes_on_at_once(scene):
    for _ in range(ATTEMPTS):
        scene.raise_epoch()
        server = scene.server()
        scene.await_report("an epoch", lambda report: report["epoch"] > 0)
        with traffic(scene) as (observer, writer):
            monitor_anew(scene, scene.master())
            # A greeting that was under way would teach the old epoch again.
            forgotten = wait_until(
                lambda: {0: "yes", None: ""}.get(settled_epoch(scene), "no"), 5, "an epoch") == "yes"
            if forgotten:
                report = scene.await_report("epoch 0", lambda report: report["epoch"] == 0, within=2)
        assert observer.verdicts() == [server]
        assert {write.error for write in writer.writes} == {None}
        if forgotten:
            break
        scene.deployment.repair()
    assert forgotten, f"the old epoch came back {ATTEMPTS} times"
    assert report["state"] in ("ok", "degraded") and report["server"] == server


@only_three
@pytest.mark.deadline(90)
def test_another_master_at_a_lower_epoch_is_followed_after_ten_seconds(scene):
    scene.raise_epoch()
    old = scene.master()
    new = next(node for node in scene.group.nodes if node is not old)
    scene.await_report("an epoch", lambda report: report["epoch"] > 0)
    with traffic(scene) as (observer, writer):
        new.client.replicaof("NO", "ONE")
        monitor_anew(scene, new)
        begun = time.monotonic()
        majority = wait_until(lambda: observer.majority(new, 0), 5, "all name the new one")
        report = scene.await_state("regress", within=2)
        assert (report["server"], report["open"]) == (scene.group.server_of(old), True)
        assert report["address"] == old.address
        verdict = wait_until(lambda: observer.verdict(new, begun), 15, "the new one is followed")
        wait_until(lambda: writer.first_accepted(new, begun), 5, "a write on the new one")
        scene.await_report("epoch 0", lambda report: report["open"] and report["epoch"] == 0)
    assert verdict.seen - majority.not_before >= 9.5
    assert servers_of(observer) == [scene.group.server_of(old), scene.group.server_of(new)]
    early = [write for write in writer.writes
             if write.port == new.port and write.ended < verdict.not_before - 0.1]
    late = [write for write in writer.writes
            if write.port == old.port and write.begun > verdict.seen]
    assert not early and not late


@pytest.mark.deadline(60)
def test_a_sentinel_restarted_with_an_old_file_changes_nothing(scene):
    stray = scene.sentinels[-1]
    old, file = scene.master(), stray.config.read_text()
    fail_over(scene)
    wait_until(lambda: scene.master() not in (None, old), 10, "a failover")
    scene.deployment.repair()
    scene.await_report("all votes", lambda report: report["votes"] == len(scene.sentinels))
    server = scene.server()

    for _ in range(ATTEMPTS):
        stray.kill()
        stray.config.write_text(file)
        memory = Poller(
            lambda: resp.Connection(stray.port, timeout=0.5),
            lambda connection: connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME))
        with traffic(scene) as (observer, writer):
            memory.start()
            stray.start()
            scene.await_report(
                "its vote for the new master", lambda _: scene.ballot(stray)["valid"]
                and scene.ballot(stray)["address"] == scene.master().address)
            memory.stop()
        assert observer.verdicts() == [server]
        assert {(write.port, write.error) for write in writer.writes} == {(scene.master().port, None)}
        if memory.first([HOST, str(old.port)], since=0):
            return
    pytest.fail(f"in {ATTEMPTS} restarts it was never heard to name the old master")


@pytest.mark.deadline(60)
def test_all_sentinels_restarted_one_after_another_cost_no_write(scene):
    server, master = scene.server(), scene.master()
    with traffic(scene) as (observer, writer):
        for sentinel in scene.sentinels:
            assert sentinel.terminate() == 0
            scene.await_report("its vote is void", lambda _: not scene.ballot(sentinel)["valid"])
            sentinel.start()
            scene.await_report("its vote is back", lambda _: scene.ballot(sentinel)["valid"])
            scene.deployment.hasten([sentinel])
    assert observer.verdicts() == [server]
    assert {(write.port, write.error) for write in writer.writes} == {(master.port, None)}


# --- accidents -----------------------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_a_lost_majority_holds_the_master_and_comes_back(scene):
    server, master = scene.server(), scene.master()
    with traffic(scene) as (observer, writer):
        for sentinel in scene.sentinels[:scene.deployment.majority]:
            sentinel.kill()
        report = scene.await_state("no-quorum")
        assert (report["server"], report["open"]) == (server, True)
        scene.deployment.repair()
        scene.await_state("ok", within=15)
    assert observer.verdicts() == [server]
    assert {(write.port, write.error) for write in writer.writes} == {(master.port, None)}


FROZEN = 40  # seconds
TILT = 12  # seconds instead of Sentinel's own 30, by its DEBUG command


@only_three
@pytest.mark.deadline(110)
def test_a_sentinel_that_was_frozen_counts_again_while_it_is_in_tilt(scene):
    frozen, killed, _ = scene.sentinels
    frozen.client.execute_command("SENTINEL DEBUG", "TILT-PERIOD", TILT * 1000)
    frozen.freeze()
    since = time.monotonic()
    scene.await_state("degraded", within=4)
    assert not scene.ballot(frozen)["valid"]
    old = scene.master()
    with traffic(scene) as (observer, writer):
        switch = observe_switch(old, lambda: crash(scene), observer, writer)
    assert not switch.astray(writer.writes)
    server = scene.server()
    with Observer(scene.deployment, scene.agent) as observer:
        wait_until(lambda: time.monotonic() - since >= FROZEN, FROZEN, "it was frozen for long")
        assert scene.report()["state"] == "degraded"
        frozen.thaw()
        scene.await_report("its vote in TILT", lambda _: scene.ballot(frozen).get("tilt"))
        # It follows the others in TILT too.
        report = scene.await_report("all three votes", lambda report: report["votes"] == 3)
        assert report["state"] == "degraded" and scene.ballot(frozen)["tilt"]
        killed.kill()
        report = scene.await_report("one vote less", lambda report: report["votes"] == 2)
        assert report["state"] == "degraded" and report["open"] and scene.ballot(frozen)["tilt"]
    assert observer.verdicts() == [server]
    scene.deployment.repair(within=TILT + 10)
    scene.await_state("ok", within=TILT + 10)


STOPPED = 5.0  # seconds


class Questions(Background):
    """A context in which one SPOP client asks every 10 ms, without waiting for answers."""

    def __init__(self, agent):
        super().__init__(self._ask, self._hear)
        self._client = spop_client.connect(agent.spop_address, timeout=STOPPED + 5)
        self.asked = {}  # frame id → when
        self.answers = {}  # frame id → Ack

    def __exit__(self, *_):
        super().__exit__()
        self._client.close()

    def _ask(self):
        for frame in itertools.count(1):
            last = self._stopped.is_set()
            self.asked[frame] = time.monotonic()
            self._client.notify(
                [(spop_client.MESSAGE, [("master", spop_client.string(NAME))])], 1, frame)
            if last:
                return
            self._stopped.wait(0.01)

    def _hear(self):
        while not self._stopped.is_set() or len(self.answers) < len(self.asked):
            ack = self._client.ack()
            self.answers[ack.frame_id] = ack

    def servers_since(self, moment):
        """(state, server) of the answers to what was asked from then on, in the order of asking."""
        return [(self.answers[frame]["state"], self.answers[frame]["server"])
                for frame, asked in self.asked.items() if asked >= moment and frame in self.answers]


@only_three
@pytest.mark.deadline(60)
def test_an_agent_that_was_stopped_never_names_the_master_of_before(scene):
    old = scene.master()
    with Writer(scene.haproxy.port, RATE) as writer, Questions(scene.agent) as questions:
        wait_until(lambda: len(questions.answers) > 20, 5, "answers")
        last_change = scene.report()["changes"][-1]["at"]
        scene.agent.freeze()
        stopped = time.monotonic()
        fail_over(scene)
        new = wait_until(
            lambda: (master := scene.master()) is not old and master, 10, "a failover")
        wait_until(lambda: time.monotonic() - stopped >= STOPPED, STOPPED, "a long stop")
        scene.agent.thaw()
        continued = time.monotonic()
        wait_until(
            lambda: questions.servers_since(continued)[-1:] == [("ok", scene.group.server_of(new))], 8,
            "the new master is answered")
        wait_until(lambda: writer.first_accepted(new, continued), 5, "a write on the new master")
        assert old.role() == "master", "the scene was another: the old one would have refused writes"
    told = questions.servers_since(stopped)
    assert len(told) >= 10 * STOPPED, "few questions waited for the agent"
    assert scene.group.server_of(old) not in {server for _, server in told}
    # On a busy machine the Sentinels' answers may be heard before the first question.
    assert told[0] in (("stale", None), ("ok", scene.group.server_of(new)))
    # Nor was there a moment in which it would have, had somebody asked.
    changes = [change for change in scene.report()["changes"] if change["at"] > last_change]
    assert (changes[0]["to"]["state"], changes[0]["open"]) == ("stale", False)
    assert not [write for write in writer.writes
                if write.port == old.port and write.ended > continued]
