"""Nobody is released before HAProxy's server is ready: while the name is open, HAProxy refuses no connection.

SENTINEL_SPOA_ROUNDS=20 in the environment makes it as many rounds of each fault."""

import pytest
from rounds import DEADLINE, run_rounds


@pytest.mark.deadline(DEADLINE)
@pytest.mark.parametrize("fault", ["upgrade", "restart", "short-cut"])
def test_haproxy_refuses_no_connection_while_the_name_is_open(fault):
    results = run_rounds(fault)
    assert min(result["connections"] for result in results) > 20
    assert [result["refused_while_open"] for result in results] == [0] * len(results)
