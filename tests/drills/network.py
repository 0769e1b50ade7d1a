"""Hosts with one cable each to a switch: network namespaces, veth pairs and a bridge."""

import os
import socket
import subprocess

from lab.lab import Site
from lab.process import Process
from lab.waiting import wait_until

HERE = "here"  # the host that is this process's own namespace


class NotAlone(RuntimeError):
    """This process shares its network namespace with the rest of the machine."""


def namespace(pid):
    return f"/proc/{pid}/ns/net"


def run(*command, text=None):
    result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


class Network:
    """The hosts with their `addresses`, and their switch. It takes this process's namespace for the host
    HERE, so that has to be a fresh one: `unshare --net`."""

    def __init__(self, lab, addresses):
        self._lab, self._addresses = lab, addresses

    def set_up(self):
        if _interfaces() != ["lo"]:
            raise NotAlone("drills need a network namespace of their own: run scripts/drills")
        self._switch = self._new_namespace("switch")
        _ip(self._switch, "link add br0 type bridge", "link set br0 up")
        self._hosts = {HERE: os.getpid()}
        for name in self._addresses:
            if name != HERE:
                self._hosts[name] = self._new_namespace(name)
        for name, pid in self._hosts.items():
            self._lay_cable(name, pid)
        self.heal()

    def _new_namespace(self, name):
        """A process that does nothing but keep a namespace alive."""
        keeper = self._lab.add(Process(name, self._lab.subfolder(f"host-{name}")))
        keeper.launch("unshare", "--net", "sleep", "infinity")
        mine = os.stat(namespace("self"))

        def apart():
            keeper.must_be_alive()
            return not os.path.samestat(os.stat(namespace(keeper.pid)), mine)

        wait_until(apart, 5, f"a namespace for {name}")
        return keeper.pid

    def _lay_cable(self, name, pid):
        _ip(self._switch, f"link add {name} type veth peer name eth0 netns {pid}",
            f"link set {name} master br0 up")
        _ip(pid, "link set lo up", f"address add {self._addresses[name]}/24 dev eth0", "link set eth0 up")

    def site(self, host):
        """Where servers of `host` run."""
        if host == HERE:
            return Site(self._addresses[host])
        return Site(self._addresses[host], _enter(self._hosts[host]))

    @property
    def switch(self):
        """The process in whose namespace the switch is; its ports are called as the hosts are."""
        return self._switch

    def cut(self, host, *others):
        """Drops every packet between `host` and these others; without others, all of its packets."""
        others = others or [name for name in self._hosts if name != host]
        ends = ", ".join(f'"{other}"' for other in others)
        self._filter(f'iifname "{host}" oifname {{ {ends} }} drop',
                     f'oifname "{host}" iifname {{ {ends} }} drop')

    def heal(self):
        """Lets all packets pass."""
        self._filter()

    def _filter(self, *rules):
        """Replaces all rules of the switch, at one stroke."""
        run(*_enter(self._switch), "nft", "-f", "-", text="\n".join([
            "table bridge cuts", "delete table bridge cuts", "table bridge cuts {", "chain forward {",
            "type filter hook forward priority 0", *rules, "}", "}", ""]))

    def take_down(self):
        """Takes the cable out of this process's own namespace; the others end with their keepers."""
        if "eth0" in _interfaces():
            _ip(os.getpid(), "link delete eth0")

    def connections(self, program, address, host):
        """How many established TCP connections `program` has to `address` from `host`."""
        lines = run(*self.site(host).enter, "ss", "-Htnp", "state", "established", "dst", address).splitlines()
        return sum(f'"{program}"' in line for line in lines)


def _interfaces():
    return [name for _, name in socket.if_nameindex()]


def _enter(pid):
    return ("nsenter", f"--net={namespace(pid)}")


def _ip(pid, *commands):
    run(*_enter(pid), "ip", "-batch", "-", text="\n".join(commands))
