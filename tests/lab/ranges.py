"""The mapping `servers:` as the agent understands it."""

import re

RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


def in_full(servers):
    """With an entry for each number of a range."""
    full = {}
    for name, address in servers.items():
        found = RANGE.search(name)
        for step in range(int(found[2]) - int(found[1]) + 1 if found else 1):
            each = (RANGE.sub(lambda one, step=step: str(int(one[1]) + step), text) for text in (name, address))
            full.update([tuple(each)])
    return full
