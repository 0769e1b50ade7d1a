"""A laboratory on loopback: real redis-servers, Sentinels, HAProxy and the agent in one temporary folder.

Everything started here is a child of this process, has its own configuration and log file, listens on
127.0.0.1 only, and ends with the lab, also when the lab's own process is killed.

    with Lab() as lab:
        deployment = start_deployment(lab)
        agent = start_agent(lab, deployment)
        haproxy = start_haproxy(lab, agent)
"""
