"""Peers that know the agent's passwords, or just echo them, and say them in every way; and what steers a terminal."""

import contextlib
import http.client
import json
import pathlib
import re
import subprocess
import unicodedata

import pytest

from lab import agent as agent_module
from lab.agent import Agent, make_agent, masters_of, start_agent
from lab.deployment import start_deployment
from lab.liars import LyingAgent, LyingNode, LyingSentinel, LyingSocket, array, bulk, error
from lab.nodes import RedisNode, SentinelNode
from lab.nutcracker import start_nutcracker
from lab.upgraded import Upgraded
from lab.waiting import wait_until

NAME = "mymaster"
# No four characters of these stand in any word of the agent, of Sentinel or of Redis.
SENTINEL_PASS = "qZ7xK2vJ9wQ4"
REDIS_PASS = 'X8kq"Vw3z\\mT6'
NUTCRACKER_PASS = "uW5hN1pYdB0"
SHORT_PASS = "k7z"
SECRETS = (SENTINEL_PASS, REDIS_PASS, NUTCRACKER_PASS)


# The ways to say a secret: each the texts of one reply after the other.

def fours(secret):
    return [secret[i:i + 4] for i in range(len(secret) - 3)]


WAYS = {
    "whole": lambda s: [s],
    "upper case": lambda s: [s.upper()],
    "lower case": lambda s: [s.lower()],
    "swapped case": lambda s: [s.swapcase()],
    "as Redis quotes it": lambda s: [b"ERR unknown command 'AUTH', with args beginning with: '%s' " % s],
    "double quotes": lambda s: [b'"%s"' % s],
    "backticks": lambda s: [b"`%s`" % s],
    "escaped quotes": lambda s: [b'"%s"' % s.replace(b"\\", b"\\\\").replace(b'"', b'\\"')],
    "backslashes": lambda s: [b"\\".join(s[i:i + 1] for i in range(len(s)))],
    "brackets": lambda s: [b"[<(%s)>]" % s],
    "inside a word": lambda s: [b"pre%spost" % s],
    "inside a number": lambda s: [b"12%s34" % s],
    "URL": lambda s: [b"redis://default:%s@10.0.0.1:6379/0" % s],
    "list": lambda s: [b",".join([s, s, s])],
    "JSON": lambda s: [b'{"password":"%s"}' % s],
    "assignment": lambda s: [b"requirepass=%s;" % s],
    "two halves": lambda s: [s[:6], s[6:]],
    "a short and a long part": lambda s: [s[:4], s[4:]],
    "three parts": lambda s: [s[:4], s[4:8], s[7:]],
    "every beginning": lambda s: [b" ".join(s[:i] for i in range(4, len(s)))],
    "every end": lambda s: [b" ".join(s[i:] for i in range(1, len(s) - 3))],
    "every four": lambda s: fours(s),
    "every four at once": lambda s: [b"|".join(fours(s))],
    "at the cut": lambda s: [b"x " * 57 + s],
    "far behind": lambda s: [b"x" * 1000 + s],
    "a thousand times": lambda s: [s * 1000],
    "colours": lambda s: [b"\x1b[31m%s\x1b[0m" % s],
    "a colour inside": lambda s: [s[:5] + b"\x1b[0m" + s[5:]],
    "a title": lambda s: [b"\x1b]0;%s\x07" % s],
    "C1": lambda s: [b"\xc2\x9b31m%s\x9b0m" % s],
    "no UTF-8": lambda s: [b"\xff%s\xc3" % s],
    "no UTF-8 inside": lambda s: [s[:6] + b"\xff" + s[6:]],
    "zero bytes": lambda s: [s[:6] + b"\0" + s[6:]],
    "backspaces": lambda s: [s + b"\x08" * 12 + b"\x7f"],
    "two lines": lambda s: [s[:6] + b"\n" + s[6:]],
    "tabs": lambda s: [b"\t%s\t" % s],
    "right to left": lambda s: ["\u202e".encode() + s],
    "zero width": lambda s: [s[:6] + "\u200b".encode() + s[6:]],
    "HTML": lambda s: [b"<b title='%s'>%s</b>" % (s, s)],
    "a metric": lambda s: [b'up{password="%s"} 1' % s],
}

# Where a peer can say it: the command that it lies at, and the reply of a text.

