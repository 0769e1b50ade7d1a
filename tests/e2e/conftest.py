"""What the end-to-end tests share: a deadline for each, and for each file one healthy deployment with its agent.

Run them with `/usr/bin/python3 -m pytest tests/e2e`; SENTINEL_SPOA_BIN names another build of the agent.
"""

import contextlib
import signal
import sys

import pytest

from lab import agent as agent_module
from lab.deployment import start_deployment
from lab.haproxy import FORMS, start_haproxy
from lab.haproxy_versions import SUITES, wanted_versions
from lab.lab import Lab
from lab.waiting import TimedOut

DEFAULT_DEADLINE = 30


def pytest_configure(config):
    if not agent_module.BINARY.exists():
        raise pytest.UsageError(f"{agent_module.BINARY} is missing: build the release preset first")
    # End like Ctrl-C does, so that the labs are taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@contextlib.contextmanager
def deadline(item):
    marker = item.get_closest_marker("deadline")
    seconds = marker.args[0] if marker else DEFAULT_DEADLINE

    def expire(*_):
        raise TimedOut(f"not finished within {seconds} s")

    signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item):
    with deadline(item):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    with deadline(item):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    with deadline(item):
        yield


@pytest.fixture(scope="module")
def lab():
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def settings():
    """What the deployment differs in (see lab.deployment.Settings); a file may say otherwise."""
    return {}


@pytest.fixture(scope="module")
def shared_deployment(lab, settings):
    return start_deployment(lab, **settings)


@pytest.fixture
def deployment(shared_deployment):
    """One name, one master, two replicas, three Sentinels, if `settings` do not differ; healthy again after
    each test."""
    yield shared_deployment
    shared_deployment.repair()


@pytest.fixture(scope="module")
def shared_agent(lab, shared_deployment):
    return agent_module.start_agent(lab, shared_deployment)


@pytest.fixture
def agent(shared_agent, deployment):
    """The agent of `deployment`; a test that stops it starts its own instead."""
    yield shared_agent
    assert shared_agent.alive, shared_agent.log_text()[-2000:]


@pytest.fixture(scope="module")
def haproxies(lab, shared_agent):
    """The three forms, all asking `agent`."""
    return {form: start_haproxy(lab, shared_agent, form) for form in FORMS}


def each_version():
    """The HAProxy of each version; those that were not fetched are skipped with the reason."""
    for version in wanted_versions():
        missing = version.origin in SUITES and not version.number
        skip = pytest.mark.skip(f"no HAProxy here; `scripts/fetch-haproxy {version.origin}` fetches it")
        yield pytest.param(version, id=str(version), marks=[skip] if missing else [])


@pytest.fixture(scope="session", params=each_version())
def any_haproxy(request):
    """A version of HAProxy; what uses it runs on each."""
    return request.param
