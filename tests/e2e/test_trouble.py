"""What is wrong beside a healthy master: `status` says a line for each and ends with 1; /readyz stays exact."""

import pytest
from delivering import Delivery

from lab.agent import make_agent, masters_of
from lab.deployment import start_deployment
from lab.haproxy import start_haproxy
from lab.lab import Lab
from lab.waiting import wait_until

pytestmark = pytest.mark.deadline(60)

PASSWORD = "pass-of-the-nodes-c2d8"
WRONG = "pass-that-is-wrong-55aa"


def lines_with(text, *words):
    return [line for line in text.splitlines() if all(word in line for word in words)]


def await_lines(agent, wanted, within=5):
    """Waits until `status` ends with 1 and has a line with each of `wanted`; returns what it printed."""
    def told():
        status = agent.status()
        if status.returncode == 1 and all(lines_with(status.stdout, *words) for words in wanted):
            return status.stdout
        return None

    return wait_until(told, within, lambda: f"lines with {wanted}:\n{agent.status()}")


def test_nothing_is_said_and_the_code_is_0_when_all_is_well(lab, deployment):
    with Delivery(lab, deployment).started() as scene:
        scene.await_sound()
        status = scene.agent.status()
        assert (status.returncode, status.stderr) == (0, "")
        assert [line for line in status.stdout.splitlines() if line.startswith("mymaster:")] == []
        assert scene.explain().returncode == 0
        assert scene.agent.get("/readyz") == (200, "ready\n")


def test_a_wrong_password_of_the_nodes_is_a_line_for_each_of_them():
    with Lab() as lab:
        deployment = start_deployment(lab, redis_password=PASSWORD)
        (master,) = masters_of(deployment)
        agent = make_agent(lab, deployment, masters=[master | {"redis": {"password": WRONG}}])
        agent.start()  # which the master's name is: its Sentinels agree
        text = await_lines(agent, [[server, "password"] for server in deployment.group.servers])
        assert WRONG not in text
        assert agent.status("--json").returncode == 1
        assert agent.get("/readyz") == (200, "ready\n")
        problems = agent.master("mymaster")["problems"]
        for server in deployment.group.servers:
            assert any(server in problem for problem in problems), problems
        agent.config["masters"] = [master | {"redis": {"password": PASSWORD}}]
        agent.terminate()
        agent.write_config()
        agent.start()
        wait_until(lambda: agent.status().returncode == 0, 5, lambda: agent.status().stdout)


def test_dead_sentinels_are_a_line_each_and_the_master_is_kept(lab, deployment):
    with Delivery(lab, deployment).started() as scene:
        scene.await_sound()
        master = scene.master
        for sentinel in deployment.sentinels:
            sentinel.kill()
        await_lines(scene.agent, [[sentinel.address] for sentinel in deployment.sentinels])
        assert scene.reaches() == master
        assert scene.ready() == (200, ["ready"])
        wait_until(lambda: scene.report()["state"] == "stale", 10, "nothing is heard any more")
        await_lines(scene.agent, [[sentinel.address] for sentinel in deployment.sentinels])
        assert scene.ready() == (200, ["ready"]), "hold"
        deployment.repair()
        scene.await_sound(15)


def test_readyz_has_one_line_for_each_name_that_clients_cannot_use():
    with Lab() as lab:
        deployment = start_deployment(lab, names=("orders", "sessions", "carts"))
        control = lab.subfolder("control") / "admin.sock"
        masters = [master | {"redis": {}} for master in masters_of(deployment)]
        agent = make_agent(lab, deployment, masters=masters, haproxy=[{
            "runtime_api": f"unix:{control}",
            "backends": {f"redis_{name}_nodes": name for name in deployment.groups}}])
        haproxy = start_haproxy(lab, agent, control=control)
        agent.config["masters"][2] = agent.config["masters"][2] | {
            "servers": {"R9": deployment.groups["carts"].nodes[1].address}}
        agent.write_config()
        agent.start(ready=False)
        wait_until(lambda: agent.master("orders")["state"] == "ok", 10, "orders has its master")
        haproxy.ask("set server redis_orders_nodes/R1 state maint")

        def told():
            status, text = agent.get("/readyz")
            lines = sorted(text.splitlines())
            return status == 503 and len(lines) == 2 and lines

        carts, orders = wait_until(told, 5, lambda: f"two lines: {agent.get('/readyz')}")
        assert carts.startswith("carts: unmapped")
        assert orders.startswith("orders: undeliverable: ")
        assert str(control) in orders and "redis_orders_nodes/R1" in orders
        assert agent.metric("sentinel_spoa_undeliverable") == 1
        assert agent.metric("sentinel_spoa_undeliverable", master_name="orders") == 1
        status = agent.status()
        assert status.returncode == 1
        assert lines_with(status.stdout, "sessions", "ok"), status.stdout
