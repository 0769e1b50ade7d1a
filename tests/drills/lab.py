"""The lab of tests/lab on a network: each Redis and each Sentinel on the host that is its own."""

from lab.lab import Lab, Site

from .network import Network

NAME = "mymaster"
HOSTS = {f"{NAME}-R1": "R1", f"{NAME}-R2": "R2", f"{NAME}-R3": "R3",
         "sentinel-1": "S1", "sentinel-2": "S2", "sentinel-3": "S3"}


class NetworkLab(Lab):
    """A lab whose servers run on the hosts of `network`; all else on that of this process."""

    def __init__(self):
        super().__init__()
        self.network = Network(self)

    def __enter__(self):
        try:
            self.network.set_up()
        except BaseException:
            self.close()
            raise
        return self

    def close(self):
        self.network.take_down()  # first: it would go at some time after its other end
        super().close()

    def site(self, name):
        return self.network.site(HOSTS[name]) if name in HOSTS else Site()
