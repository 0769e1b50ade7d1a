"""The pictures of docs/docker.md, of a master that dies in the lab and an agent that is killed.

Only with SENTINEL_SPOA_IMAGES=FOLDER, as `scripts/screenshots --lab` does.
"""

import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

import pytest
from docker_lab import eventually

IMAGES = os.environ.get("SENTINEL_SPOA_IMAGES")
WIDTH = 1000
KIB = 1 << 10
SESSIONS = r"ready\t[1-9]"
GRAPHS = ("sum by (server) (rate(haproxy_server_sessions_total{proxy=\"redis_mymaster_nodes\"}[6s]))",
          "sum(sentinel_spoa_waiting_connections)")

pytestmark = pytest.mark.skipif(not IMAGES, reason="pictures are taken by scripts/screenshots --lab")


@pytest.fixture(scope="module")
def browser():
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
    from lab.browser import Browser
    from lab.lab import Lab

    with Lab() as place, Browser(place) as browser:
        browser.look(WIDTH)
        yield browser


def test_the_pictures_of_a_tour(healthy, browser):
    browser.open("http://127.0.0.1:9005/")
    shows(browser, "live, ", "#live")
    shows(browser, SESSIONS, ".haproxy")
    keep(browser, "lab-before")
    eventually(lambda: healthy.query('count_over_time(up{job="traffic"}[1m]) > 20'), 60)  # for the graph
    begun = time.time()
    healthy.run("crash", "master")
    shows(browser, "waits for a master", "h1")
    keep(browser, "lab-during")
    shows(browser, "first new session on", ".phases")
    eventually(lambda: "not yet" not in browser.text(".phases"), 20)
    shows(browser, SESSIONS, ".haproxy")
    keep(browser, "lab-after")
    healthy.run("heal")

    time.sleep(max(0, begun + 40 - time.time()))  # the graph shows a minute and has it in the middle
    panels = {}
    for number, expression in enumerate(GRAPHS):
        panels |= {f"g{number}.expr": expression, f"g{number}.tab": 0, f"g{number}.range_input": "1m",
                   f"g{number}.step_input": 1, f"g{number}.stacked": 0}
    browser.open("http://127.0.0.1:9090/classic/graph?" + urllib.parse.urlencode(panels, quote_via=urllib.parse.quote))
    eventually(lambda: browser.run("return document.querySelectorAll('.rickshaw_graph svg').length") == len(GRAPHS), 20)
    keep(browser, "lab-prometheus")


def test_the_picture_of_an_alert(healthy, browser):
    healthy.run("crash", "agent-2")
    eventually(lambda: healthy.query('ALERTS{alertname="SentinelSpoaAgentDown",alertstate="firing"}'), 60)
    browser.open("http://127.0.0.1:9090/classic/alerts")
    shows(browser, r"SentinelSpoaAgentDown \(1 active\)")
    keep(browser, "lab-alerts")


def shows(browser, pattern, selector="body"):
    eventually(lambda: re.search(pattern, browser.text(selector)), 30)


def keep(browser, name):
    """The page as it is now, in few colours."""
    picture = subprocess.run(["pngquant", "--speed", "1", "--strip", "64", "-"], input=browser.picture(),
                             capture_output=True, check=True).stdout
    assert len(picture) < 150 * KIB
    pathlib.Path(IMAGES, f"{name}.png").write_bytes(picture)
