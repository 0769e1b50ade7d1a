"""SIGHUP: what it changes, what goes on untouched, and a file that it refuses."""

import datetime
import os
import pathlib
import signal
import socket
import threading
import time

import pytest

from lab import spop_client
from lab.agent import start_agent
from lab.waiting import wait_until

NAMES = ("cache", "queue", "sessions")
SECRET = "correct-horse-battery"


@pytest.fixture(scope="module")
def settings():
    return {"names": NAMES}


@pytest.fixture
def agent(lab, deployment):
    agent = start_agent(lab, deployment, spop={"threads": 2})
    yield agent
    lab.end([agent])


def reloads(agent, result):
    return agent.metric("sentinel_spoa_config_reloads_total", result=result)


def reload(agent, result="ok"):
    """Sends SIGHUP and waits until it has come to this."""
    before = reloads(agent, result)
    agent.write_config()
    agent.signal(signal.SIGHUP)
    wait_until(lambda: reloads(agent, result) == before + 1, 10, f"a reload that is {result}")


def is_same_moment(one, other):
    """Dates are made of ages anew each time, from two clocks: the last digit may differ."""
    times = [datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (one, other)]
    return abs(times[0] - times[1]) <= datetime.timedelta(milliseconds=5)


def undated(changes):
    return [{key: value for key, value in change.items() if key != "at"} for change in changes]


def master_of(agent, name):
    return next(master for master in agent.config["masters"] if master["name"] == name)


def sentinel_links(deployment):
    """The ids of all clients of the Sentinels but this test's own."""
    return [{client["id"] for client in sentinel.client.client_list() if client["name"] == ""
             and client["cmd"] != "client|list"} for sentinel in deployment.sentinels]


def test_what_did_not_change_goes_on(deployment, agent):
    with spop_client.connect(agent.spop_address) as client:
        before, links = agent.master("cache"), sentinel_links(deployment)
        master_of(agent, "queue")["policy"] = {"odown": "keep", "wait": "1s"}
        reload(agent)
        after = agent.master("cache")
        assert client.ask("cache")["server"] == client.ask("queue")["server"] == "R1"
        assert (after["epoch"], after["votes"]) == (before["epoch"], 3)
        assert is_same_moment(after["since"], before["since"])
        assert undated(after["changes"]) == undated(before["changes"])
        assert sentinel_links(deployment) == links
    log = agent.log_text()
    assert "key=masters[queue].policy.odown before=refuse after=keep" in log, log
    assert "key=masters[queue].policy.wait before=8000ms after=1000ms" in log, log


def test_names_come_and_go_on_a_connection_that_stays(agent):
    everything = agent.config["masters"]
    with spop_client.connect(agent.spop_address) as client:
        assert client.ask("queue")["server"] == "R1"
        agent.config["masters"] = [master for master in everything if master["name"] != "queue"]
        reload(agent)
        gone = client.ask("queue")
        assert (gone["server"], gone["state"]) == (None, "unknown-name")
        assert client.ask("cache")["server"] == "R1"
        assert agent.get("/v1/masters/queue")[0] == 404
        assert not [series for series in agent.metrics() if 'master_name="queue"' in series]
        agent.config["masters"] = everything[::-1]
        reload(agent)
        wait_until(lambda: client.ask("queue")["server"] == "R1", 5, "the name is back")
        assert agent.metric("sentinel_spoa_spop_connections_total") == 1


def test_the_only_name_need_not_be_named(agent):
    with spop_client.connect(agent.spop_address) as client:
        assert client.ask(None)["server"] is None
        agent.config["masters"] = [master_of(agent, "queue")]
        reload(agent)
        assert client.ask(None)["server"] == "R1"


def test_sentinels_come_and_go_and_the_rest_keep_their_votes(deployment, agent):
    addresses = list(agent.config["sentinels"]["addresses"])
    agent.config["sentinels"]["addresses"] = addresses[1:]
    reload(agent)
    for _ in range(2):
        one = agent.master("cache")
        assert (one["votes"], one["sentinels"], one["open"]) == (2, 2, True), one
    assert agent.metric("sentinel_spoa_sentinels_configured") == 2
    agent.config["sentinels"]["addresses"] = addresses[::-1]
    reload(agent)
    assert agent.master("cache")["votes"] >= 2
    wait_until(lambda: agent.master("cache")["votes"] == 3, 5, "the third votes")
    assert agent.metric("sentinel_spoa_sentinel_up") == 3


@pytest.mark.parametrize("broken", ["spop: [", "no_such_key: 1\n"])
def test_a_bad_file_changes_nothing_and_says_so(agent, broken):
    good = agent.file.read_text()
    before = agent.master("cache")
    agent.file.write_text(good + broken)
    agent.signal(signal.SIGHUP)
    wait_until(lambda: reloads(agent, "failed") == 1, 10, "a failed reload")
    after = agent.master("cache")
    assert after["open"] and is_same_moment(after["since"], before["since"])
    assert "the configuration stays as it was" in agent.log_text()
    shown = agent.status().stdout
    assert "could not be read anew" in shown and str(agent.file) in shown, shown
    reload(agent)
    assert "could not be read anew" not in agent.status().stdout


