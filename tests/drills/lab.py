"""The lab of tests/lab on a network: which process runs on which host."""

import dataclasses

from lab.lab import Lab, Site

from .network import HERE, Network
from .records import KINDS

NAME = "mymaster"


@dataclasses.dataclass(frozen=True)
class Clients:
    """Writers of these kinds, that use the router of their own host."""

    host: str
    kinds: tuple
    title: str = ""  # which clients these are, where there are others

    @property
    def labels(self):
        """label → kind: what each writer is called, and what it does."""
        return {f"{kind}@{self.host}" if self.title else kind: kind for kind in self.kinds}


@dataclasses.dataclass(frozen=True, eq=False)
class Topology:
    """Which hosts there are, and what runs on each. Whatever is not named runs on the host HERE."""

    addresses: dict  # host → address
    places: dict  # name of a process → host
    routers: tuple  # hosts that have a router; the first one's is that of World.router
    clients: tuple


# No address is the beginning of another: a router that compares texts finds each alone.
APART = Topology(
    {HERE: "10.77.0.31",
     "R1": "10.77.0.11", "R2": "10.77.0.12", "R3": "10.77.0.13",
     "S1": "10.77.0.21", "S2": "10.77.0.22", "S3": "10.77.0.23"},
    {f"{NAME}-R1": "R1", f"{NAME}-R2": "R2", f"{NAME}-R3": "R3",
     "sentinel-1": "S1", "sentinel-2": "S2", "sentinel-3": "S3"},
    routers=(HERE,),
    clients=(Clients(HERE, KINDS),))

THREE_HOSTS = ("H1", "H2", "H3")  # the first one's Redis is the master
TOGETHER = Topology(
    {HERE: "10.77.0.31", "H1": "10.77.0.41", "H2": "10.77.0.42", "H3": "10.77.0.43"},
    {name: host for number, host in enumerate(THREE_HOSTS, 1)
     for name in (f"{NAME}-R{number}", f"sentinel-{number}", f"agent-{host}", f"haproxy-{host}")},
    routers=THREE_HOSTS,
    clients=(Clients("H1", ("new", "pooled"), "on the master's host"),
             Clients("H2", ("new", "pooled"), "on another host")))


class NetworkLab(Lab):
    """A lab whose processes run on the hosts of `network`, as `topology` says."""

    def __init__(self, topology=APART):
        super().__init__()
        self.topology = topology
        self.network = Network(self, topology.addresses)

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
        places = self.topology.places
        return self.network.site(places[name]) if name in places else Site()
