"""A StatefulSet of Redis with a Sentinel in each pod, as the charts make it: names stay, addresses do not.

Each pod has an address of its own in 127.0.0.0/8, so that all have the same ports.
"""

import random

import redis

from .names import Names
from .pod import PASSWORD
from .process import Process
from .waiting import wait_until

REDIS, SENTINEL = 6379, 26379


class StatefulSet:
    """`names` are the full names of the pods, `headless` that of their Service."""

    def __init__(self, lab, names, headless, master="mymaster"):
        self._lab = lab
        self.names, self._headless, self._master = names, headless, master
        self.known = Names(lab)
        self._network = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}"
        self._used = 0
        self.addresses = {}
        self._processes = {}
        for name in names:
            self.start(name)

    def _tell_names(self):
        self.known.write([(address, each) for name, address in self.addresses.items()
                          for each in (name, self._headless)])

    def start(self, name):
        """Starts the pod of this name with an address that none has had. Its data is new, and whom it follows
        the Sentinels say; the first of all is the master of the beginning."""
        master = self.master() or self.names[0]
        self._used += 1
        self.addresses[name] = address = f"{self._network}.{self._used}"
        self._tell_names()
        folder = self._lab.subfolder(f"{name.split('.')[0]}-{self._used}")
        common = [f"bind {address}", f"dir {folder}", f'requirepass "{PASSWORD}"']
        (folder / "redis.conf").write_text("\n".join([
            *common, f"port {REDIS}", 'save ""', f'masterauth "{PASSWORD}"', "repl-diskless-sync-delay 0",
            f"replica-announce-ip {name}", f"replica-announce-port {REDIS}",
            *([f"replicaof {master} {REDIS}"] if master != name else [])]) + "\n")
        (folder / "sentinel.conf").write_text("\n".join([
            *common, f"port {SENTINEL}", f'sentinel sentinel-pass "{PASSWORD}"',
            "sentinel resolve-hostnames yes", "sentinel announce-hostnames yes",
            f"sentinel announce-ip {name}", f"sentinel announce-port {SENTINEL}",
            f"sentinel myid {self.names.index(name) + 1:040x}",
            f"sentinel monitor {self._master} {master} {REDIS} 2",
            f'sentinel auth-pass {self._master} "{PASSWORD}"',
            f"sentinel down-after-milliseconds {self._master} 1000",
            # Sentinels that disagree who begins try again after twice this.
            f"sentinel failover-timeout {self._master} 4000"]) + "\n")
        self._processes[name] = []
        for program, port in (("redis-server", REDIS), ("redis-sentinel", SENTINEL)):
            process = self._lab.add(Process(program, folder, self.known.enter))
            process.launch(program, folder / f"{program.split('-')[1].replace('server', 'redis')}.conf")
            self._processes[name].append(process)
            wait_until(lambda port=port: self._ask(name, port, "PING"), 10, process.log_text)
        # Its own periods are 10 s and 1 s.
        self._ask(name, SENTINEL, "SENTINEL", "DEBUG", "INFO-PERIOD", 500, "PING-PERIOD", 400)

    def delete(self, name):
        """Ends the pod as a node that dies does. Its name goes, too."""
        self._lab.end(self._processes.pop(name))
        del self.addresses[name]
        self._tell_names()

    def _ask(self, name, port, *words):
        with redis.Redis(self.addresses[name], port, password=PASSWORD, decode_responses=True, socket_timeout=2,
                         socket_connect_timeout=2) as client:
            try:
                return client.execute_command(*words)
            except redis.exceptions.RedisError:
                return None

    def redis(self, name, *words):
        """The answer of its Redis; None without one."""
        return self._ask(name, REDIS, *words)

    def master(self):
        """The name that two Sentinels announce; None without such."""
        said = [self._ask(name, SENTINEL, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._master)
                for name in self.addresses]
        named = [answer[0] for answer in said if answer]
        return next((name for name in named if named.count(name) >= 2), None)

    def follows(self, name):
        """Whether its Redis is a replica whose link is up, and the Sentinels know it as one."""
        answer = self.redis(name, "INFO", "replication")
        if not answer or answer["role"] != "slave" or answer["master_link_status"] != "up":
            return False
        return all(self._knows(sentinel, name) for sentinel in self.addresses)

    def _replicas(self, sentinel):
        replicas = self._ask(sentinel, SENTINEL, "SENTINEL", "REPLICAS", self._master) or []
        return [dict(zip(each[::2], each[1::2])) if isinstance(each, list) else each for each in replicas]

    def _knows(self, sentinel, name):
        return any(each["ip"] == name and each["flags"] == "slave" and each["master-link-status"] == "ok"
                   for each in self._replicas(sentinel))

    def _would_choose(self, sentinel, name):
        """Whether this Sentinel has read the priorities of `promote`: its INFO may be older than they are."""
        priorities = {each["ip"]: each["slave-priority"] for each in self._replicas(sentinel)}
        return priorities.pop(name, None) == "1" and set(priorities.values()) <= {"0"}

    def promote(self, name):
        """Has the Sentinels fail over to this pod."""
        for each in self.addresses:
            self.redis(each, "CONFIG", "SET", "replica-priority", "1" if each == name else "0")
        wait_until(lambda: self._would_choose(name, name), 20, "its Sentinel knows the priorities", every=0.1)
        wait_until(lambda: self._ask(name, SENTINEL, "SENTINEL", "FAILOVER", self._master), 20, "a failover begins",
                   every=0.2)
        wait_until(lambda: self.master() == name, 20, f"{name} is named")
