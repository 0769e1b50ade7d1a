"""The status page in a real browser, while a real master dies.

With SENTINEL_SPOA_IMAGES=FOLDER the failover leaves pictures there, as scripts/screenshots does.
"""

import datetime
import http.client
import os
import pathlib
import re

import pytest

from lab import resp
from lab.agent import masters_of, start_agent
from lab.browser import Browser
from lab.deployment import start_deployment
from lab.haproxy import start_haproxy
from lab.lab import Lab
from lab.nodes import HOST
from lab.waiting import wait_until
from lab.writer import Writer

pytestmark = pytest.mark.deadline(90)

NAME = "mymaster"
PHASES = ("doubt", "o_down", "majority", "verdict", "sessions_ended", "first_session")
IMAGES = os.environ.get("SENTINEL_SPOA_IMAGES")
VIEWS = {"light": (1200, False), "dark": (1200, True), "phone": (390, False)}

# Notes each headline with the name's state, as they come.
NOTE_HEADLINES = """
window.headlines = [];
const note = () => {
  const now = document.querySelector("h1").innerText + " | " + document.querySelector(".badge").innerText;
  if (window.headlines.at(-1) !== now) window.headlines.push(now);
};
new MutationObserver(note).observe(
    document.querySelector("main"), {subtree: true, childList: true, characterData: true, attributes: true});
note();
"""

# The page asks for nothing until go_on(), so that three pictures show one moment.
HOLD_STILL = """
const real = window.fetch;
const gate = new Promise((open) => window.go_on = () => { window.fetch = real; open(); });
window.fetch = (...all) => gate.then(() => real(...all));
"""

# The least contrast of any text with what is behind it, and where (WCAG 2.1).
LEAST_CONTRAST = """
const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
const light = (color) => {
  const [r, g, b] = numbers(color).slice(0, 3).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if ((numbers(color)[3] ?? 1) > 0) return color;
  }
  return "rgb(255, 255, 255)";
};
let least = [21, ""];
for (const element of document.querySelectorAll("body *")) {
  if (![...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim())) continue;
  if (!element.checkVisibility()) continue;
  const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < least[0]) least = [contrast, element.outerHTML.slice(0, 120)];
}
return least;
"""

# How far to the right anything reaches, and what.
WIDEST = """
return [...document.querySelectorAll("body *")].map((e) => [e.getBoundingClientRect().right, e.outerHTML.slice(0, 200)])
    .reduce((a, b) => b[0] > a[0] ? b : a);
"""


@pytest.fixture(scope="module")
def place():
    """A deployment, its agent with probes and HAProxy, and a browser."""
    with Lab() as lab:
        deployment = start_deployment(lab)
        control = lab.subfolder("control") / "admin.sock"
        (master,) = masters_of(deployment)
        agent = start_agent(
            lab, deployment, masters=[master | {"redis": {}, "replicas": {}}],
            haproxy=[{"runtime_api": f"unix:{control}", "backends": {f"redis_{NAME}_nodes": NAME}}])
        haproxy = start_haproxy(lab, agent, control=control)
        with Browser(lab) as browser:
            yield deployment, agent, haproxy, browser, lab


@pytest.fixture
def deployment(place):
    yield place[0]
    place[0].repair()


@pytest.fixture
def agent(place):
    return place[1]


@pytest.fixture
def browser(place, agent):
    """On a desk in daylight, with the page open; nothing may be refused or complained about."""
    browser = place[3]
    browser.allow_scripts(True)
    browser.look(*VIEWS["light"])
    browser.open(agent.url + "/")
    browser.complaints()
    return browser


def await_text(browser, words, selector="body", within=15):
    wait_until(lambda: words in browser.text(selector), within,
               lambda: f"the page says {words!r}:\n{browser.text(selector)}", every=0.02)


def seconds_of(text):
    """UNIX time of a moment in a report."""
    return datetime.datetime.fromisoformat(text).timestamp()


def moments_on_the_page(browser):
    """phase → UNIX time, of the newest failover."""
    begun, rows = browser.run("""
        return [document.querySelector(".failovers summary time").dateTime,
                [...document.querySelector(".phases").children].map(
                    (row) => [row.className, row.querySelector(".number").innerText])]""")
    return {phase: seconds_of(begun) + int(re.sub(r"\D", "", after)) / 1000 for phase, after in rows}