SENTINEL_LIES = {
    "login": (b"AUTH ", lambda text: error(b"WRONGPASS you sent " + text)),
    "login refused": (b"AUTH ", lambda text: error(b"ERR " + text)),
    "subscription": (b"SUBSCRIBE +", lambda text: error(text)),
    "id": (b"SENTINEL MYID", lambda text: error(b"ERR " + text)),
    "text as id": (b"SENTINEL MYID", lambda text: bulk(text)),
    "address": (b"SENTINEL GET", lambda text: error(b"ERR " + text)),
    "host": (b"SENTINEL GET", lambda text: array(text, b"6379")),
    "fields": (b"SENTINEL MASTER", lambda text: error(b"NOPERM " + text)),
    "replicas": (b"SENTINEL REPLICAS", lambda text: error(b"NOPERM " + text)),
    "replica": (b"SENTINEL REPLICAS", lambda text: b"*1\r\n" + array(
        b"ip", text, b"port", b"1", b"flags", text, b"slave-priority", b"1")),
    "quorum": (b"SENTINEL CKQUORUM", lambda text: error(b"NOQUORUM " + text)),
    "event": (b"SUBSCRIBE ", lambda text: b"".join(
        array(b"message", channel, payload) for channel, payload in (
            (b"+switch-master", NAME.encode() + b" 10.0.0.1 1 %s 1" % text),
            (b"+sdown", b"master %s 10.0.0.1 1" % text),
            (b"+selected-slave", b"slave %s:1 %s 1 @ mymaster 10.0.0.1 1" % (text, text)),
            (text, text)))),
    "no protocol": (b"SENTINEL MYID", lambda text: text + b"\r\n"),
}
NODE_LIES = {
    "login": (b"AUTH ", lambda text: error(b"ERR " + text)),
    "role": (b"ROLE", lambda text: error(b"ERR " + text)),
    "role's word": (b"ROLE", lambda text: array(text, 1, text)),
    "master's host": (b"ROLE", lambda text: array(b"slave", text, 6379, b"connected", 1)),
    "info": (b"INFO", lambda text: error(b"ERR " + text)),
    "run id": (b"INFO", lambda text: bulk(b"run_id:%s\r\nmaster_host:%s\r\nmaster_port:1\r\n" % (text, text))),
}


def shown_socket_lines(text):
    """HAProxy's answers: a complaint, and a server of this name that the agent does not know."""
    line = re.sub(rb"[^A-Za-z0-9.:_-]", b"_", text)[:200]
    states = (b"1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
              b"srv_iweight srv_port\n3 nodes 1 R1 127.0.0.1 2 0 1 1 1\n3 nodes 2 %s 127.0.0.1 2 0 1 1 1\n\n"
              % line)
    return [b"Oops: " + text + b"\n", states, states]


