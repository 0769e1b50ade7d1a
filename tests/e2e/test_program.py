"""The program on the command line: checking, starting, stopping, asking for the status."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import socket
import struct
import subprocess
import termios

import pytest

from lab import spop_client
from lab.agent import BINARY, Agent, make_agent, masters_of, run, start_agent
from lab.process import Process
from lab.waiting import wait_until

GOOD = """\
spop:
  listen: [127.0.0.1:9000, "unix:/tmp/agent.sock"]
  threads: 2
http:
  listen: 127.0.0.1:9005
sentinels:
  addresses: [10.0.0.1:26379, 10.0.0.2:26379, "[2001:db8::1]:26379"]
  username: agent
  password: secret-in-the-file
  poll_interval: 500ms
  query_timeout: 250ms
  vote_ttl: 1500ms
masters:
  - name: mymaster
    servers: {R1: 10.0.0.1:6379, R2: 10.0.0.2:6379, R3: 10.0.0.3:6379}
    policy:
      no_quorum: hold
      no_quorum_hold: 30s
log: {level: info, format: text}
"""


@pytest.fixture
def check(tmp_path):
    """Checks a text as a configuration file; returns (exit code, output, file)."""
    def check(text, mode=0o600):
        file = tmp_path / "agent.yaml"
        file.write_text(text)
        file.chmod(mode)
        result = run("-c", "-f", file)
        return result.returncode, result.stdout + result.stderr, file

    return check


# -c


def test_a_good_file_is_checked_in_silence(check):
    assert check(GOOD)[:2] == (0, "")


def test_a_password_that_everybody_may_read_is_a_warning_and_no_error(check):
    code, output, file = check(GOOD, mode=0o644)
    assert code == 0
    (warning,) = output.splitlines()
    assert warning.startswith(f"{file}:9:13: warning: ")
    assert "secret-in-the-file" not in output


def test_what_the_lab_writes_is_a_good_file(agent):
    result = run("-c", "-f", agent.file)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("old, new, line, column, word", [
    ("  threads: 2", "  treads: 2", 3, 3, "threads"),
    ("sentinels:", "sentinals:", 6, 1, "sentinels"),
    ("vote_ttl: 1500ms", "vote_ttl: 1500", 12, 13, "1500"),
    ("no_quorum: hold", "no_quorum: never", 17, 18, "refuse"),
    ("listen: 127.0.0.1:9005", "listen: 127.0.0.1:99999", 5, 11, "99999"),
    ("R2: 10.0.0.2:6379", "R2: 10.0.0.1:6379", 15, 38, "10.0.0.1:6379"),
    ("level: info", "level: loud", 19, 14, "loud"),
])
def test_a_mistake_is_named_with_its_place_and_what_to_write(check, old, new, line, column, word):
    assert old in GOOD
    code, output, file = check(GOOD.replace(old, new, 1))
    assert code == 1
    (error,) = output.splitlines()
    assert error.startswith(f"{file}:{line}:{column}: ")
    assert word in error


def test_every_mistake_of_a_file_is_reported(check):
    text = GOOD.replace("threads: 2", "threads: many").replace("poll_interval: 500ms", "poll: 1s")
    code, output, file = check(text.replace("hold\n", "maybe\n"))
    places = [re.match(rf"{re.escape(str(file))}:(\d+):\d+: ", line) for line in output.splitlines()]
    assert code == 1
    assert [int(place[1]) for place in places if place] == [3, 10, 17]


@pytest.mark.parametrize("text", [
    "", "spop: [", "- 1\n- 2\n", "masters: 5\n", "\x00\x01\x02", "a: &a [*a]\n", "[" * 5000,
    "masters:\n  - name: \xff\n", GOOD + GOOD,
])
def test_nonsense_is_an_error_and_no_crash(check, text):
    code, output, file = check(text)
    assert code == 1
    assert output.startswith(str(file))


def test_an_error_never_shows_the_password(check):
    for broken in (GOOD.replace("secret-in-the-file", "[secret-in-the-file]"),
                   GOOD.replace("password:", "pasword:"),
                   GOOD.replace("  password: secret", "  password_file: /nowhere/x\n  password: secret")):
        code, output, _ = check(broken)
        assert code == 1
        assert "secret-in-the-file" not in output


def test_a_missing_file_is_said_in_one_sentence(tmp_path):
    for arguments in (["-c", "-f"], ["-f"], ["run", "-f"]):
        result = run(*arguments, tmp_path / "none.yaml")
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1
        assert "none.yaml" in result.stderr


# Usage


@pytest.mark.parametrize("arguments", [
    ["--no-such-flag"], ["frobnicate"], ["-f"], ["-c"], [], ["status", "--nope"], ["haproxy-config"],
    ["haproxy-config", "-f", "x", "--form", "nonsense"],
])
def test_wrong_usage_ends_with_2_and_says_so(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr
    assert not result.stdout


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_one_line(flag):
    result = run(flag)
    assert result.returncode == 0
    assert re.fullmatch(r"sentinel-spoa \d+\.\d+\.\d+\S*\n", result.stdout)


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_names_the_commands(flag):
    result = run(flag)
    assert result.returncode == 0
    for word in ("-f", "-c", "status", "haproxy-config"):
        assert word in result.stdout


# Starting and stopping


@pytest.mark.parametrize("section", ["spop", "http"])
def test_a_port_in_use_is_said_in_one_sentence(section, lab, deployment):
    agent = make_agent(lab, deployment)
    port = agent.spop_address[1] if section == "spop" else agent.http_port
    with socket.create_server(("127.0.0.1", port)):
        result = run("-f", agent.file)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line


def test_a_unix_socket_left_behind_by_a_crash_is_taken_over(lab, deployment):
    agent = start_agent(lab, deployment)
    agent.kill()
    agent.start()
    with spop_client.connect(agent.spop_path) as client:
        wait_until(lambda: client.ask()["state"] == "ok", 5, "all Sentinels are heard")
    lab.end([agent])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_two_seconds_in_order(number, lab, deployment):
    agent = start_agent(lab, deployment)
    with spop_client.connect(agent.spop_address) as idle, \
            spop_client.connect(agent.spop_path) as other, \
            socket.create_connection(("127.0.0.1", agent.http_port)):
        idle.ask()
        other.ask()
        agent.signal(number)
        assert agent.wait(within=2) == 0
    assert " stopped" in agent.log_text()


# In a network of its own: whatever name server this machine has is there, and never answers.
IN_A_WORLD_WITH_A_DEAD_NAME_SERVER = """
import os, re, socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
servers = re.findall(r"^nameserver (\\S+)", open("/etc/resolv.conf").read(), re.M)
for server in servers:
    subprocess.run(["ip", "addr", "add", server, "dev", "lo"], check=server[:4] != "127.")
