"""The demonstration of scripts/demo: a crash of the master, as clients of HAProxy live through it."""

import argparse
import signal
import subprocess
import sys

from .agent import masters_of, start_agent
from .deployment import start_deployment
from .haproxy import start_haproxy
from .lab import Lab
from .observer import Observer
from .switch import observe_switch
from .waiting import TimedOut, wait_until
from .writer import Writer

RATE = 100  # writes a second, each on a connection of its own
PATIENCE = 10  # seconds that a client waits


def say(text=""):
    print(text, flush=True)


def show_addresses(lab, deployment, agent, haproxy):
    for server, node in deployment.group.servers.items():
        say(f"  Redis {server}     {node.address}")
    say(f"  Sentinels    {' '.join(sentinel.address for sentinel in deployment.sentinels)}")
    say(f"  agent        {agent.url}/   SPOP on {agent.spop_address[0]}:{agent.spop_address[1]}")
    say(f"  HAProxy      redis-cli -p {haproxy.port}   always the master")
    say(f"  files, logs  {lab.folder}")


def show_status(agent):
    result = agent.status()
    say()
    say("$ sentinel-spoa status")
    say((result.stdout + result.stderr).rstrip())


def crash_the_master(deployment, agent, haproxy):
    """Kills the master under writes and prints what happened when. Returns whether all went well."""
    old = deployment.master_of()
    with Observer(deployment, agent) as observer, Writer(haproxy.port, RATE, patience=PATIENCE) as writer:
        say()
        say(f"Writing {RATE} times a second through HAProxy, a new connection each, "
            f"and now kill -9 of {deployment.group.server_of(old)} ...")
        wait_until(lambda: len(writer.writes) >= RATE, 10, "a second of writes")
        switch = observe_switch(old, old.kill, observer, writer)
        enough = len(writer.writes) + RATE
        wait_until(lambda: len(writer.writes) >= enough, 10, "another second of writes")
    show_timeline(deployment.group, switch)
    show_writes(deployment.group, switch, writer.writes)
    return not switch.astray(writer.writes)


def show_timeline(group, switch):
    old, new = group.server_of(switch.old), group.server_of(switch.new)
    say()
    say("  ms after the crash")
    for moment, text in (
        (switch.caused, f"{old} killed"),
        (switch.majority.seen, f"a majority of the Sentinels names {new}"),
        (switch.verdict.seen, f"the agent's verdict is {new}"),
        (switch.first_write.ended, f"first write accepted by {new}"),
    ):
        say(f"  {1000 * (moment - switch.caused):10.1f}  {text}")


def show_writes(group, switch, writes):
    """Counts the writes by what became of them."""
    say()
    for server, node in group.servers.items():
        accepted = sum(1 for write in writes if write.port == node.port and not write.error)
        say(f"  {accepted:5} writes accepted by {server}")
    waited = [1000 * (write.ended - write.begun) for write in writes
              if not write.error and write.ended - write.begun > 0.1]
    if waited:
        say(f"  {len(waited):5} of them waited for the new master, at most {max(waited):.0f} ms")
    failed = sorted(1000 * (write.begun - switch.caused) for write in writes if write.error)
    when = f", begun {failed[0]:.0f} to {failed[-1]:.0f} ms after the crash" if failed else ""
    say(f"  {len(failed):5} connections failed{when}")
    say(f"  {len(switch.astray(writes)):5} reached a node that was not the master")


def run(keep):
    with Lab() as lab:
        say("Starting 3 Redis, 3 Sentinels, the agent and HAProxy on 127.0.0.1 ...")
        deployment = start_deployment(lab)
        control = lab.subfolder("control") / "admin.sock"
        (master,) = masters_of(deployment)
        agent = start_agent(
            lab, deployment, masters=[master | {"redis": {}}],
            haproxy=[{"runtime_api": f"unix:{control}",
                      "backends": {f"redis_{master['name']}_nodes": master["name"]}}])
        haproxy = start_haproxy(lab, agent, control=control)
        wait_until(lambda: agent.metric("sentinel_spoa_haproxy_up") == 1, 10, "the agent reaches HAProxy's socket")
        show_addresses(lab, deployment, agent, haproxy)
        show_status(agent)
        good = crash_the_master(deployment, agent, haproxy)
        show_status(agent)
        if keep:
            say()
            say("Bringing the old master back as a replica ...")
            deployment.repair()
            say("Running until Ctrl-C.")
            try:
                signal.pause()
            except KeyboardInterrupt:
                pass
        say()
        say("Stopping everything that was started.")
    return good


def main():
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return 0 if run(options.keep) else 1
    except (TimedOut, RuntimeError, AssertionError, OSError, subprocess.SubprocessError) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