def keep_pictures(browser, moment):
    """Each view of the page as it is now, when pictures are asked for."""
    if not IMAGES:
        return
    browser.run(HOLD_STILL)
    for view, (width, dark) in VIEWS.items():
        browser.look(width, dark)
        picture = browser.picture()
        assert len(picture) < 200_000
        pathlib.Path(IMAGES, f"page-{moment}-{view}.png").write_bytes(picture)
    browser.look(*VIEWS["light"])
    browser.run("window.go_on()")


def test_the_page_lives_through_a_failover_without_being_loaded_again(place, deployment, agent, browser):
    old = deployment.master_of()
    server = deployment.group.server_of(old)
    await_text(browser, f"{server} is master of {NAME}", "h1")
    await_text(browser, "live, ", "#live")
    browser.run(NOTE_HEADLINES)
    with Writer(place[2].port, 100, patience=10) as writer:
        wait_until(lambda: len(writer.writes) > 100, 5, "a second of writes")
        pool = [resp.Connection(place[2].port) for _ in range(12)]
        for session in pool:
            session.call("PING")
        await_text(browser, f"{server}\tready\t{len(pool)}", ".haproxy")
        keep_pictures(browser, "before")
        old.kill()
        waits = f"{NAME} waits for a master"
        await_text(browser, waits, "h1")
        keep_pictures(browser, "during")
        await_text(browser, "first new session on R", ".phases", within=20)
        wait_until(lambda: deployment.master_of() not in (old, None), 10, "the Sentinels agree")
        new = deployment.group.server_of(deployment.master_of())
        await_text(browser, f"{new} is master of {NAME}", "h1")
        await_text(browser, "3 of 3")
        wait_until(lambda: "not yet" not in browser.text(".phases"), 5, "every phase is there")
        keep_pictures(browser, "after")
    for session in pool:
        session.close()

    headlines = browser.run("return window.headlines")  # gone, had the page been loaded again
    states = [headline.rsplit(" | ", 1) for headline in headlines]
    assert states[0] == [f"{server} is master of {NAME}", "● ok"], headlines
    assert [waits, "◆ odown"] in states, headlines
    assert states[-1][0] == f"{new} is master of {NAME}", headlines

    summary = browser.text(".failovers summary")
    assert re.match(rf"{server} → {new} \d\d:\d\d:\d\d UTC [\d,]+ ms until the verdict", summary), summary
    phases = browser.text(".phases")
    for words in (f"{server} is in doubt", f"Sentinels: {server} is down", f"a majority names {new}",
                  f"connections go to {new}", f"first new session on {new}",
                  f"{server}'s last session ended"):
        assert re.search(re.escape(words) + r"\s+\+?[\d,]+ ms", phases), phases
    assert browser.run("return document.querySelectorAll('.phases svg').length") >= 6
    await_text(browser, f"{server}\tready\t0", ".haproxy")
    assert browser.refused() == []
    assert browser.complaints() == []

    shown = moments_on_the_page(browser)
    assert shown.keys() == set(PHASES)
    for phase, moment in shown.items():
        logged = re.findall(rf"{phase}=(\S+Z)", agent.log_text())[-1]
        measured = agent.metric("sentinel_spoa_failover_phase_timestamp_seconds", phase=phase)
        assert abs(seconds_of(logged) - moment) < 0.005, phase
        assert abs(measured - moment) < 0.005, phase


def test_reads_leave_a_replica_that_stalls_and_the_page_says_why(deployment, browser):
    servers = deployment.group.servers
    stalled, other = sorted(set(servers) - {deployment.group.server_of(deployment.master_of())})
    await_text(browser, f"Reads go to {stalled}, {other}", ".reads")
    servers[stalled].freeze()
    await_text(browser, f"Reads go to {other}\n", ".reads")
    await_text(browser, "silent", ".reads .bad")
    servers[other].freeze()
    await_text(browser, "No replica is fresh enough: reads go where writes go (fallback: master)", ".reads")
    assert browser.refused() == [] and browser.complaints() == []


