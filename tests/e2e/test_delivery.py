"""`ok` means that a client can write: what HAProxy cannot carry, or would carry to another node, is told."""

import re
import signal

import pytest
from delivering import Delivery, astray
from test_fence import MAINT

from lab.haproxy import FORMS, start_haproxy
from lab.waiting import wait_until
from lab.writer import Writer

pytestmark = pytest.mark.deadline(60)

FORMS_WITH_SERVERS = [form for form in FORMS if form != "set-dst"]
NOBODY = "127.0.0.9:1"
DRAIN = 8  # of srv_admin_state


def line_of(text, server):
    """The server's line in haproxy.cfg."""
    (line,) = re.findall(rf"^    server {server} .*\n", text, re.M)
    return line


def appended(server, words):
    """An edit of haproxy.cfg: `words` at the end of the server's line."""
    return lambda text: text.replace(line := line_of(text, server), f"{line.rstrip()} {words}\n")


def moved(addresses):
    """An edit of haproxy.cfg: each server at its address in `addresses`."""
    def edit(text):
        for server, address in addresses.items():
            text = text.replace(line_of(text, server),
                                re.sub(r"(server \S+) \S+", rf"\1 {address}", line_of(text, server)))
        return text

    return edit


def removed(server):
    """An edit of haproxy.cfg: without the server's lines."""
    return lambda text: re.sub(rf"^.*\b{server}\b.*\n", "", text, flags=re.M)


def set_address(scene, server, address):
    host, port = address.split(":")
    scene.haproxy.ask(f"set server {scene.place(server)} addr {host} port {port}")


@pytest.fixture
def group(deployment):
    return deployment.group


@pytest.fixture
def master(deployment):
    """The server of the master when the test begins."""
    return deployment.group.server_of(deployment.master_of())


@pytest.fixture
def replica(group, master):
    """The server of some replica."""
    return next(server for server in group.servers if server != master)


# --- a server that is another node ---------------------------------------------------------------

@pytest.mark.parametrize("form", FORMS_WITH_SERVERS)
@pytest.mark.parametrize("where", ["servers", "haproxy.cfg"])
def test_swapped_addresses_lead_no_write_to_a_replica(where, form, lab, deployment, group, master, replica):
    addresses = {server: node.address for server, node in group.servers.items()}
    swapped = addresses | {master: addresses[replica], replica: addresses[master]}
    wrong = {"servers": {"changes": {"servers": swapped}}, "haproxy.cfg": {"edit": moved(swapped)}}
    named = replica if where == "servers" else master  # as the agent's configuration calls the master
    with Delivery(lab, deployment, form, **wrong[where]) as scene, \
            Writer(scene.haproxy.port, 100, patience=10) as writer:
        scene.start()
        scene.await_unmapped([named, addresses[master], addresses[replica]])
        for server in (master, replica):
            wait_until(lambda server=server: scene.states()[server] & MAINT, 2, f"{server} is put out")
        if where == "servers":
            scene.agent.config["masters"][0]["servers"] = addresses
            scene.agent.write_config()
            scene.agent.signal(signal.SIGHUP)
        else:
            for server in (master, replica):
                set_address(scene, server, addresses[server])
        scene.await_sound()
        wait_until(lambda: writer.first_accepted(group.servers[master], 0), 5, "the master takes writes")
    assert not astray(deployment, writer.writes)


def test_addresses_exchanged_while_it_runs_are_seen_within_two_seconds(
        lab, deployment, group, master, replica, any_haproxy):
    with Delivery(lab, deployment, binary=any_haproxy.binary).started() as scene:
        scene.await_sound()
        at_master, at_replica = (group.servers[server].address for server in (master, replica))
        set_address(scene, master, at_replica)
        set_address(scene, replica, at_master)
        scene.await_unmapped([master, at_master, at_replica], within=2)
        assert scene.reaches() is None
        wait_until(lambda: scene.haproxy.current(master) == 0, 2, "no session is on the replica")
        set_address(scene, master, at_master)
        set_address(scene, replica, at_replica)
        scene.await_sound()


