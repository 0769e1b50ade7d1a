"""Drills: failures of Redis, Sentinel, HAProxy and the agent, under writes, on hosts of their own.

Every host is a network namespace: three with Redis, three with a Sentinel, and one with HAProxy, the
agent and the clients, which is that of this process. Cables lead from each to a switch, where they can
be cut. All namespaces are without a name and end with this process, however it ends.

scripts/drills runs them and writes docs/failover.md.
"""
