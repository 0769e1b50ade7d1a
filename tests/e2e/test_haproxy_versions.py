"""Each version of HAProxy with the agent: to the master or nowhere, whatever happens to either of them."""

import collections
import concurrent.futures
import threading

import pytest
from knocking import knock, knock_often, wait_in_silence

from lab.agent import make_agent
from lab.haproxy import FORMS, HAProxy
from lab.waiting import wait_until

THREADS = 2
# Clients at the same time: enough for several questions under way on each thread.
AT_ONCE = 8
# SPOP connections that HAProxy may have for them: when it has none free it makes another.
FEW = 3 * AT_ONCE
RELOADS = 10
CHECKED = ("default-server check inter 500ms fastinter 300ms fall 2 rise 1"
           " on-marked-down shutdown-sessions\n")
UNCHECKED = "default-server no-check\n"


class Pair:
    """A HAProxy with the agents it asks, all on TCP: the first one, and as many others as wanted."""

    def __init__(self, lab, deployment, binary, form="use-server", others=0):
        self._deployment = deployment
        self.agents = [make_agent(lab, deployment) for _ in range(1 + others)]
        for agent in self.agents:
            agent.config["spop"]["listen"] = ["{}:{}".format(*agent.spop_address)]
            for master in agent.config["masters"]:
                master["policy"] = {"wait": 0}  # so that HAProxy gives up soon
            agent.write_config()
        self.agent = self.agents[0]
        self.haproxy = lab.add(HAProxy(lab, self.agent, form, binary))
        self.replace("\nglobal\n", f"\nglobal\n    nbthread {THREADS}\n")
        first = "    server a1 {}:{}\n".format(*self.agent.spop_address)
        for number, agent in enumerate(self.agents[1:], 2):
            self.replace(first, first + "    server a{} {}:{}\n".format(number, *agent.spop_address))

    def replace(self, old, new, file="haproxy.cfg"):
        """Changes HAProxy's configuration, or its SPOE file, before the start."""
        path = self.haproxy.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} in {text}"
        path.write_text(text.replace(old, new))

    def start(self):
        for agent in self.agents:
            agent.start()
        self.haproxy.start()
        if CHECKED in self.haproxy.file.read_text():
            self.await_check("UP")
        return self

    @property
    def master(self):
        return self._deployment.master_of().port

    def knock(self):
        """Where one connection leads: a port, or None when it is refused."""
        return knock(self.haproxy.port).port

    def knocks(self, times):
        """The set of where many connections lead."""
        return {knock.port for knock in knock_often(self.haproxy.port, times, AT_ONCE)}

    def row(self, server):
        """What HAProxy's statistics say of an agent, or of BACKEND."""
        return next(row for row in self.haproxy.statistics()
                    if (row["pxname"], row["svname"]) == ("sentinel_agents", server))

    def await_check(self, status, server="a1"):
        """Waits until HAProxy has checked this agent and found it UP or DOWN."""
        def found():
            row = self.row(server)
            return row["status"] == status and row["check_status"] != "INI"

        wait_until(found, 5, f"the check finds {server} {status}")

    def frames(self, kind, agent=None):
        return (agent or self.agent).metric("sentinel_spoa_spop_frames_total", type=kind)

    def connections(self):
        """SPOP connections of the first agent, open now."""
        return self.agent.metric("sentinel_spoa_spop_connections")

    def assert_no_complaint(self):
        """The agents saw nothing unusual in what HAProxy did."""
        for agent in self.agents:
            assert agent.metric("sentinel_spoa_spop_errors_total") == 0, agent.metrics()
            text = agent.log_text()
            assert " warning " not in text and " error " not in text, text


@pytest.fixture
def pair(lab, deployment, any_haproxy):
    """Makes a Pair, whose processes end with the test."""
    processes = []

    def make(*arguments, **options):
        made = Pair(lab, deployment, any_haproxy.binary, *arguments, **options)
        processes.extend([made.haproxy, *made.agents])
        return made

    yield make
    lab.end(processes)


# Healthy


@pytest.mark.parametrize("form", FORMS)
def test_all_connections_reach_the_master(pair, form):
    pair = pair(form).start()
    assert pair.knocks(200) == {pair.master}
    pair.assert_no_complaint()


def test_the_agents_backend_is_in_the_mode_of_the_version(pair, any_haproxy):
    pair = pair().start()
    assert pair.row("BACKEND")["mode"] == ("spop" if any_haproxy.has_spop_mode else "tcp")


def test_many_clients_share_few_connections_to_the_agent(pair):
    pair = pair().start()
    for _ in range(50):
        assert pair.knock() == pair.master
    assert pair.frames("hello") <= 2 * THREADS
    assert pair.knocks(500) == {pair.master}
    assert pair.frames("notify") == 550
    assert pair.frames("hello") <= FEW


