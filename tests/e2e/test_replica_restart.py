"""A replica that died since is not fresh any more: nobody reads from what it came back with.

SENTINEL_SPOA_ROUNDS=20 in the environment makes it as many rounds of each."""

import pytest
from rounds import DEADLINE, run_rounds


@pytest.mark.deadline(DEADLINE)
@pytest.mark.parametrize("fault", ["comes-back-empty", "comes-back-old"])
def test_nobody_reads_from_a_replica_that_came_back_with_less(fault):
    results = run_rounds(fault)
    assert min(result["reads"] for result in results) > 100
    assert [result["without_data"] for result in results] == [0] * len(results)
    assert [result["too_old"] for result in results] == [0] * len(results)
