"""The examples in haproxy/twemproxy: each program takes them as they are, and a hand-over loses nothing."""

import os
import socket
import stat
import subprocess

from lab.agent import ROOT, make_agent, run
from lab.background import Background
from lab.haproxy import BINARY as HAPROXY
from lab.nutcracker import BINARY, Nutcracker
from lab.waiting import wait_until

EXAMPLES = ROOT / "haproxy" / "twemproxy"
FILES = ("haproxy.cfg", "spoe-sentinel.cfg")

# systemctl for two units, nutcracker@a and nutcracker@b, as the hand-over uses it.
SYSTEMCTL = """#!/bin/sh
while [ "$1" = -q ]; do shift; done
unit=${{2#nutcracker@}}
pid={folder}/$unit.pid
case $1 in
    is-active) [ -e "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null ;;
    start)
        [ "$unit" = a ] && stats={stats_a} || stats={stats_b}
        setsid {binary} -c {config} -s $stats -a 127.0.0.1 -o {folder}/own.log >/dev/null 2>&1 &
        echo $! > "$pid" ;;
    stop)
        [ -e "$pid" ] || exit 0
        ended=$(cat "$pid")
        kill "$ended" 2>/dev/null
        rm "$pid"
        # Until it is gone, as systemctl does.
        tries=0
        while [ -e "/proc/$ended/exe" ] && [ $((tries += 1)) -lt 300 ]; do sleep 0.01; done ;;
esac
"""


def test_the_agent_takes_both_configurations():
    for name in ("sentinel-spoa.yaml", "alone.yaml"):
        done = run("-c", "-f", EXAMPLES / name)
        assert (done.returncode, done.stderr) == (0, ""), name


def test_nutcracker_takes_its_file():
    done = subprocess.run([BINARY, "-t", "-c", EXAMPLES / "nutcracker.yml"], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_haproxy_takes_its_file_and_it_is_what_the_generator_writes(tmp_path):
    done = run("haproxy-config", "-f", EXAMPLES / "sentinel-spoa.yaml", "-o", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for name in FILES:
        written = (tmp_path / name).read_text().replace(str(tmp_path), "/etc/haproxy")
        assert written == (EXAMPLES / name).read_text(), f"write haproxy/twemproxy/{name} anew"
    for name in FILES:
        text = (EXAMPLES / name).read_text()
        (tmp_path / name).write_text(text.replace("/etc/haproxy", str(tmp_path)))
    loaded = subprocess.run([HAPROXY, "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True)
    assert loaded.returncode == 0, loaded.stderr


class Clients(Background):
    """A context that pings a UNIX socket on a new connection, again and again."""

    PING = b"*1\r\n$4\r\nPING\r\n"

    def __init__(self, path):
        super().__init__(self._run)
        self.asked, self.failures = 0, []
        self._path = str(path)

    def _run(self):
        while not self._stopped.is_set():
            self.asked += 1
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                try:
                    client.connect(self._path)
                except OSError as failure:
                    self.failures.append(failure)
                    continue
                try:
                    client.sendall(self.PING)
                    client.recv(100)
                except OSError:
                    pass  # connected to the old process when it ended, as it must


def test_a_hand_over_never_leaves_nobody_listening(lab, deployment, capsys):
    folder = lab.subfolder("hand-over")
    following, public = folder / "next.sock", folder / "public.sock"
    nutcracker = Nutcracker(lab, deployment.group.nodes[1].address, listen=str(following))
    systemctl = folder / "systemctl"
    systemctl.write_text(SYSTEMCTL.format(
        folder=folder, binary=BINARY, config=nutcracker.file, stats_a=lab.ports.take(),
        stats_b=lab.ports.take()))
    systemctl.chmod(systemctl.stat().st_mode | stat.S_IXUSR)
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    hand_over = [str(EXAMPLES / "nutcracker-hand-over"), str(following), str(public)]
    agent = make_agent(lab, deployment, twemproxy=[nutcracker.section(restart=hand_over)])
    try:
        subprocess.run(hand_over, env=environment, check=True, timeout=10)
        with Clients(public) as clients:
            agent.start(environment=environment)
            updates = lambda: agent.metric("sentinel_spoa_twemproxy_updates_total", result="updated")
            wait_until(lambda: updates() == 1, 10, agent.log_text)
            for _ in range(10):
                subprocess.run(hand_over, env=environment, check=True, timeout=10)
        assert nutcracker.server() == deployment.master_of().address
        with capsys.disabled():
            print(f"\n\n11 hand-overs: {len(clients.failures)} of {clients.asked} connections refused")
        assert clients.asked > 100 and not clients.failures, clients.failures[:3]
    finally:
        agent.kill()
        for unit in ("nutcracker@a", "nutcracker@b"):
            subprocess.run([systemctl, "stop", unit], check=False)
