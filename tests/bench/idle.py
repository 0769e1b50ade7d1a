"""Ten thousand idle connections: what they take, and whether the busy ones notice."""

from .figures import Section, at_most, median, median_ratio
from .setting import small_setting

IDLE = 10_000
MEMORY_LIMIT = 100  # MiB
P99_LIMIT = 1.3

NOTES = f"""{IDLE:,} connections that have greeted and are silent, beside 8 busy ones with one frame in flight; in
turn with the same load without them. Resident memory is the whole agent's, while they are there."""


def measure(pace):
    with small_setting() as (_, _, pair):
        crowded, alone = [], []
        for _ in range(pace.rounds):
            crowded.append(pair.ask_agent(*pace.arguments, "--idle", IDLE))
            alone.append(pair.ask_agent(*pace.arguments))
    mebibytes = median(crowded, "resident_bytes") / 2**20
    return Section("Idle connections", NOTES, [
        at_most(f"resident with {IDLE:,} idle connections", mebibytes, MEMORY_LIMIT, unit=" MiB"),
        at_most("p99, with to without", median_ratio(crowded, alone, "p99_us"), P99_LIMIT,
                f" ({median(crowded, 'p99_us'):,.0f} to {median(alone, 'p99_us'):,.0f} µs)"),
    ])
