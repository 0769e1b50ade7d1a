"""What an agent says of a name that HAProxy may not be able to carry, in every place where it says it."""

import json

from test_fence import NAME, NODES, Scene

from lab import agent as agent_module
from lab import spop_client
from lab.waiting import wait_until

TOLD_WITHIN = 3  # HAProxy is looked at each second


class Delivery(Scene):
    """A Scene whose agent is started by started() or start(), beside a HAProxy that may not fit it.

    `changes` are keys of the name in the agent's configuration that haproxy-config has not seen.
    """

    def __init__(self, lab, deployment, form="use-server", changes=None, **options):
        super().__init__(lab, deployment, form, start=False, **options)
        self.agent.config["masters"][0] |= changes or {}
        self.agent.write_config()

    def __exit__(self, kind, *_):
        if kind is None:
            return super().__exit__()
        return self.lab.end([self.agent, self.haproxy])  # what went wrong is what should be told

    def start(self):
        self.agent.start(ready=False)

    def started(self):
        self.start()
        return self

    def place(self, server):
        """backend/server, as it is written everywhere."""
        backend = NODES if self.form == "use-server" else f"redis_{NAME}_{server}"
        return f"{backend}/{server}"

    def replica(self):
        """The server of some replica."""
        return next(server for server in self.deployment.group.servers if server != self.master)

    def promote(self, server):
        self.deployment.promote(self.deployment.group.servers[server])

    # What is said

    def report(self):
        return self.agent.master(NAME)

    def problems(self):
        return self.report().get("problems", [])

    def ready(self):
        """(status, lines) of /readyz."""
        status, text = self.agent.get("/readyz")
        return status, text.splitlines()

    def answer(self):
        """What HAProxy is told."""
        with spop_client.connect(self.agent.spop_address) as client:
            return client.ask(NAME)

    def undeliverable(self):
        return self.agent.metric("sentinel_spoa_undeliverable", master_name=NAME)

    def explain(self):
        return agent_module.run("explain", NAME, "--url", self.agent.url)

    def must_be_told_everywhere(self, word, naming):
        """Asserts that the name is said to be `word`, a state or undeliverable, with all of `naming`."""
        def says(text):
            return word in text and all(part in text for part in naming)

        status, explained, (ready, lines) = self.agent.status(), self.explain(), self.ready()
        (listed,) = json.loads(self.agent.get("/v1/masters")[1])["masters"]
        said = {
            "status": status.returncode == 1 and says(status.stdout),
            "explain": explained.returncode == 1 and says(explained.stdout),
            "the page": says(self.agent.get("/")[1]),
            "/readyz": ready == 503 and any(
                line.startswith(f"{NAME}: {word}") and says(line) for line in lines),
            "/v1/masters": (listed["state"] == word or not listed["deliverable"])
            and all(part in json.dumps(listed) for part in naming),
        }
        silent = [place for place, good in said.items() if not good]
        assert not silent, f"{word} with {naming} is not told by {silent}; {self._words()}"

    # What is waited for

    def await_sound(self, within=10):
        """Waits until nothing is wrong: clients reach the master, and nobody says otherwise."""
        def findings():
            report = self.report()
            if report["state"] != "ok" or not report.get("deliverable") or report.get("problems") != []:
                return {key: report.get(key) for key in ("state", "reason", "deliverable", "problems")}
            if self.ready() != (200, ["ready"]) or self.agent.status().returncode != 0 or self.undeliverable():
                return self.ready(), self.agent.status().stdout
            return None if self.reaches() == self.master else "clients do not reach the master"

        wait_until(lambda: not findings(), within, lambda: f"nothing is wrong; {findings()}")

    def await_undeliverable(self, server, naming=None, within=TOLD_WITHIN):
        """Waits until it is said that HAProxy cannot carry what is sent to the master, `server`; then that is
        said everywhere with all of `naming` (the server's place), while the gate decides as before."""
        wait_until(lambda: self.report().get("deliverable") is False, within,
                   lambda: f"not deliverable; {self._words()}")
        naming = naming or [self.place(server)]
        self.must_be_told_everywhere("undeliverable", [str(self.control), *naming])
        assert self.undeliverable() == 1
        answer = self.answer()
        assert (answer["server"], answer["state"]) == (server, self.report()["state"])

    def await_unmapped(self, naming, within=TOLD_WITHIN):
        """Waits until the name is given to nobody; then that is said everywhere."""
        wait_until(lambda: self.report()["state"] == "unmapped", within,
                   lambda: f"unmapped; {self._words()}")
        report = self.report()
        assert not report["open"]
        assert [part for part in naming if part not in report["reason"]] == [], report["reason"]
        self.must_be_told_everywhere("unmapped", naming)
        answer = self.answer()
        assert (answer["state"], answer["server"], answer["ip"]) == ("unmapped", None, None)
        assert answer["reason"]
        assert self.agent.metric("sentinel_spoa_master_state", master_name=NAME, state="unmapped") == 1
        assert self.agent.metric("sentinel_spoa_master_open", master_name=NAME) == 0
        errors = [line for line in self.agent.log_text().splitlines() if line.split()[1:2] == ["error"]]
        assert any("unmapped" in line and f"name={NAME}" in line for line in errors), errors

    def await_problem(self, *words, within=TOLD_WITHIN):
        """Waits until one problem has all of these words, while connections reach the master: the name is
        ready, and `status` ends with 1 and says it."""
        def found():
            report = self.report()
            return report["open"] and report.get("deliverable") and next(
                (problem for problem in report["problems"] if all(word in problem for word in words)), None)

        problem = wait_until(found, within, lambda: f"a problem with {words}; {self._words()}")
        assert not self.undeliverable()
        assert self.ready() == (200, ["ready"])
        status = self.agent.status()
        assert status.returncode == 1 and problem in status.stdout, status.stdout
        explained = self.explain()
        assert explained.returncode == 1 and all(word in explained.stdout for word in words), explained
        wait_until(lambda: self.reaches() == self.master, 2, "clients reach the master")

    def _words(self):
        return json.dumps({key: self.report().get(key) for key in ("state", "reason", "deliverable", "problems")}
                          | {"readyz": self.ready(), "servers": self.states()})


def astray(deployment, writes):
    """The writes that have reached another node than the master that a majority names now."""
    master = deployment.master_of().port
    return [write for write in writes if write.port not in (None, master)]