def test_a_port_that_is_taken_changes_nothing(lab, agent):
    with socket.create_server(("127.0.0.1", lab.ports.take())) as taken:
        agent.config["spop"]["listen"].append("127.0.0.1:{}".format(taken.getsockname()[1]))
        master_of(agent, "queue")["policy"] = {"wait": "1s"}
        reload(agent, "failed")
    assert "key=" not in agent.log_text()
    with spop_client.connect(agent.spop_address) as client:
        assert client.ask("queue")["server"] == "R1"


def test_a_changed_listener_is_opened_and_the_old_one_closed(lab, agent):
    old, new = agent.spop_address, ("127.0.0.1", lab.ports.take())
    with spop_client.connect(old) as client:
        agent.config["spop"]["listen"][0] = "{}:{}".format(*new)
        reload(agent)
        with spop_client.connect(new) as other:
            assert other.ask("cache")["server"] == client.ask("cache")["server"] == "R1"

        def is_closed():
            try:
                socket.create_connection(old).close()
            except ConnectionRefusedError:
                return True

        wait_until(is_closed, 5, "the old listener is closed")
        with spop_client.connect(agent.spop_path) as other:
            assert other.ask("cache")["server"] == "R1"


def test_no_secret_is_told(agent):
    password = agent.folder / "password"
    password.write_text(SECRET)
    password.chmod(0o600)
    for master in agent.config["masters"]:
        master["redis"] = {"password_file": str(password)}
    reload(agent)
    password.write_text(SECRET + "2")
    reload(agent)
    log = agent.log_text()
    assert "key=masters[cache].redis.password before=(secret) after=changed" in log
    assert SECRET not in log + agent.get("/v1/masters")[1]


def resident_and_descriptors(agent):
    status = pathlib.Path(f"/proc/{agent.pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]), len(os.listdir(f"/proc/{agent.pid}/fd"))


RATE = 1000  # verdicts a second, of all askers
CLEAR = (("R1", "ok"), ("R1", "degraded"))
GONE = ((None, "unknown-name"), (None, "no-quorum"))  # or it has just come, and nobody has voted yet


class Asker(threading.Thread):
    """Asks for one name on one connection, so often a second, whatever becomes of it: what is due goes out
    together. Keeps what was not among the right answers."""

    def __init__(self, address, name, rate, right=CLEAR):
        super().__init__(daemon=True)
        self._address, self._name, self._rate, self._right = address, name, rate, right
        self.answers, self.wrong, self.stop = 0, [], threading.Event()

    def run(self):
        begun = time.monotonic()
        try:
            with spop_client.connect(self._address) as client:
                while not self.stop.wait(0.002):
                    due = int((time.monotonic() - begun) * self._rate) - self.answers
                    for number in range(due):
                        client.notify([(spop_client.MESSAGE, [("master", spop_client.string(self._name))])],
                                      stream_id=1 + number)
                    streams = set(range(1, 1 + due))
                    while streams:
                        ack = client.ack()
                        streams.remove(ack.stream_id)
                        self.answers += 1
                        if (ack["server"], ack["state"]) not in self._right:
                            self.wrong.append(ack)
        except Exception as trouble:  # pylint: disable=broad-except
            self.wrong.append(trouble)


@pytest.mark.deadline(90)
def test_a_hundred_reloads_lose_no_answer_and_leave_nothing_behind(agent):
    everything, addresses = agent.config["masters"], agent.config["sentinels"]["addresses"]

    def variant(number):
        agent.config["masters"] = [
            master | {"policy": {"wait": f"{1 + number % 7}s"}} for master in everything
            if master["name"] != "queue" or number % 2]
        agent.config["sentinels"]["addresses"] = addresses[number % 3:] + addresses[:number % 3]
        if number % 5 == 0:
            agent.config["sentinels"]["addresses"].pop()

    askers = [Asker(agent.spop_address, name, RATE / 5)
              for name in ("cache", "cache", "sessions", "sessions")]
    askers.append(Asker(agent.spop_address, "queue", RATE / 5, CLEAR + GONE))
    wait_until(lambda: agent.master("cache")["votes"] == 3, 5, "all Sentinels vote")
    begun = time.monotonic()
    for asker in askers:
        asker.start()
    for number in range(100):
        variant(number)
        reload(agent)
        wait_until(lambda number=number: time.monotonic() - begun > 0.05 * (number + 1), 5, "its time")
        if number == 19:
            before = resident_and_descriptors(agent)
    after = resident_and_descriptors(agent)
    for asker in askers:
        asker.stop.set()
        asker.join(5)
    took = time.monotonic() - begun
    rate = sum(asker.answers for asker in askers) / took
    print(f"{rate:.0f} verdicts/s for {took:.1f} s; resident kB and descriptors after 20 reloads, after 100:",
          before, after)
    assert [asker.wrong for asker in askers] == [[]] * len(askers)
    assert rate > 0.95 * RATE
    assert agent.metric("sentinel_spoa_spop_connections_total") == len(askers)
    assert after[0] < before[0] + 2048 and after[1] <= before[1] + 2, (before, after)