silent = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
silent.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
silent.bind(("::", 53))
silent.set_inheritable(True)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network of its own")
def test_a_dead_name_server_does_not_keep_it_from_stopping(lab):
    agent = lab.add(Agent(
        lab, sentinels={"addresses": [f"sentinel-{i}.example:26379" for i in (1, 2, 3)]},
        masters=[{"name": "mymaster"}]))
    agent.launch("unshare", "--net", "/usr/bin/python3", "-c",
                 IN_A_WORLD_WITH_A_DEAD_NAME_SERVER, BINARY, "-f", agent.file)
    wait_until(lambda: "started" in agent.log_text(), 5, "it has started")
    agent.signal(signal.SIGTERM)
    assert agent.wait(within=2) == 0  # look-ups are cancelled; the system's resolver gave up after ten seconds
    assert not pathlib.Path(agent.spop_path).exists()
    lab.end([agent])


def test_it_starts_without_any_sentinel_and_finds_them_when_they_come(lab, deployment):
    for sentinel in deployment.sentinels:
        sentinel.kill()
    agent = start_agent(lab, deployment, ready=False)
    assert agent.get("/readyz")[0] == 503
    deployment.repair()
    agent.await_status("/readyz", 200, within=10)
    lab.end([agent])


def test_the_log_in_json_is_json_line_by_line(lab, deployment):
    agent = start_agent(lab, deployment, log={"level": "debug", "format": "json"})
    agent.terminate()
    lines = [json.loads(line) for line in agent.log_text().splitlines()]
    assert lines
    for line in lines:
        assert {"time", "level", "message"} <= line.keys()


# status


def well(agent, *arguments):
    """`status` once the third Sentinel has answered as well, and there is nothing to tell."""
    wait_until(lambda: agent.status().returncode == 0, 5, "nothing is wrong")
    return agent.status(*arguments)


