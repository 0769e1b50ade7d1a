"""A real Prometheus that scrapes agents, with the alert rules of monitoring/."""

import json
import urllib.parse
import urllib.request

from .agent import ROOT
from .nodes import HOST
from .process import Process
from .waiting import wait_until
from .yaml import to_yaml

JOB = "sentinel-spoa"
SCRAPE_PERIOD = "500ms"


class Prometheus(Process):
    """Made by start_prometheus(). Its data are in the lab's folder, it listens on loopback alone."""

    def __init__(self, lab, agents):
        super().__init__("prometheus", lab.subfolder("prometheus"))
        self.address = f"{HOST}:{lab.ports.take()}"
        self._file = self.folder / "prometheus.yml"
        self._file.write_text(to_yaml({
            "global": {"scrape_interval": SCRAPE_PERIOD, "evaluation_interval": SCRAPE_PERIOD},
            "rule_files": [str(ROOT / "monitoring/alerts.yml")],
            "scrape_configs": [{
                "job_name": JOB,
                "static_configs": [{"targets": [f"{HOST}:{agent.http_port}" for agent in agents]}]}]}))

    def start(self):
        self.launch("prometheus", f"--config.file={self._file}",
                    f"--storage.tsdb.path={self.folder / 'data'}",
                    f"--web.listen-address={self.address}", "--log.level=warn")

        def ready():
            self.must_be_alive()
            try:
                return self.get("/-/ready") is not None
            except OSError:
                return False

        wait_until(ready, 15, "Prometheus is ready")

    def get(self, path, **query):
        url = f"http://{self.address}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()

    def _data(self, path, **query):
        answer = json.loads(self.get(f"/api/v1/{path}", **query))
        assert answer["status"] == "success", answer
        return answer["data"]

    def now(self, expression):
        """The series of an instant query: (labels, value)."""
        return [(one["metric"], float(one["value"][1]))
                for one in self._data("query", query=expression)["result"]]

    def over(self, expression, start, end, step=0.5):
        """The series of a range query: (labels, values)."""
        return [(one["metric"], [float(value) for _, value in one["values"]])
                for one in self._data("query_range", query=expression, start=start, end=end, step=step)["result"]]

    def label_values(self, metric, label):
        return self._data(f"label/{label}/values", **{"match[]": metric})

    def alert(self, name):
        """`pending` or `firing`; None while there is nothing to tell of."""
        states = {alert["state"] for alert in self._data("alerts")["alerts"]
                  if alert["labels"]["alertname"] == name}
        return max(states, key="pending firing".index, default=None)


def start_prometheus(lab, agents):
    prometheus = lab.add(Prometheus(lab, agents))
    prometheus.start()
    return prometheus
