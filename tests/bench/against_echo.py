"""Rate, CPU time and p99 of one worker next to the echo."""

from .figures import Figure, Section, at_least, at_most, median, median_ratio
from .setting import small_setting

# connections, frames in flight on each, least ratio of rates, most ratio of CPU times
LOADS = ((8, 1, 0.92, 1.15), (64, 1, 0.92, 1.15), (8, 16, 0.75, None))
P99_LIMIT = 1.2

NOTES = """One worker pinned to one core, the load generator on another, where it never sleeps: neither of the two
servers pays for waking it. The echo is a single-threaded epoll
server that writes as many bytes for as many read, without looking at them. CPU time is the kernel's
(`/proc/PID/task/TID/schedstat`) over the measured time: of the worker, and of the whole agent.
A ratio is the median of the rounds' ratios; there are four times as many rounds as said above, each a fourth
as long."""


def figures_of(connections, in_flight, least_rate, most_cpu, agents, echoes):
    where = f"{connections} × {in_flight}"
    rate = median_ratio(agents, echoes, "rate")
    yield at_least(
        f"{where}: rate, agent to echo", rate, least_rate,
        f" ({median(agents, 'rate'):,.0f} to {median(echoes, 'rate'):,.0f} a second)")
    cpu = median_ratio(agents, echoes, "thread_cpu_ns")
    detail = (f" ({median(agents, 'thread_cpu_ns'):,.0f} to {median(echoes, 'thread_cpu_ns'):,.0f} ns;"
              f" whole process {median(agents, 'process_cpu_ns'):,.0f} ns)")
    what = f"{where}: CPU time a verdict, worker to echo"
    yield at_most(what, cpu, most_cpu, detail) if most_cpu else Figure(what, f"{cpu:.2f}{detail}")
    p99 = median_ratio(agents, echoes, "p99_us")
    detail = f" ({median(agents, 'p99_us'):,.0f} to {median(echoes, 'p99_us'):,.0f} µs)"
    what = f"{where}: p99, agent to echo"
    if connections == 8 and in_flight == 1:
        yield at_most(what, p99, P99_LIMIT, detail)
    else:
        yield Figure(what, f"{p99:.2f}{detail}")


def measure(pace):
    figures = []
    pace = pace.in_short_turns()
    with small_setting() as (_, _, pair):
        for connections, in_flight, *limits in LOADS:
            runs = pair.alternate(
                pace, "--spin", "--connections", connections, "--in-flight", in_flight)
            figures += figures_of(connections, in_flight, *limits, *runs)
    return Section("Against an echo", NOTES, figures)