class Scene:
    """An agent among liars, all of which say what they say in one way."""

    def __init__(self, lab, way):
        self._lab, self._stack = lab, contextlib.ExitStack()
        words = WAYS[way]
        enter = self._stack.enter_context
        self.nodes = [enter(LyingNode(lab, lie, words(REDIS_PASS.encode()))) for lie in NODE_LIES.values()]
        master = self.nodes[0].address
        self.sentinels = [enter(LyingSentinel(lab, lie, words(SENTINEL_PASS.encode()), master))
                          for lie in SENTINEL_LIES.values()]
        folder = lab.subfolder("liars")
        sockets = [text for each in words(REDIS_PASS.encode()) for text in shown_socket_lines(each)]
        self.haproxy = enter(LyingSocket(folder / "admin.sock", sockets))
        self.master_cli = enter(LyingSocket(folder / "master.sock", words(SENTINEL_PASS.encode())))
        self.program = folder / "program"
        (folder / "says").write_bytes(b"\n".join(words(NUTCRACKER_PASS.encode())))
        self.program.write_text(f"#!/bin/sh\ncat {folder}/says >&2\nexit 1\n")
        self.program.chmod(0o755)
        self.file = folder / "nutcracker.yml"
        self.file.write_text(
            f"pool:\n  listen: 127.0.0.1:{lab.ports.take()}\n  redis: true\n"
            f"  redis_auth: {NUTCRACKER_PASS}\n  servers: ['10.0.0.9:6379:1 R']\n")
        self.agent = lab.add(Agent(lab, **self._config(folder)))
        self.agent.start(ready=False)

    def _config(self, folder):
        servers = {f"R{number}": node.address for number, node in enumerate(self.nodes, 1)}
        return {
            "sentinels": {"addresses": [each.address for each in self.sentinels], "password": SENTINEL_PASS},
            "masters": [{"name": NAME, "servers": servers, "redis": {"password": REDIS_PASS},
                         "replicas": {"fallback": "refuse"}}],
            "haproxy": [{"runtime_api": f"unix:{folder}/admin.sock", "master_cli": f"unix:{folder}/master.sock",
                         "backends": {"nodes": NAME}}],
            "twemproxy": [{"config": str(self.file), "pools": {"pool": NAME}, "test": [str(self.program)],
                           "restart": [str(self.program)]}],
            "log": {"level": "debug"},
        }

    def __enter__(self):
        liars = [*self.nodes, *self.sentinels, self.haproxy, self.master_cli]
        wait_until(lambda: all(liar.told for liar in liars), 15,
                   lambda: f"all are asked; of {[liar.told for liar in liars]}")
        wait_until(self._is_known, 10, "what they said is known")
        return self

    def _is_known(self):
        status = json.loads(self.agent.get("/v1/masters")[1])
        nodes = self.agent.master(NAME)["nodes"]
        return (all(each["up"] or each["failure"] for each in status["sentinels"])
                and all(node.get("trouble") != "not asked yet" for node in nodes)
                and status["haproxy"][0].get("failure") != "not asked yet")

    def __exit__(self, *failure):
        self._lab.end([self.agent])
        self._stack.close()


def everything_said(agent):
    """The log, every page, the events and what the commands about this agent print, by where it was said."""
    said = {"log": agent.log.read_bytes()}
    for path in ("/", "/?part=main", "/readyz", "/metrics", "/v1/masters", f"/v1/masters/{NAME}",
                 f"/v1/primary/{NAME}/R1", f"/v1/replica/{NAME}/R2"):
        said[path] = agent.get(path)[1].encode()
    connection = http.client.HTTPConnection(agent.host, agent.http_port, timeout=2)
    connection.request("GET", "/v1/events")
    said["/v1/events"] = connection.getresponse().readline()
    connection.close()
    for command in (["status"], ["status", "--json"], ["explain", NAME], ["explain", NAME, "--json"]):
        said[" ".join(command)] = output_of(*command, "--url", agent.url)
    said["-c"] = output_of("-c", "-f", agent.file)
    said["twemproxy"] = output_of("twemproxy", "--check", agent.file)
    return said


def output_of(*arguments):
    done = subprocess.run([agent_module.BINARY, *arguments], capture_output=True, timeout=10, check=False)
    return done.stdout + done.stderr


def parts_in(data):
    """Every four characters in a row of a secret that stand in `data`, whatever their case, backslashes or not."""
    text = data.decode(errors="replace").lower()
    bare = text.replace("\\", "")
    return {part for secret in SECRETS for form in (secret.lower(), secret.lower().replace("\\", ""))
            for part in fours(form) if part in text or part in bare}


def steering_in(data):
    """What could steer a terminal, or is no UTF-8."""
    text = data.decode()
    return {f"U+{ord(c):04X}" for c in text
            if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}


def must_tell_nothing(said):
    assert {place: parts_in(data) for place, data in said.items() if parts_in(data)} == {}
    assert {place: steering_in(data) for place, data in said.items() if steering_in(data)} == {}


@pytest.mark.deadline(60)
@pytest.mark.parametrize("way", WAYS)
def test_no_part_of_a_secret_comes_back(lab, way):
    with Scene(lab, way) as scene:
        said = everything_said(scene.agent)
        assert scene.agent.terminate() == 0
        said["log"] = scene.agent.log.read_bytes()
    must_tell_nothing(said)


@pytest.mark.deadline(60)
def test_our_own_words_stay_whole(lab, deployment):
    """Although every part of them is part of a password."""
    password = "no-quorum-mymaster-R1-sentinel-127.0.0.1-majority-connected"
    agent = start_agent(lab, deployment, sentinels={"password": password}, ready=False)
    for sentinel in deployment.sentinels:
        told = f"sentinel {sentinel.address}: asks for no password"
        wait_until(lambda told=told: told in agent.log_text(), 5, told)
    agent.await_status("/readyz", 200)
    assert "mymaster" in agent.status().stdout and "no-quorum" in agent.log_text()
    lab.end([agent])


