"""The two kinds of server: a Redis node and a Sentinel."""

import redis

from .process import Process

HOST = "127.0.0.1"


class Server(Process):
    """Something that speaks RESP on a port of its own."""

    def __init__(self, lab, name, password=None, tls=None):
        site = lab.site(name)
        super().__init__(name, lab.subfolder(name), site.enter)
        self.host, self.port = site.address, lab.ports.take()
        self.address = f"{self.host}:{self.port}"
        self.password = password
        self.tls = tls  # an Authority: TLS alone is spoken, and certificates are demanded
        options = {}
        if tls:
            self._certificate = tls.issue(name, f"IP:{self.host}")
            options = {"ssl": True, "ssl_ca_certs": str(tls.ca_file),
                       "ssl_certfile": str(self._certificate[0]),
                       "ssl_keyfile": str(self._certificate[1])}
        self.client = redis.Redis(
            self.host, self.port, password=password, decode_responses=True,
            socket_timeout=2, socket_connect_timeout=2, **options)

    def port_lines(self):
        """Where it listens, as lines of its file."""
        if not self.tls:
            return [f"port {self.port}"]
        certificate, key = self._certificate
        return ["port 0", f"tls-port {self.port}", "tls-replication yes", f"tls-cert-file {certificate}",
                f"tls-key-file {key}", f"tls-ca-cert-file {self.tls.ca_file}"]

    def answers(self):
        """Whether it answers PING now; raises when the process has died."""
        self.must_be_alive()
        try:
            return self.client.ping()
        except redis.exceptions.RedisError:
            return False

    def write_config(self, *lines):
        path = self.folder / f"{self.name}.conf"
        path.write_text("\n".join(lines) + "\n")
        return path


class RedisNode(Server):
    """A redis-server that replicates without the usual pauses. Its data ends with it, if not `append_only`."""

    def __init__(self, lab, name, password=None, tls=None, append_only=False):
        super().__init__(lab, name, password, tls)
        self.append_only = append_only

    def start(self, replica_of=None):
        lines = [
            *self.port_lines(), f"bind {self.host}", "protected-mode no", f"dir {self.folder}",
            'save ""', f"appendonly {'yes' if self.append_only else 'no'}", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1",
        ]
        if self.password:
            lines += [f"requirepass {self.password}", f"masterauth {self.password}"]
        if replica_of:
            lines.append(f"replicaof {replica_of.host} {replica_of.port}")
        self.launch("redis-server", self.write_config(*lines))

    def role(self):
        """`master` or `slave`; None when it does not answer."""
        try:
            return self.client.execute_command("ROLE")[0]
        except redis.exceptions.RedisError:
            return None

    def set_priority(self, priority):
        """For Sentinel's choice. A node that was just made a replica has ended all its clients' connections."""
        try:
            self.client.config_set("replica-priority", priority)
        except redis.exceptions.ConnectionError:
            self.client.config_set("replica-priority", priority)

    def is_linked_to(self, master):
        """Whether it is a replica of `master` with a finished first synchronisation."""
        try:
            info = self.client.info("replication")
        except redis.exceptions.RedisError:
            return False
        return (info["role"] == "slave" and info["master_port"] == master.port
                and info["master_link_status"] == "up")


class SentinelNode(Server):
    """A redis-sentinel. Its file is written once; the Sentinel itself rewrites it afterwards."""

    def __init__(self, lab, name, password=None, tls=None):
        super().__init__(lab, name, password, tls)
        self.run_id = f"{self.port:040x}"

    def configure(self, *lines):
        self.config = self.write_config(
            *self.port_lines(), f"bind {self.host}", f"dir {self.folder}", f"sentinel myid {self.run_id}",
            *lines)

    def start(self):
        self.launch("redis-sentinel", self.config)

    def names(self, name):
        """The port it names as the master of `name`; None when it does not answer or knows none."""
        try:
            answer = self.client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", name)
        except redis.exceptions.RedisError:
            return None
        return int(answer[1]) if answer else None

    def master(self, name):
        return self.client.sentinel_master(name)
