"""A healthy new master is not isolated, whatever its dead nodes look like.

SENTINEL_SPOA_ROUNDS=20 in the environment makes it as many rounds."""

import pytest
from rounds import DEADLINE, run_rounds


@pytest.mark.deadline(DEADLINE)
def test_a_new_master_is_not_isolated_when_a_replica_died_before_the_old_one():
    results = run_rounds("replica-first")
    assert all("ok" in result["states"] or "degraded" in result["states"] for result in results)
    assert [result["isolated"] for result in results] == [0] * len(results)
