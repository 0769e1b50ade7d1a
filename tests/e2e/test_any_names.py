"""Names as people give them, with slashes, signs and blanks: HAProxy, Sentinel and HTTP each have them in their way."""

import http.client
import json
import urllib.parse

import pytest
from knocking import knock, knock_often

from lab import spop_client
from lab.agent import masters_of, run, start_agent
from lab.deployment import start_deployment
from lab.haproxy import FORMS, LUA_FORMS, start_haproxy
from lab.lab import Lab
from lab.spelling import identifier
from lab.waiting import wait_until

LONG = "x" * 80
BLANK = "my cache"
NAMES = ("demo/rd-demo", "orders+shard1+dc1", BLANK, LONG)


@pytest.fixture(scope="module")
def scene():
    """(deployment, agent, HAProxy by form) for these names. The agent fences the servers of use-server; those of
    the forms with Lua cut their sessions themselves, as another agent is configured."""
    with Lab() as lab:
        deployment = start_deployment(lab, names=NAMES)
        control = lab.subfolder("control") / "admin.sock"
        agent = start_agent(
            lab, deployment, log={"level": "debug"}, masters=[each | {"redis": {}} for each in masters_of(deployment)], haproxy=[{
                "runtime_api": f"unix:{control}",
                "backends": {f"redis_{identifier(name)}_nodes": name for name in NAMES}}])
        other = start_agent(lab, deployment, name="other-agent")
        yield deployment, agent, {
            **{form: start_haproxy(lab, agent, form, control=control if form == "use-server" else None)
               for form in FORMS},
            **{form: start_haproxy(lab, other, form) for form in LUA_FORMS}}


def reached(haproxy, name):
    return {knocked.port for knocked in knock_often(haproxy.ports[name], 20)}


@pytest.mark.parametrize("form", [*FORMS, *LUA_FORMS])
def test_each_frontend_reaches_the_master_of_its_own_name(scene, form):
    deployment, _, haproxies = scene
    for name in NAMES:
        master = deployment.master_of(name).port
        wait_until(lambda name=name, master=master: knock(haproxies[form].ports[name]).port == master, 5, "it is known")
        assert reached(haproxies[form], name) == {master}


def test_a_name_is_asked_for_as_it_is(scene):
    deployment, agent, _ = scene
    with spop_client.connect(agent.spop_address) as client:
        for name in NAMES:
            assert client.ask(name)["port"] == deployment.master_of(name).port
        assert client.ask("demo:2frd-demo")["state"] == "unknown-name"


def test_http_has_each_name_as_a_url_has_it(scene):
    deployment, agent, _ = scene
    for name in NAMES:
        assert agent.master(name)["name"] == name
        master = deployment.groups[name].server_of(deployment.master_of(name))
        quoted = urllib.parse.quote(name, safe="")
        assert agent.get(f"/v1/primary/{quoted}/{master}")[0] == 200
        assert agent.get(f"/v1/primary/{quoted}/R9")[0] == 404
        status, page = agent.get(f"/?name={quoted}")
        assert status == 200
        assert f'href="?name={quoted}"' in agent.get("/")[1]
        assert agent.metric("sentinel_spoa_master_state", master_name=name, state="ok") == 1
    assert agent.get("/v1/masters/demo/rd-demo")[0] == 200  # plain, where a URL can hold it
    assert agent.get("/v1/primary/demo/rd-demo/R1")[0] in (200, 503)
    assert agent.get("/v1/masters/my%2")[0] == 404
    assert agent.get("/v1/masters/demo%2Frd-demo%00")[0] == 404


def test_the_events_of_one_name_are_followed(scene):
    _, agent, _ = scene
    for name in NAMES:
        connection = http.client.HTTPConnection(agent.host, agent.http_port, timeout=2)
        connection.request("GET", f"/v1/events?name={urllib.parse.quote(name, safe='')}")
        assert json.loads(connection.getresponse().readline())["name"] == name
        connection.close()


def test_the_command_line_takes_each_name(scene):
    _, agent, _ = scene
    for name in NAMES:
        explained = run("explain", name, "--url", agent.url)
        assert explained.returncode == 0, explained.stdout + explained.stderr
        assert explained.stdout.startswith(name)
    assert "no name 'my cache 2'" in run("explain", "my cache 2", "--url", agent.url).stderr
    assert all(name in agent.status().stdout for name in NAMES)


def test_the_check_tells_how_haproxy_has_them(scene):
    _, agent, _ = scene
    checked = run("-c", "-f", agent.file)
    assert checked.returncode == 0
    assert checked.stdout == ""
    notes = [line for line in checked.stderr.splitlines() if ": note: " in line]
    assert len(notes) == 3
    assert "it is written demo:2frd-demo" in notes[0]
    (warning,) = [line for line in checked.stderr.splitlines() if ": warning: " in line]
    assert "'my cache': Sentinel writes such a name into its file without quotes" in warning


def test_the_lua_module_shows_a_name_with_a_blank(scene):
    _, _, haproxies = scene
    for form in LUA_FORMS:
        shown = haproxies[form].ask(r"show sentinel my\ cache")
        assert "\nmy cache  R" in shown, shown
        assert "server redis_my:20cache_nodes/R1: ready" in shown, shown


@pytest.mark.deadline(120)
def test_the_failover_of_each_is_followed(scene):
    deployment, agent, haproxies = scene
    before = {name: deployment.master_of(name) for name in NAMES}
    for node in before.values():
        node.kill()
    for name in NAMES:
        wait_until(lambda name=name: deployment.master_of(name) not in (None, before[name]), 30, f"a new {name}")
    for name in NAMES:
        master = deployment.master_of(name)
        for form, haproxy in haproxies.items():
            wait_until(
                lambda name=name, master=master, haproxy=haproxy: reached(haproxy, name) == {master.port},
                10, f"{name} reaches its master by {form}")
        # The event was heard, and taken for that of this name.
        told = f'name="{name}"' if " " in name else f"name={name}"
        wait_until(lambda told=told: any(
            "event +switch-master" in line and told in line for line in agent.log_text().splitlines()), 5, told)
    deployment.repair()
    # The agent keeps their backends.
    for name in NAMES:
        states = haproxies["use-server"].states(f"redis_{identifier(name)}_nodes")
        assert len(states) == 3
    wait_until(lambda: agent.status().returncode == 0, 20, lambda: agent.status().stdout)

