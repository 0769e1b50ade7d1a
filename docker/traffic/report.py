"""What happened in the lab, from the agents, the traffic generator and Prometheus.

    report.py master            the service that is master (redis-2)
    report.py status            what each agent sees, and what was written
    report.py check             stop writing, compare, go on; 1 when the numbers do not add up
    report.py begin             a mark to give to the next two
    report.py wait MARK         until both agents have followed a failover since then
    report.py line MARK         the time line since then
"""

import datetime
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

AGENTS = ("agent-1", "agent-2")
PATIENCE = 60
PHASES = {
    "doubt": "no new connections to {from}",
    "o_down": "the Sentinels agree that {from} is down",
    "majority": "a majority of the Sentinels names {to}",
    "verdict": "new connections go to {to}",
    "sessions_ended": "no session is left on {from}",
    "first_session": "the first connection reaches {to}",
}


def fetch(url):
    with urllib.request.urlopen(url, timeout=90) as answer:
        return answer.read().decode()


def name_at(agent):
    return json.loads(fetch(f"http://{agent}:9005/v1/masters/mymaster"))


def seen_by(agents):
    """What the agents that answer say."""
    seen = {}
    for agent in agents:
        try:
            seen[agent] = name_at(agent)
        except OSError:
            pass
    return seen


def service_of(server):
    return server.replace("R", "redis-") if server else None


def master():
    for name in seen_by(AGENTS).values():
        if name.get("server"):
            return service_of(name["server"])
    return None


def traffic():
    """Metric → its sum over all clients; the longest wait is a maximum."""
    sums = {}
    for line in fetch("http://traffic:9100/metrics").splitlines():
        if found := re.fullmatch(r"lab_(\w+)\{(.*)\} ([\d.]+)", line):
            key, value = found[1], float(found[3])
            combine = max if key == "longest_wait_seconds" else lambda a, b: a + b
            sums[key] = combine(sums.get(key, 0), value)
    return sums


def prometheus(query):
    answer = json.loads(fetch("http://prometheus:9090/api/v1/query?" + urllib.parse.urlencode({"query": query})))
    return answer["data"]["result"]


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def failovers_since(name, since):
    """Oldest first, those of which something happened since then."""
    return [failover for failover in reversed(name.get("failovers", []))
            if any(at and moment(at) >= since for at in failover["phases"].values())]


def has_moved(name, since):
    return any(failover["to"] and failover["phases"]["verdict"] for failover in failovers_since(name, since))


def wait(since):
    deadline = time.monotonic() + PATIENCE
    while True:
        seen = seen_by(AGENTS)
        if seen and all(has_moved(name, since) for name in seen.values()):
            break
        if time.monotonic() > deadline:
            sys.exit(f"report: no failover within {PATIENCE} s")
        time.sleep(0.2)
    time.sleep(2)  # what comes after the verdict: the last sessions, the first ones


def line(since, before):
    events, verdicts = [], {}
    for agent, name in seen_by(AGENTS).items():
        for failover in failovers_since(name, since):
            names = {"from": service_of(failover["from"]) or "the old master",
                     "to": service_of(failover["to"]) or "nobody yet"}
            for phase, at in failover["phases"].items():
                if at and moment(at) >= since:
                    events.append((moment(at), agent, PHASES[phase].format(**names)))
                    if phase == "verdict":
                        verdicts.setdefault(names["to"], []).append(moment(at))
    for at, agent, what in sorted(events):
        print(f"  {at - since:+8.3f} s  {agent}  {what}")
    if not events:
        print("  no failover")
    for to, times in verdicts.items():
        if len(times) == len(AGENTS):
            print(f"  both agents named {to} within {(max(times) - min(times)) * 1000:.0f} ms")
    now = traffic()
    for key, words in (("writes_acknowledged_total", "writes acknowledged"), ("writes_failed_total", "writes failed"),
                       ("writes_waited_total", "writes waited for a master"),
                       ("writes_lost", "writes acknowledged and lost")):
        print(f"  {now.get(key, 0) - before.get(key, 0):10.0f}  {words}")
    seconds = int(time.time() - since) + 4
    waiting = prometheus(f"max_over_time(sum(sentinel_spoa_waiting_connections)[{seconds}s:2s])")
    print(f"  {float(waiting[0]['value'][1]) if waiting else 0:10.0f}  connections waited at a time, at most, as Prometheus saw it")
    alerts = prometheus(f'count by (alertname) (max_over_time(ALERTS{{alertstate="firing"}}[{seconds}s]))')
    print(f"  alerts: {', '.join(alert['metric']['alertname'] for alert in alerts) or 'none'}")


def status():
    for agent in AGENTS:
        name = seen_by([agent]).get(agent)
        if name is None:
            print(f"{agent}  does not answer")
        else:
            print(f"{agent}  {name['state']}  {service_of(name.get('server')) or 'no master'}  "
                  f"epoch {name['epoch']}  {name['votes']} of {name['sentinels']} votes  {name.get('reason') or ''}")
    for key, value in traffic().items():
        print(f"{value:12.10g}  {key}")


def check():
    """Every write that was acknowledged is in Redis, or is counted as lost."""
    try:
        result = json.loads(fetch("http://traffic:9100/stop"))
    finally:
        fetch("http://traffic:9100/start")
    keys = result.pop("keys")
    for key, value in result.items():
        print(f"{value!s:>12}  {key}")
    expected = result["acknowledged"] - result["lost"] + result["unacknowledged_but_there"]
    good = result["compared"] and expected == result["in_redis"] and \
        result["acknowledged"] + result["failed"] == result["written"]
    print(f"{len(keys)} keys; the numbers {'add up' if good else 'DO NOT ADD UP'}")
    return 0 if good else 1


def main():
    what = sys.argv[1]
    mark = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    match what:
        case "master":
            found = master()
            if not found:
                sys.exit("report: no agent knows a master")
            print(found)
        case "status":
            status()
        case "check":
            sys.exit(check())
        case "begin":
            print(json.dumps({"since": time.time(), "traffic": traffic()}))
        case "wait":
            wait(mark["since"])
        case "line":
            line(mark["since"], mark["traffic"])


if __name__ == "__main__":
    main()