@pytest.mark.deadline(60)
def test_a_word_of_three_is_hidden_where_it_is_a_word(lab, deployment):
    """And old ones stay hidden, after a reload and an upgrade too."""
    (master,) = masters_of(deployment)
    says = [b"you sent k7z, and K7Z, in bank7zone"]
    with LyingNode(lab, (b"ROLE", lambda text: error(b"ERR " + text)), says) as liar:
        servers = master["servers"] | {"R4": liar.address}
        agent = start_agent(
            lab, deployment, masters=[master | {"servers": servers, "redis": {"password": SHORT_PASS}}])
        upgraded = Upgraded(agent)

        def trouble():
            node = next(each for each in agent.master(NAME)["nodes"] if each["server"] == "R4")
            return node.get("trouble", "")

        expected = "it answers an error: ERR you sent ***, and ***, in bank7zone"
        wait_until(lambda: trouble() == expected, 5, trouble)
        agent.config["masters"][0]["redis"] = {}
        agent.write_config()
        agent.signal(1)
        wait_until(lambda: "was read anew" in agent.log_text(), 5, "a reload")
        wait_until(lambda: trouble() == expected, 5, trouble)
        upgraded.upgrade()
        wait_until(lambda: trouble() == expected, 5, trouble)
        lab.end([upgraded])


@pytest.mark.deadline(60)
def test_redis_and_sentinel_without_the_command_auth(lab):
    """Both answer with the arguments of a command that they do not know."""
    node, sentinel = RedisNode(lab, "renamed"), SentinelNode(lab, "renamed-sentinel")
    for process in (node, sentinel):
        lab.add(process)
    node.launch("redis-server", node.write_config(
        *node.port_lines(), f"bind {node.host}", 'rename-command AUTH ""', f"dir {node.folder}", 'save ""'))
    sentinel.configure(f"sentinel monitor {NAME} {node.host} {node.port} 1", 'rename-command AUTH ""')
    sentinel.start()
    wait_until(lambda: node.answers() and sentinel.answers(), 10, "both answer")
    agent = lab.add(Agent(
        lab, sentinels={"addresses": [sentinel.address], "password": SENTINEL_PASS},
        masters=[{"name": NAME, "servers": {"R1": node.address}, "redis": {"password": REDIS_PASS}}],
        log={"level": "debug"}))
    agent.start(ready=False)
    wait_until(lambda: agent.log_text().count("unknown command 'AUTH'") >= 2, 10, agent.log_text)
    said = everything_said(agent)
    must_tell_nothing(said)
    assert b"with args beginning with: '***'" in said["log"]
    lab.end([agent, sentinel, node])


# Files


@pytest.mark.deadline(60)
@pytest.mark.parametrize("content", [
    "root:$y$j9T$qZ7xK2vJ9wQ4:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n",
    "qZ7xK2vJ9wQ4: {}\n",
    "pool: {qZ7xK2vJ9wQ4: 1, qZ7xK2vJ9wQ4: 2}\n",
    "other: {listen: qZ7xK2vJ9wQ4, servers: [qZ7xK2vJ9wQ4]}\n",
    "other: {listen: 'a:1', servers: ['a:1:1 qZ7xK2vJ9wQ4']}\n",
    "qZ7xK2vJ9wQ4: {listen: 'a:1', servers: ['a:1:1']}\nother: {listen: 'a:1', servers: ['a:1:1']}\n",
    "pool:\n  listen: [qZ7xK2vJ9wQ4\n",
    "pool: &qZ7xK2vJ9wQ4 {listen: 'a:1', servers: ['a:1:1', *qZ7xK2vJ9wQ4]}\n",
    "-----BEGIN PRIVATE KEY-----\nqZ7xK2vJ9wQ4\n",
])
def test_no_message_quotes_the_file_of_nutcracker(lab, deployment, content):
    """It may be a link to one that the agent's user alone may read; it is no secret of the agent's here."""
    file = lab.subfolder("linked") / "nutcracker.yml"
    file.with_name("private").write_text(content)
    file.symlink_to("private")
    agent = start_agent(lab, deployment, log={"level": "debug"}, twemproxy=[
        {"config": str(file), "pools": {"pool": NAME}, "test": ["true"], "restart": ["true"]}])
    wait_until(lambda: "cannot follow" in agent.log_text(), 10, agent.log_text)
    said = everything_said(agent)
    assert {place for place, data in said.items() if parts_in(data)} == set()
    assert file.with_name("private").read_text() == content
    lab.end([agent])