def test_status_shows_each_name_with_master_state_and_votes(agent, deployment):
    result = well(agent)
    assert (result.returncode, result.stderr) == (0, "")
    master = deployment.master_of()
    (line,) = [line for line in result.stdout.splitlines() if "mymaster" in line]
    for word in (deployment.group.server_of(master), master.address, "ok", "3/3"):
        assert word in line


def test_status_json_is_what_the_agent_serves(agent):
    result = well(agent, "--json")
    assert result.returncode == 0
    (master,) = json.loads(result.stdout)["masters"]
    assert (master["name"], master["state"]) == ("mymaster", "ok")


def test_status_watch_goes_on_until_it_is_stopped(agent, lab):
    watch = lab.add(Process("watch", lab.subfolder("watch")))
    watch.launch(BINARY, "status", "--url", agent.url, "--watch")
    wait_until(lambda: watch.log_text().count("mymaster") >= 2, 10, "a second table")
    assert watch.alive
    lab.end([watch])


def test_status_without_an_agent_is_one_sentence_and_1(lab):
    url = f"http://127.0.0.1:{lab.ports.take()}"
    result = run("status", "--url", url)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert url.removeprefix("http://") in result.stderr


# status and explain, for people and for scripts


def on_terminal(command, columns=80, environment=None, until=lambda text: False):
    """What the program shows on a terminal of this width, with its colours, and its exit code; it is
    ended as soon as `until` holds."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    plain = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(
            [BINARY, *command], stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal,
            env=plain | {"TERM": "xterm"} | (environment or {})) as child:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # its end
            while chunk := os.read(controller, 65536):
                shown += chunk
                if until(shown.decode()):
                    child.terminate()
        os.close(controller)
    return shown.decode().replace("\r\n", "\n"), child.returncode


def test_colour_is_for_terminals_that_want_it(agent):
    command = ("status", "--url", agent.url)
    coloured, code = on_terminal(command)
    assert code == 0
    assert "\x1b[32mok\x1b[0m" in coloured
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_terminal(command, environment=environment)[0]
    assert "\x1b[32m" in on_terminal(command, environment={"NO_COLOR": ""})[0]
    assert "\x1b" not in agent.status().stdout
    explained, _ = on_terminal(("explain", "mymaster", "--url", agent.url))
    assert "mymaster: \x1b[32mok\x1b[0m" in explained
    assert "\x1b" not in on_terminal(("status", "--json", "--url", agent.url))[0]


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(agent, columns):
    for command in (("status", "--url", agent.url), ("explain", "mymaster", "--url", agent.url)):
        text, _ = on_terminal(command, columns, {"NO_COLOR": "1"})
        assert max(map(len, text.splitlines())) <= columns, text
        same = run(*command, env=os.environ | {"COLUMNS": str(columns)}).stdout
        assert max(map(len, same.splitlines())) <= columns
    assert "mymaster" in text


def test_status_watch_draws_over_the_last_picture_on_a_terminal(agent):
    text, _ = on_terminal(
        ("status", "--watch", "--url", agent.url), until=lambda shown: shown.count("mymaster") >= 2)
    assert text.count("\x1b[H") >= 2
    assert "\x1b[J" in text


def test_a_name_without_a_master_is_exit_code_1_everywhere(lab, deployment):
    (known,) = masters_of(deployment)
    agent = start_agent(lab, deployment, ready=False, masters=[known, known | {"name": "nobody"}])
    wait_until(lambda: agent.master("nobody")["state"] == "unknown-name", 5, "it is unknown")
    url = ("--url", agent.url)
    assert run("status", *url).returncode == 1
    assert run("status", "--json", *url).returncode == 1
    assert run("explain", "nobody", *url).returncode == 1
    assert run("explain", "nobody", "--json", *url).returncode == 1
    assert run("explain", "mymaster", *url).returncode == 0
    assert "\x1b[31munknown-name" in on_terminal(("status", *url))[0]
    lab.end([agent])


def test_explain_tells_the_last_failover(lab, deployment):
    agent = start_agent(lab, deployment)
    old = deployment.master_of()
    deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", "mymaster")
    wait_until(lambda: agent.metric("sentinel_spoa_switches_total") == 1, 15, "the master moved")
    text = run("explain", "mymaster", "--url", agent.url).stdout
    assert f"\nlast failovers\n{deployment.group.server_of(old)} {old.address} -> R" in text
    assert re.search(r"\n    \d\d:\d\d:\d\d\.\d{3}Z  verdict\n", text)
    lab.end([agent])
