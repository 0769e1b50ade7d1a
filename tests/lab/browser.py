"""Chromium without a window, driven by WebDriver; it sees nothing but loopback."""

import base64
import contextlib
import shutil
import socket

from selenium import webdriver
from selenium.webdriver.chromium.remote_connection import ChromiumRemoteConnection

from .nodes import HOST
from .process import Process
from .waiting import wait_until

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}")

# Runs before any script of a page: keeps what its policy refused.
WATCH_POLICY = """
window.refused = [];
document.addEventListener("securitypolicyviolation",
    (event) => window.refused.push(event.violatedDirective + " " + event.blockedURI));
"""


def is_here():
    return all(shutil.which(program) for program in ("chromium", "chromedriver"))


class Browser:
    """A context: one empty profile, gone at the end."""

    def __init__(self, lab):
        self._lab = lab

    def __enter__(self):
        folder = self._lab.subfolder("browser")
        self._process = self._lab.add(Process("chromedriver", folder))
        port = self._lab.ports.take()
        self._process.launch("chromedriver", f"--port={port}")

        def answers():
            self._process.must_be_alive()
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
                return True

        wait_until(answers, 10, "chromedriver listens")
        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        ChromiumRemoteConnection.set_timeout(20)
        self.driver = webdriver.Remote(
            ChromiumRemoteConnection(f"http://{HOST}:{port}", "goog", "chrome"), options=options)
        self.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH_POLICY)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.driver.quit()
        self._lab.end([self._process])

    def command(self, name, **parameters):
        """A command of the DevTools protocol."""
        return self.driver.execute("executeCdpCommand", {"cmd": name, "params": parameters})["value"]

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector="body"):
        """What a reader sees there; the empty string where nothing matches."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def refused(self):
        """What the page's policy refused."""
        return self.run("return window.refused")

    def complaints(self):
        """What the console has said since the last call, but for debugging."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("WARNING", "SEVERE")]

    def look(self, width, dark=False, height=900):
        """A screen of this width; below 700 pixels it is a phone's."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=width < 700)
        self.command("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def allow_scripts(self, allowed):
        self.command("Emulation.setScriptExecutionDisabled", value=not allowed)

    def picture(self):
        """The whole page as PNG."""
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        return base64.b64decode(self.command(
            "Page.captureScreenshot", captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})["data"])