@pytest.mark.deadline(60)
def test_a_link_of_another_user_is_not_followed(lab, deployment):
    nutcracker = start_nutcracker(lab, "10.0.0.9:6379")
    real = nutcracker.file.rename(nutcracker.folder / "real.yml")
    before = real.read_bytes()
    nutcracker.file.symlink_to("real.yml")
    subprocess.run(["chown", "-h", "nobody", nutcracker.file], check=True)
    agent = start_agent(lab, deployment, twemproxy=[nutcracker.section()])
    wait_until(lambda: "is a link that neither root" in agent.log_text(), 10, agent.log_text)
    assert real.read_bytes() == before and "is a link" in agent.status().stdout
    subprocess.run(["chown", "-h", "root", nutcracker.file], check=True)
    wait_until(lambda: real.read_bytes() != before, 10, "the file follows")
    lab.end([agent, nutcracker])


# The command line


def hostile_answer(lab, deployment):
    """What an agent answers, with escapes in every text."""
    agent = start_agent(lab, deployment)
    answers = {path: json.loads(agent.get(path)[1]) for path in ("/v1/masters", f"/v1/masters/{NAME}")}
    lab.end([agent])

    def stained(value):
        if isinstance(value, dict):
            return {key: stained(each) for key, each in value.items()} | {"\x1b[2J": "\x1b[2J"}
        if isinstance(value, list):
            return [stained(each) for each in value]
        return f"{value}\x1b[31m\x07\x9b\u202e\n" if isinstance(value, str) else value

    return {path: stained(answer) for path, answer in answers.items()}


@pytest.mark.deadline(60)
def test_an_agent_that_lies_cannot_steer_the_terminal(lab, deployment):
    answers = hostile_answer(lab, deployment)
    bodies = [json.dumps(answer, ensure_ascii=ascii).encode()
              for answer in answers.values() for ascii in (True, False)]
    bodies += [b"\x1b[31m", b'{"a": "\x1b[31m', b"\xff\x9b", b"[" * 100_000, b'{"masters": "\x1b"}']
    for body in bodies:
        for status in (200, 500):
            with LyingAgent(lab, body, status) as liar:
                for command in (["status"], ["explain", NAME], ["status", "--json"], ["explain", NAME, "--json"]):
                    assert steering_in(output_of(*command, "--url", liar.url)) == set(), (command, body[:60])
    assert b"mymaster" in output_with(lab, bodies[0], "status")


def output_with(lab, body, *command):
    with LyingAgent(lab, body) as liar:
        return output_of(*command, "--url", liar.url)


def test_files_cannot_steer_the_terminal(tmp_path):
    """Neither the configuration nor nutcracker's file, in which YAML has escapes of its own."""
    nutcracker = tmp_path / "nutcracker.yml"
    nutcracker.write_text(
        'pool:\n  listen: "a:1"\n  redis: true\n  servers: ["10.0.0.9:6379:1 R\\e[31m\\x9b"]\n')
    config = tmp_path / "agent.yaml"
    config.write_text(
        'sentinels: {addresses: ["10.0.0.1:26379"]}\n'
        'masters: [{name: mymaster, servers: {"R\\e[31m": "10.0.0.1:6379"}, "\\e[2J": 1}]\n'
        f'twemproxy: [{{config: {nutcracker}, pools: {{pool: mymaster}}, restart: ["\\e[2J"]}}]\n')
    agent_yml = tmp_path / "agent.yml"
    agent_yml.write_text(
        f'twemproxy_pool_name: pool\ntwemproxy_config_file: {nutcracker}\nsentinel_ip: 10.0.0.1\n'
        'sentinel_port: 26379\nrestart_command: "run \\e[31m"\nlog_file: "\\e[2J"\n')
    for arguments in (["-c", "-f", config], ["twemproxy", "--check", config], ["twemproxy", "--check", agent_yml]):
        assert steering_in(output_of(*map(str, arguments))) == set()