def test_without_scripts_the_table_is_there(deployment, agent, browser):
    browser.allow_scripts(False)
    browser.open(agent.url + "/")
    master = deployment.master_of()
    assert f"{deployment.group.server_of(master)} is master of {NAME}" == browser.text("h1")
    for sentinel in deployment.sentinels:
        assert sentinel.address in browser.text(".sentinels")
    for server, node in deployment.group.servers.items():
        assert node.address in browser.text(".nodes")
    assert "loaded anew every 5 s" in browser.text("#live")
    assert browser.complaints() == []


@pytest.mark.parametrize("view", VIEWS)
def test_everything_can_be_read_in_every_view(deployment, agent, browser, view):
    browser.look(*VIEWS[view])
    await_text(browser, "live, ", "#live")
    contrast, where = browser.run(LEAST_CONTRAST)
    assert contrast >= 4.5, where
    for width in (VIEWS[view][0], 320):
        browser.look(width)
        widest = browser.run(WIDEST)
        assert widest[0] <= width, widest


def test_several_names_are_a_table_that_leads_to_each(place, deployment, browser):
    (known,) = masters_of(deployment)
    strange = "a-long-name-that-no-sentinel-has-ever-heard-of-and-that-breaks"
    agent = start_agent(
        place[4], deployment, ready=False, masters=[known, known | {"name": strange}, known | {"name": "other"}])
    wait_until(lambda: "connections go to r" in browser_text(browser, agent.url + "/").lower(), 5, "one name is open")
    assert browser.text("h1") == "2 of 3 names: each has no master that may be used"
    for width in (1200, 390, 320):
        browser.look(width)
        widest = browser.run(WIDEST)
        assert widest[0] <= width, widest
    browser.run("document.querySelector(`.overview a[href='?name=${arguments[0]}']`).click()", strange)
    wait_until(lambda: browser.run("return document.querySelectorAll('article').length") == 1, 5, "it stands alone")
    assert browser.text("h2") == strange
    await_text(browser, "live, ", "#live")
    assert browser.refused() == [] and browser.complaints() == []
    place[4].end([agent])


def browser_text(browser, url):
    browser.open(url)
    return browser.text()


def test_it_is_made_for_the_ear_and_the_keyboard_too(deployment, browser):
    await_text(browser, "live, ", "#live")
    assert browser.run("return document.documentElement.lang") == "en"
    assert browser.run("return [...document.querySelectorAll('table')].every("
                       "(t) => t.caption && t.querySelector('th[scope=col]') && t.querySelector('th[scope=row]'))")
    assert browser.run("return document.querySelectorAll('h1[role=status][aria-live]').length") == 1
    assert browser.run("return [...document.querySelectorAll('svg')].every("
                       "(s) => s.getAttribute('aria-hidden') === 'true')")


def test_what_the_reader_opened_stays_open(deployment, browser):
    """Though the page is brought up to date each second."""
    await_text(browser, "live, ", "#live")
    browser.run("const d = document.querySelector('details'); if (d) { d.open = false; }"
                "window.kept = document.querySelector('.nodes tbody th'); getSelection().selectAllChildren(kept);")
    before = browser.text("#live")
    wait_until(lambda: browser.text("#live") != before, 5, "a second has passed")
    assert browser.run("return window.kept.isConnected && getSelection().toString().includes('R')")
    assert browser.run("return document.querySelector('details')?.open ?? false") is False


def test_a_page_without_an_agent_says_so_and_recovers(deployment, agent, browser):
    await_text(browser, "live, ", "#live")
    agent.kill()
    await_text(browser, "no answer from the agent; this is of ", "#live")
    agent.start()
    await_text(browser, "live, ", "#live")
    assert browser.refused() == []


def test_the_headers_allow_nothing_from_elsewhere(agent):
    connection = http.client.HTTPConnection(HOST, agent.http_port, timeout=2)
    policies = set()
    for _ in range(2):
        connection.request("GET", "/")
        response = connection.getresponse()
        body = response.read().decode()
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        nonce = re.search(r"script-src 'nonce-([0-9a-f]{32})'", policy)[1]
        assert body.count(f'nonce="{nonce}"') == 2
        policies.add(policy)
    connection.close()
    assert len(policies) == 2


def test_a_name_can_be_looked_at_alone(agent):
    assert agent.get(f"/?name={NAME}")[0] == 200
    assert agent.get("/?name=nobody")[0] == 404
    status, part = agent.get(f"/?part=main&name={NAME}")
    assert status == 200 and part.startswith("<main ") and part.endswith("</main>")