def test_the_health_check_is_answered_and_leaves_nothing_behind(pair):
    pair = pair().start()
    wait_until(lambda: pair.frames("healthcheck") >= 4, 5, "four checks")
    assert pair.row("a1")["check_status"] in ("L6OK", "L7OK")
    wait_until(lambda: pair.connections() == 0, 2, "no connection is left")
    pair.assert_no_complaint()


def test_idle_connections_are_closed_by_haproxy_and_made_anew(pair, any_haproxy):
    pair = pair()
    if any_haproxy.has_spop_mode:
        pair.replace(CHECKED, f"default-server pool-purge-delay 100ms\n    {CHECKED}")
    else:
        pair.replace("timeout idle       30s", "timeout idle       100ms", "spoe-sentinel.cfg")
    pair.start()
    for round in range(1, 3):
        assert pair.knocks(20) == {pair.master}
        assert pair.frames("hello") >= round, "a closed connection was replaced"
        wait_until(lambda: pair.connections() == 0, 5, "all closed")
    # Up to 3.0 HAProxy says goodbye; later it resets the connection without a word.
    assert (pair.frames("disconnect") > 0) != any_haproxy.has_spop_mode
    pair.assert_no_complaint()


# The agent ends, hangs, comes back


@pytest.mark.parametrize("by", ["end", "reset"])
def test_the_next_client_after_a_quick_restart_of_the_agent_is_served(pair, by):
    pair = pair()
    pair.replace("check inter 500ms fastinter 300ms", "check inter 60s")  # the restart is quicker than the check
    pair.start()
    assert pair.knocks(20) == {pair.master}
    if by == "end":
        pair.agent.terminate()
    else:
        pair.agent.freeze()
        assert pair.knocks(20) == {None}
        pair.agent.kill()  # with unread questions, so its connections are reset
    pair.agent.start()
    assert pair.knock() == pair.master
    assert pair.knocks(20) == {pair.master}
    pair.assert_no_complaint()


@pytest.mark.parametrize("check", [CHECKED, UNCHECKED], ids=["checked", "unchecked"])
def test_without_an_agent_clients_are_refused_until_it_is_back(pair, check):
    pair = pair()
    pair.replace(CHECKED, check)
    pair.start()
    assert pair.knock() == pair.master
    pair.agent.kill()
    assert pair.knocks(20) == {None}
    if check == CHECKED:
        pair.await_check("DOWN")
        assert pair.knocks(20) == {None}
    assert wait_in_silence(pair.haproxy.port) < 1
    assert set(pair.haproxy.sessions().values()) == {1, 0}, "nothing was tried but the first"
    pair.agent.start()
    wait_until(lambda: pair.knock() == pair.master, 5, "the agent is found again")
    assert pair.knocks(20) == {pair.master}


def test_an_agent_that_hangs_is_marked_down_and_its_clients_are_refused(pair):
    pair = pair().start()
    assert pair.knocks(20) == {pair.master}
    pair.agent.freeze()
    assert pair.knocks(20) == {None}
    pair.await_check("DOWN")
    assert pair.knocks(20) == {None}
    assert wait_in_silence(pair.haproxy.port) < 1
    pair.agent.thaw()
    pair.await_check("UP")
    wait_until(lambda: pair.knock() == pair.master, 5, "the agent is asked again")
    assert pair.knocks(20) == {pair.master}


# Two agents


def test_the_second_agent_answers_at_once_when_the_first_has_died(pair):
    pair = pair(others=1).start()
    pair.await_check("UP", "a2")
    second = pair.agents[1]
    assert pair.knocks(20) == {pair.master}
    assert pair.frames("notify", second) == 0
    pair.agent.kill()
    # Lost is what was asked over a connection whose end HAProxy had not seen yet.
    assert {pair.master} <= pair.knocks(20) <= {pair.master, None}
    assert pair.knocks(20) == {pair.master}
    assert pair.frames("notify", second) >= 20
    pair.await_check("DOWN")
    assert pair.knocks(20) == {pair.master}
    pair.agent.start()
    pair.await_check("UP")
    assert pair.knocks(20) == {pair.master}
    pair.assert_no_complaint()


# Reload


def test_a_burst_of_reloads_leads_no_client_astray(pair):
    pair = pair().start()
    finished = threading.Event()

    def keep_knocking():
        reached = collections.Counter()
        while not finished.is_set():
            reached[pair.knock()] += 1
        return reached

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as clients:
        try:
            knocking = [clients.submit(keep_knocking) for _ in range(AT_ONCE)]
            for _ in range(RELOADS):
                pair.haproxy.reload()
        finally:
            finished.set()
    reached = sum((client.result() for client in knocking), collections.Counter())
    assert set(reached) <= {pair.master, None}
    assert reached[pair.master] > reached[None]
    assert pair.knocks(20) == {pair.master}
    wait_until(lambda: pair.connections() <= FEW, 5, "the connections of the old processes have ended")
    pair.assert_no_complaint()
