"""What the drills make of their figures: nothing that was not measured may look well."""

import pytest

from drills.figures import Figures, median_and_maximum
from drills.outcome import longest_pause
from drills.records import Record, Records
from drills.sessions import Sample, SessionWatch
from drills.targets import MEDIAN, MOST, Target, writers

LOST = Target("acknowledged writes lost", ("failover",), writers("lost", "new"), MOST, 0)


def result(lost):
    return {"writers": {"new": {"lost": lost}}}


@pytest.fixture
def figures(tmp_path):
    return Figures(tmp_path)


def keep(figures, *results):
    for number, one in enumerate(results):
        figures.keep("agent", "failover", number, one)


def test_a_target_without_runs_is_neither_met_nor_missed(figures):
    assert LOST.is_met(figures) is None


def test_a_target_is_met_when_no_run_goes_beyond_it(figures):
    keep(figures, result(0), result(0))
    assert LOST.is_met(figures) is True


def test_one_run_beyond_it_misses_a_target(figures):
    keep(figures, result(0), result(1), result(0))
    assert LOST.is_met(figures) is False


def test_a_run_that_broke_off_misses_every_target_of_its_drill(figures):
    keep(figures, result(0), {"error": "TimedOut"})
    assert LOST.is_met(figures) is False and LOST.failed(figures) == 1


def test_what_never_happened_misses_a_target(figures):
    keep(figures, result(None))
    assert LOST.is_met(figures) is False


SHARE = Target("lost, of what another router loses", ("failover",), writers("lost", "new"), MEDIAN, 0.35,
               than="tcp-check-2")


def keep_of_other(figures, *results):
    for number, one in enumerate(results):
        figures.keep("tcp-check-2", "failover", number, one)


def test_a_share_is_that_of_the_medians_of_two_routers(figures):
    keep(figures, result(30), result(10), result(20))
    keep_of_other(figures, result(100))
    assert SHARE.figure(figures) == 0.2 and SHARE.is_met(figures) is True


def test_a_share_beyond_the_limit_misses_a_target(figures):
    keep(figures, result(36))
    keep_of_other(figures, result(100))
    assert SHARE.is_met(figures) is False


def test_a_share_without_runs_of_the_other_router_is_neither_met_nor_missed(figures):
    keep(figures, result(0))
    assert SHARE.figure(figures) is None and SHARE.is_met(figures) is None


def test_a_share_of_nothing_misses_a_target(figures):
    keep(figures, result(1))
    keep_of_other(figures, result(0))
    assert SHARE.is_met(figures) is False


def test_a_new_series_replaces_the_old_one(figures):
    keep(figures, result(1), result(1))
    keep(figures, result(0))
    assert figures.of("agent", "failover") == [result(0)]


def test_a_cell_has_median_and_maximum():
    assert median_and_maximum([1, 9, 2, None]) == "2 / 9"


def test_a_pause_begins_with_the_failure_even_when_nothing_was_acknowledged_before():
    written = [Record("new", 0, "a", 4.0, 4.5, 1, None), Record("new", 0, "b", 4.6, 4.7, 1, None)]
    assert longest_pause(written, since=1.0) == 3.5


def test_a_client_is_silent_when_nobody_or_only_another_node_acknowledges(tmp_path):
    file = tmp_path / "writes"
    file.write_text("sticky\t0\tkey\t1.0\t2.0\t7001\t\nnew\t0\tkey\t1.0\t2.0\t7002\t\nnew\t0\tcut")
    records = Records(file).refresh()
    assert records.silent_since(1.5, port=7002) == [("pooled", 0), ("sticky", 0)]
    assert len(records.all) == 2  # a line that is still being written waits


def watch(*samples):
    watched = SessionWatch(haproxy=None)
    watched.samples = [Sample(at, {"R1": (sessions, status)}) for at, sessions, status in samples]
    return watched


def test_each_fence_takes_until_its_last_session_has_ended():
    fences = watch((0, 5, "no check"), (1, 5, "MAINT"), (2, 0, "MAINT"), (3, 1, "MAINT"), (4, 0, "MAINT"),
                   (5, 7, "no check"), (6, 7, "MAINT"), (7, 0, "MAINT")).fences(since=0.5)
    assert [fence.took for fence in fences] == [3, 1]


def test_sessions_that_outlive_a_fence_are_told():
    (fence,) = watch((0, 5, "no check"), (1, 5, "MAINT"), (2, 4, "no check")).fences(since=0)
    assert fence.took is None


def test_a_server_that_was_in_maintenance_before_is_no_fence():
    assert watch((0, 0, "MAINT"), (1, 0, "MAINT")).fences(since=0.5) == []