def test_a_master_with_the_address_of_a_stranger_is_given_to_nobody(lab, deployment, master):
    with Delivery(lab, deployment, edit=moved({master: NOBODY})).started() as scene:
        scene.await_unmapped([master, NOBODY])
        assert scene.reaches() is None


def test_a_replica_with_the_address_of_the_master_is_told_of_before_it_is_one(
        lab, deployment, group, master, replica):
    taken = group.servers[master].address
    with Delivery(lab, deployment, edit=moved({replica: taken})).started() as scene:
        scene.await_problem(scene.place(replica), taken)
        wait_until(lambda: scene.states()[replica] & MAINT, 2, "it is put out")
        scene.promote(replica)
        scene.await_unmapped([replica, taken, group.servers[replica].address], within=5)
        scene.promote(master)
        scene.await_problem(scene.place(replica), within=10)


# --- another port of the right host --------------------------------------------------------------

class Fronts:
    """For each node a port at which HAProxy hands on to it, as a nutcracker on its host would."""

    def __init__(self, lab, group):
        self._nodes = group.servers
        self.addresses = {server: f"127.0.0.1:{lab.ports.take()}" for server in group.servers}

    def edit(self, text):
        """haproxy.cfg with these ports, and the name's servers there."""
        return moved(self.addresses)(text) + "".join(
            f"\nlisten front_{server}\n    bind {address}\n    server node {self._nodes[server].address}\n"
            for server, address in self.addresses.items())


@pytest.fixture
def fronts(lab, group):
    return Fronts(lab, group)


def test_another_port_of_the_right_host_is_used_and_warned_of(lab, deployment, master, fronts):
    with Delivery(lab, deployment, edit=fronts.edit).started() as scene:
        scene.await_problem(scene.place(master), fronts.addresses[master], "connect")


def test_connect_says_that_another_port_is_meant(lab, deployment, fronts):
    with Delivery(lab, deployment, edit=fronts.edit, changes={"connect": fronts.addresses}).started() as scene:
        scene.await_sound()


def test_a_master_that_is_not_where_connect_says_is_given_to_nobody(lab, deployment, group, master, fronts):
    with Delivery(lab, deployment, changes={"connect": fronts.addresses}).started() as scene:
        scene.await_unmapped([master, fronts.addresses[master], group.servers[master].address])


# --- a server that takes no connection -----------------------------------------------------------

def has_no_address(text, server):
    text = moved({server: "no-such-host.invalid:6379"})(text)
    return appended(server, "init-addr none")(text)


def is_found_down(text, server):
    return appended(server, "check port 1 inter 100ms fall 1")(text)


def is_missing(text, server):
    return removed(server)(text)


def is_disabled(text, server):
    return appended(server, "disabled")(text)


# What haproxy.cfg does to a server so that no connection reaches it, and a word that tells.
HARM = {"missing": (is_missing, "no backend has a server"), "without an address": (has_no_address, "no address"),
        "down by its check": (is_found_down, "DOWN"), "disabled": (is_disabled, "maintenance")}


def told(scene, harm, server):
    """What is said of the server: its place, where it has one, and the word."""
    return [server if harm == "missing" else scene.place(server), HARM[harm][1]]


@pytest.mark.parametrize("harm", HARM)
def test_a_master_that_haproxy_cannot_reach_is_undeliverable(harm, lab, deployment, master, any_haproxy):
    with Delivery(lab, deployment, binary=any_haproxy.binary,
                  edit=lambda text: HARM[harm][0](text, master)).started() as scene:
        scene.await_undeliverable(master, told(scene, harm, master))
        assert scene.reaches() is None


@pytest.mark.parametrize("harm", HARM)
def test_a_replica_that_haproxy_cannot_reach_is_a_problem_and_once_it_is_master_undeliverable(
        harm, lab, deployment, master, replica):
    with Delivery(lab, deployment, edit=lambda text: HARM[harm][0](text, replica)).started() as scene:
        scene.await_problem(*told(scene, harm, replica))
        scene.promote(replica)
        scene.await_undeliverable(replica, told(scene, harm, replica))
        assert scene.reaches() is None
        scene.promote(master)
        scene.await_problem(*told(scene, harm, replica), within=10)


def test_a_backend_that_haproxy_does_not_have_is_a_server_that_is_missing(lab, deployment, master):
    with Delivery(lab, deployment, "backends", edit=removed(master)).started() as scene:
        scene.await_undeliverable(master, told(scene, "missing", master))


def test_of_two_haproxies_the_one_that_cannot_carry_it_is_named(lab, deployment, master):
    with Delivery(lab, deployment) as scene:
        control = lab.subfolder("control") / "admin.sock"
        other = start_haproxy(lab, scene.agent, control=control, edit=removed(master))
        (first,) = scene.agent.config["haproxy"]
        scene.agent.config["haproxy"] = [first, first | {"runtime_api": f"unix:{control}"}]
        scene.agent.write_config()
        scene.start()
        wait_until(lambda: scene.report().get("deliverable") is False, 3, "one of them cannot")
        (line,) = scene.ready()[1]
        assert str(control) in line and str(scene.control) not in line
        wait_until(lambda: scene.reaches() == master, 2, "through the first clients reach the master")
        lab.end([other])


@pytest.mark.parametrize("form", FORMS_WITH_SERVERS)
def test_an_operators_maintenance_is_told_of_and_ends_with_him(form, lab, deployment, master, replica):
    with Delivery(lab, deployment, form).started() as scene:
        scene.await_sound()
        for server in (master, replica):
            scene.change(server, "maint", scene.place(server).split("/")[0])
        scene.await_undeliverable(master)
        assert any(scene.place(replica) in problem for problem in scene.problems()), scene.problems()
        scene.change(master, "ready", scene.place(master).split("/")[0])
        scene.await_problem(scene.place(replica), "maintenance")
        scene.change(replica, "ready", scene.place(replica).split("/")[0])
        scene.await_sound()


@pytest.mark.parametrize("drain, back", [("state drain", "state ready"), ("weight 0", "weight 100%")])
def test_a_drained_master_alone_in_its_backend_is_undeliverable(drain, back, lab, deployment, master):
    with Delivery(lab, deployment, "backends").started() as scene:
        scene.await_sound()
        scene.haproxy.ask(f"set server {scene.place(master)} {drain}")
        wait_until(lambda: scene.reaches() is None, 2, "HAProxy refuses")
        scene.await_undeliverable(master)
        scene.haproxy.ask(f"set server {scene.place(master)} {back}")
        scene.await_sound()


def test_a_drained_master_that_a_rule_picks_is_used(lab, deployment, master):
    with Delivery(lab, deployment).started() as scene:
        scene.await_sound()
        scene.change(master, "drain")
        wait_until(lambda: scene.states()[master] == DRAIN, 2, "it is drained")
        scene.connect(5)
        assert scene.report()["deliverable"] and scene.ready() == (200, ["ready"])
        scene.change(master, "ready")
        scene.await_sound()


# --- a master that no entry maps -----------------------------------------------------------------

def test_a_master_that_no_entry_of_servers_has_is_given_to_nobody(lab, deployment, group, master, replica):
    known = {server: node.address for server, node in group.servers.items() if server != replica}
    with Delivery(lab, deployment, changes={"servers": known}).started() as scene:
        scene.promote(replica)
        scene.await_unmapped([group.servers[replica].address, "servers"])
        assert scene.reaches() is None
        scene.promote(master)
        wait_until(lambda: scene.reaches() == master, 5, "it is over")
