"""nutcracker follows the master: its file, its restart, and all that can go wrong with them."""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import time

import pytest

from lab import resp
from lab.agent import FAULTS_BINARY, make_agent, masters_of, run
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.nutcracker import BINARY, Nutcracker, start_nutcracker
from lab.waiting import wait_until

NAME = "mymaster"
SECRET = "Wm3#kd&92:x"
UPDATES = "sentinel_spoa_twemproxy_updates_total"
FOLLOWS = "sentinel_spoa_twemproxy_follows"


@pytest.fixture(scope="module")
def settings():
    return {"redis_password": SECRET, "sentinel_password": "sentinel-secret"}


def other_than_master(deployment):
    master = deployment.master_of()
    return next(node for node in deployment.group.nodes if node is not master)


def agent_for(lab, deployment, *sections):
    masters = [master | {"redis": {"password": SECRET}} for master in masters_of(deployment)]
    return make_agent(lab, deployment, masters=masters, twemproxy=list(sections),
                      sentinels={"password": "sentinel-secret"})


class Scene:
    """A nutcracker whose file names the wrong node, and the agent that will say so once started."""

    def __init__(self, lab, deployment, start=True, edit=None, wrong=True, **section):
        self.lab, self.deployment = lab, deployment
        node = other_than_master(deployment) if wrong else deployment.master_of()
        self.nutcracker = start_nutcracker(lab, node.address, password=SECRET)
        if edit:
            edit(self.nutcracker)
        self.before = self.nutcracker.file.read_bytes()
        self.agent = agent_for(lab, deployment, self.nutcracker.section(**section))
        if start:
            self.agent.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and self.agent.alive:
            assert self.agent.terminate() == 0
        self.lab.end([self.agent, self.nutcracker])

    @property
    def master(self):
        return self.deployment.master_of()

    @property
    def folder(self):
        return self.nutcracker.folder

    def wanted(self):
        """The file as it must become, byte for byte."""
        old = next(line for line in self.before.decode().splitlines() if line.endswith(":1 R1"))
        new = f"   - {self.master.address}:1 R1"
        return self.before.replace(old.encode(), new.encode())

    def count(self, result):
        return self.agent.metric(UPDATES, result=result)

    def writes_reach_the_master(self):
        try:
            with resp.Connection(self.nutcracker.port, SECRET) as connection:
                return connection.call("SET", "key", "value") == "OK"
        except (OSError, resp.ErrorReply):
            return False

    def await_update(self, within=10):
        wait_until(lambda: self.count("updated") >= 1, within,
                   lambda: f"an update is counted:\n{self.agent.log_text()[-3000:]}")
        wait_until(self.writes_reach_the_master, 2, "writes reach the master")

    def told(self):
        (twemproxy,) = json.loads(self.agent.get("/v1/masters")[1])["twemproxy"]
        return twemproxy

    def await_log(self, words, within=10):
        wait_until(lambda: words in self.agent.log_text(), within,
                   lambda: f"{words!r} is logged:\n{self.agent.log_text()[-3000:]}")

    def beside(self):
        """What lies beside the file, but for what is there always."""
        return {path.name.removeprefix("nutcracker.yml.") for path in self.folder.iterdir()
                if path.name.startswith("nutcracker.yml.")}


# --- following -----------------------------------------------------------------------------------

def test_a_wrong_file_is_put_right_byte_for_byte_and_nutcracker_restarted_once(lab, deployment):
    with Scene(lab, deployment, edit=lambda n: n.file.chmod(0o640)) as scene:
        scene.await_update()
        assert scene.nutcracker.file.read_bytes() == scene.wanted() != scene.before
        assert stat.S_IMODE(scene.nutcracker.file.stat().st_mode) == 0o640
        assert (scene.folder / "nutcracker.yml.last-good").read_bytes() == scene.before
        assert scene.beside() == {"last-good"}
        assert scene.nutcracker.restarts() == 1
        assert scene.agent.metric(FOLLOWS, pool="redis_stack") == 1
        assert scene.agent.metric("sentinel_spoa_twemproxy_restart_duration_seconds_count") == 1
        told = scene.told()
        assert told["follows"] and told["pools"][0]["in_file"] == scene.master.address
        assert told["last_restart_ms"] > 0
        assert "redis_stack" in run("explain", NAME, "--url", scene.agent.url).stdout
        assert "redis_stack" in scene.agent.get("/?part=main")[1]
        assert SECRET not in scene.agent.log_text() + json.dumps(told)


def test_a_file_that_is_right_is_left_alone(lab, deployment):
    with Scene(lab, deployment, wrong=False) as scene:
        wait_until(lambda: scene.agent.metric(FOLLOWS) == 1, 5, "it follows")
        assert scene.nutcracker.file.read_bytes() == scene.before
        assert scene.nutcracker.restarts() == 0 and scene.beside() == set()
        assert scene.count("updated") == 0


def reload(agent):
    good = agent.metric("sentinel_spoa_config_reloads_total", result="ok")
    agent.write_config()
    agent.signal(signal.SIGHUP)
    wait_until(lambda: agent.metric("sentinel_spoa_config_reloads_total", result="ok") == good + 1,
               5, "a good reload")


def test_a_reload_lets_nutcrackers_come_and_go_and_keeps_those_that_stay(lab, deployment):
    with Scene(lab, deployment) as scene:
        scene.await_update()
        other = start_nutcracker(lab, other_than_master(deployment).address, name="other",
                                 pool="other", password=SECRET)
        mine = scene.agent.config["twemproxy"][0]
        scene.agent.config["twemproxy"] = [other.section(), mine]
        reload(scene.agent)
        wait_until(lambda: other.server() == scene.master.address and other.serves(), 5,
                   "the new one follows")
        wait_until(lambda: scene.agent.metric(UPDATES, result="updated", pool="other") == 1, 5,
                   "the update is counted")
        assert scene.nutcracker.restarts() == 1
        mine["dry_run"] = True
        scene.agent.config["twemproxy"] = [mine]
        reload(scene.agent)
        assert 'pool="other"' not in scene.agent.get("/metrics")[1]
        scene.nutcracker.file.write_bytes(scene.before)
        scene.await_log("dry run, would change")
        assert scene.nutcracker.file.read_bytes() == scene.before
        mine["dry_run"] = False
        reload(scene.agent)
        wait_until(lambda: scene.nutcracker.file.read_bytes() == scene.wanted(), 5, "it follows")
        lab.end([other])


def test_a_reload_amid_a_restart_ends_in_another_restart(lab, deployment):
    with Scene(lab, deployment, start=False) as scene:
        good = scene.nutcracker.restart
        scene.agent.config["twemproxy"][0]["restart"] = ["/bin/sleep", "30"]
        scene.agent.config["twemproxy"][0]["restart_timeout"] = "30s"
        scene.agent.write_config()
        scene.agent.start()
        wait_until(lambda: scene.nutcracker.file.read_bytes() == scene.wanted(), 5, "it is replaced")
        scene.agent.config["twemproxy"][0]["restart"] = good
        reload(scene.agent)
        scene.await_log("nutcracker was restarted")
        assert scene.nutcracker.restarts() == 1 and scene.writes_reach_the_master()
        assert scene.beside() == {"last-good"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owner_and_group_stay(lab, deployment):
    with Scene(lab, deployment, edit=lambda n: os.chown(n.file, 12345, 23456)) as scene:
        scene.await_update()
        status = scene.nutcracker.file.stat()
        assert (status.st_uid, status.st_gid) == (12345, 23456)


def test_a_link_stays_a_link(lab, deployment):
    def link(nutcracker):
        real = nutcracker.folder / "real.yml"
        nutcracker.file.rename(real)
        nutcracker.file.symlink_to("real.yml")

    with Scene(lab, deployment, edit=link) as scene:
        scene.await_update()
        assert scene.nutcracker.file.is_symlink()
        assert scene.nutcracker.file.read_bytes() == scene.wanted()


def test_a_file_that_is_deployed_anew_is_put_right_again(lab, deployment):
    with Scene(lab, deployment) as scene:
        scene.await_update()
        scene.before = scene.before + b"# by the configuration management\n"
        scene.nutcracker.file.write_bytes(scene.before)
        wait_until(lambda: scene.count("updated") == 2, 5, "it is put right again")
        assert scene.nutcracker.file.read_bytes() == scene.wanted()


def test_what_somebody_edits_while_the_new_file_is_tested_is_kept(lab, deployment):
    added = b"# edited by hand\n"

    def slow_test(scene):
        script = scene.folder / "test"
        script.write_text(f"#!/bin/sh\n[ -e {scene.folder}/edited ] || "
                          f"{{ printf '%s\\n' '# edited by hand' >> {scene.nutcracker.file}; "
                          f"touch {scene.folder}/edited; }}\nexec {BINARY} -t -c \"$1\"\n")
        script.chmod(0o755)
        return [str(script)]

    with Scene(lab, deployment, start=False) as scene:
        scene.agent = agent_for(
            lab, deployment, scene.nutcracker.section(test=slow_test(scene)))
        scene.agent.start()
        scene.await_update()
        scene.before += added
        assert scene.nutcracker.file.read_bytes() == scene.wanted()
        assert scene.nutcracker.restarts() == 1


def test_dry_run_shows_the_difference_and_changes_nothing(lab, deployment):
    with Scene(lab, deployment, dry_run=True) as scene:
        scene.await_log("dry run, would change")
        assert f"+{scene.master.address}:1 R1" in scene.agent.log_text()
        assert scene.nutcracker.file.read_bytes() == scene.before and scene.beside() == set()
        assert scene.nutcracker.restarts() == 0 and scene.count("dry_run") == 1
        assert scene.agent.metric(FOLLOWS) == 0


def test_two_names_that_move_at_once_cost_one_restart(lab):
    with Lab() as lab:
        deployment = start_deployment(lab, names=("one", "two"), replicas=1)
        masters = {name: group.nodes[0] for name, group in deployment.groups.items()}
        second = (f"second:\n  listen: 127.0.0.1:{lab.ports.take()}\n  redis: true\n  servers:\n"
                  f"   - \"{deployment.groups['two'].nodes[1].address}:1 R2\"\n"
                  f"   - 127.0.0.1:1:1 other\n")
        nutcracker = start_nutcracker(lab, deployment.groups["one"].nodes[1].address, more=second)
        agent = make_agent(lab, deployment, twemproxy=[nutcracker.section(
            pools={"redis_stack": "one", "second": {"R2": "two"}})])
        agent.start()
        wait_until(lambda: agent.metric(UPDATES, result="updated") == 2, 10, "both are right")
        text = nutcracker.file.read_text()
        assert f"- {masters['one'].address}:1 R1" in text
        assert f'- "{masters["two"].address}:1 R2"' in text and "127.0.0.1:1:1 other" in text
        assert nutcracker.restarts() == 1


# --- the command that shows it -------------------------------------------------------------------

def test_check_says_what_would_be_edited_and_ends_with_1_when_it_cannot_be(lab, deployment):
    with Scene(lab, deployment, start=False) as scene:
        checked = run("twemproxy", "--check", scene.agent.file)
        assert checked.returncode == 0, checked.stderr
        assert f"server R1, now at {scene.nutcracker.server()}, follows {NAME}" in checked.stdout
        assert "\n    +" in checked.stdout and SECRET not in checked.stdout
        assert scene.nutcracker.file.read_bytes() == scene.before and scene.beside() == set()
        scene.agent.config["twemproxy"][0]["pools"] = {"redis": NAME}
        scene.agent.write_config()
        checked = run("twemproxy", "--check", scene.agent.file)
        assert checked.returncode == 1 and "it has no pool 'redis'" in checked.stdout


def test_what_smitty_had_becomes_a_configuration_that_follows(lab, deployment):
    with Scene(lab, deployment, start=False) as scene:
        sentinel = deployment.sentinels[0]
        old = scene.folder / "agent.yml"
        old.write_text(
            f"twemproxy_pool_name: redis_stack\ntwemproxy_config_file: {scene.nutcracker.file}\n"
            f"sentinel_ip: {sentinel.host}\nsentinel_port: {sentinel.port}\n"
            f"restart_command: {scene.nutcracker.restart[0]}\nlog_file: /var/log/smitty.log\n")
        migrated = run("twemproxy", "--check", old)
        assert migrated.returncode == 0, migrated.stderr
        # What it marks with TODO, filled in: the name, the password, the listeners of the lab.
        (master,) = masters_of(deployment)
        text = migrated.stdout.replace('- name: "R1"', f'- name: "{NAME}"\n    servers: '
                                       + json.dumps(master["servers"]))
        text = text.replace('"R1": "R1"', f'"R1": "{NAME}"')
        text = text.replace("  # TODO if they have", "  password: sentinel-secret\n  # TODO if they have")
        for section in ("spop", "http"):
            text += f"{section}: {json.dumps(scene.agent.config[section])}\n"
        scene.agent.file.write_text(text.replace('"test"', "test").replace(
            "    restart:", f"    test: [{BINARY}, -t, -c]\n    restart:"))
        scene.agent.start()
        scene.await_update()
        assert scene.nutcracker.file.read_bytes() == scene.wanted()


# --- kill -9 at every step -----------------------------------------------------------------------

STEPS = ("half written", "written", "candidate", "tested", "exchanged", "in force", "restarted",
         "answers", "kept")


@pytest.mark.deadline(90)
def test_a_kill_at_any_step_leaves_a_whole_file_and_the_next_start_finishes(lab, deployment):
    for step in STEPS:
        with Scene(lab, deployment, start=False, edit=lambda n: n.file.chmod(0o604)) as scene:
            scene.agent.launch(
                FAULTS_BINARY, "-f", scene.agent.file,
                environment=os.environ | {"SENTINEL_SPOA_DIE_AT": step})
            assert scene.agent.wait(10) == -signal.SIGKILL, step
            assert scene.nutcracker.file.read_bytes() in (scene.before, scene.wanted()), step
            assert stat.S_IMODE(scene.nutcracker.file.stat().st_mode) == 0o604, step
            tested = subprocess.run([BINARY, "-t", "-c", scene.nutcracker.file], capture_output=True)
            assert tested.returncode == 0, step
            scene.agent.start()
            wait_until(scene.writes_reach_the_master, 5, f"after {step}: writes reach the master")
            wait_until(lambda: scene.agent.metric(FOLLOWS) == 1, 5, f"after {step}: it follows")
            assert scene.nutcracker.file.read_bytes() == scene.wanted(), step
            assert scene.beside() == {"last-good"}, step
            assert (scene.folder / "nutcracker.yml.last-good").read_bytes() == scene.before, step


def test_a_kill_while_the_old_file_comes_back_leaves_a_whole_one(lab, deployment):
    with Scene(lab, deployment, start=False, restart=["false"]) as scene:
        scene.agent.launch(FAULTS_BINARY, "-f", scene.agent.file,
                           environment=os.environ | {"SENTINEL_SPOA_DIE_AT": "taken back"})
        assert scene.agent.wait(10) == -signal.SIGKILL
        assert scene.nutcracker.file.read_bytes() == scene.before


def test_the_program_itself_knows_no_step_to_die_at(lab, deployment):
    """What tests can make it do is not in what users run."""
    with Scene(lab, deployment, start=False) as scene:
        scene.agent.start(environment=os.environ | {"SENTINEL_SPOA_DIE_AT": "written"})
        scene.await_update()
        assert scene.agent.alive


# --- what can go wrong ---------------------------------------------------------------------------

def assert_one_line(scene, *words, result="failed"):
    """One line says it, the metric counts it, verdicts go on, and the file is as it was."""
    scene.await_log(words[0])
    lines = [line for line in scene.agent.log_text().splitlines() if words[0] in line]
    for word in words:
        assert word in lines[0], lines
    wait_until(lambda: scene.count(result) >= 2, 10, "it is tried again")
    lines = [line for line in scene.agent.log_text().splitlines() if words[0] in line]
    assert len(lines) == 1, lines
    assert scene.agent.get("/readyz")[0] == 200
    assert words[0] in scene.agent.status().stdout
    assert scene.agent.metric(FOLLOWS) == 0
    assert scene.nutcracker.file.read_bytes() == scene.before


def test_a_restart_that_fails_brings_the_old_file_and_process_back(lab, deployment):
    with Scene(lab, deployment, start=False) as scene:
        script = scene.folder / "restart-once"  # fails with the new file, works with the old
        script.write_text(f"#!/bin/sh\necho cannot do it\n{scene.nutcracker.restart[0]}\n"
                          f"grep -q {scene.master.port} {scene.nutcracker.file} && exit 3\nexit 0\n")
        script.chmod(0o755)
        scene.agent = agent_for(lab, deployment, scene.nutcracker.section(restart=[str(script)]))
        scene.agent.start()
        assert_one_line(scene, "restart-once failed with status 3", "the old file is back",
                        "rolled back", result="rolled_back")
        assert "cannot do it" in scene.agent.log_text()
        assert scene.nutcracker.serves() and scene.nutcracker.restarts() >= 2
        assert scene.beside() == set()
        # Once it works, it is tried again by itself.
        script.write_text(f"#!/bin/sh\nexec {scene.nutcracker.restart[0]}\n")
        scene.await_update()
        assert scene.nutcracker.file.read_bytes() == scene.wanted()
        scene.await_log("follows again")


def count_running(word):
    """How many processes have this word among their arguments."""
    count = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            count += str(word).encode() in path.read_bytes().split(b"\0")
        except OSError:
            pass  # it has just ended
    return count


def test_a_restart_that_hangs_is_killed_and_rolled_back(lab, deployment):
    def hanging_while_new(scene):
        script = scene.folder / "hang"
        script.write_text(f"#!/bin/sh\ngrep -q {scene.master.port} {scene.nutcracker.file} && "
                          f"sleep {scene.nutcracker.port}.5\nexit 0\n")
        script.chmod(0o755)
        return [str(script)]

    with Scene(lab, deployment, start=False) as scene:
        scene.agent = agent_for(lab, deployment, scene.nutcracker.section(
            restart=hanging_while_new(scene), restart_timeout="300ms"))
        scene.agent.start()
        assert_one_line(scene, "took too long and was killed", result="rolled_back")
        wait_until(lambda: scene.nutcracker.file.read_bytes() != scene.before, 10, "it hangs again")
        began = time.monotonic()
        for _ in range(20):
            assert scene.agent.get("/readyz")[0] == 200
        assert time.monotonic() - began < 0.25, "the control thread waits for nobody"
        wait_until(lambda: scene.nutcracker.file.read_bytes() == scene.before, 10, "it was killed")
        assert count_running(f"{scene.nutcracker.port}.5") == 0, "with all that it had started"


def test_a_restart_after_which_nothing_answers_is_rolled_back(lab, deployment):
    with Scene(lab, deployment, restart=["true"], restart_timeout="300ms",
               edit=lambda n: n.kill()) as scene:
        assert_one_line(scene, "nutcracker does not serve within 300 ms", "Connection refused",
                        "nor does it with the old file")


def test_a_restart_command_that_restarts_nothing_is_noticed(lab, deployment):
    with Scene(lab, deployment, restart=["true"], restart_timeout="300ms") as scene:
        assert_one_line(scene, "the nutcracker of before serves on", "the old file is back",
                        result="rolled_back")


def test_a_restart_command_that_does_not_exist(lab, deployment):
    with Scene(lab, deployment, restart=["systemctl-of-another-world", "restart"]) as scene:
        assert_one_line(scene, "systemctl-of-another-world cannot be started", "write its whole path",
                        "the old file is back", result="rolled_back")
        assert scene.nutcracker.restarts() == 0


def test_a_missing_nutcracker(lab, deployment):
    with Scene(lab, deployment, test=["/nonexistent/nutcracker", "-t", "-c"]) as scene:
        assert_one_line(scene, "/nonexistent/nutcracker cannot be started", "install it")
        assert scene.beside() == set()


def test_a_test_that_fails_leaves_the_old_file(lab, deployment):
    with Scene(lab, deployment, edit=lambda n: n.file.write_text(
            n.file.read_text() + "  no_such_key: 1\n")) as scene:
        assert_one_line(scene, "does not pass", "syntax is invalid")
        assert scene.nutcracker.restarts() == 0 and scene.beside() == set()


def test_a_pool_that_does_not_exist(lab, deployment):
    with Scene(lab, deployment, pools={"redis_stak": NAME}) as scene:
        assert_one_line(scene, "it has no pool 'redis_stak'; the names of its pools are on line 2")


def test_two_pools_on_one_port(lab, deployment):
    def double(nutcracker):
        nutcracker.file.write_text(
            nutcracker.file.read_text() +
            f"again:\n  listen: {nutcracker.listen}\n  redis: true\n  servers:\n   - a:1:1 A\n")

    with Scene(lab, deployment, edit=double) as scene:
        assert_one_line(scene, "this pool listens where another one does")


def test_a_file_that_does_not_exist(lab, deployment):
    with Scene(lab, deployment, start=False) as scene:
        section = scene.nutcracker.section(config=str(scene.folder / "missing.yml"))
        scene.agent = agent_for(lab, deployment, section)
        scene.agent.start()
        assert_one_line(scene, "missing.yml: No such file or directory; is the path right?")


@pytest.fixture
def small_disk(lab):
    """A folder on a file system of its own, of 64 KiB."""
    folder = lab.subfolder("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no mount here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def on_disk(lab, deployment, disk):
    """A scene whose file lies on `disk`; its agent is not started."""
    scene = Scene(lab, deployment, start=False)
    file = disk / "nutcracker.yml"
    shutil.copy(scene.nutcracker.file, file)
    scene.nutcracker.file = file
    scene.agent = agent_for(lab, deployment, scene.nutcracker.section())
    return scene


def test_a_full_disk(lab, deployment, small_disk):
    with on_disk(lab, deployment, small_disk) as scene:
        filler = small_disk / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        scene.agent.start()
        assert_one_line(scene, "No space left on device; free some space there")
        assert {path.name for path in small_disk.iterdir()} == {"filler", "nutcracker.yml"}


def test_a_read_only_folder(lab, deployment, small_disk):
    with on_disk(lab, deployment, small_disk) as scene:
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        scene.agent.start()
        assert_one_line(scene, "Read-only file system; the file system is read-only")


def test_an_agent_that_stops_while_a_restart_hangs_does_not_wait_for_it(lab, deployment):
    with Scene(lab, deployment, restart=["sleep", "5"], restart_timeout="1m") as scene:
        wait_until(lambda: scene.nutcracker.file.read_bytes() != scene.before, 5, "it restarts")
        assert scene.agent.terminate(2) == 0


def test_the_child_sees_neither_descriptors_nor_secrets(lab, deployment):
    with Scene(lab, deployment, start=False) as scene:
        script = scene.folder / "spy"
        script.write_text(f"#!/bin/sh\nls -l /proc/$$/fd > {scene.folder}/fds\n"
                          f"env > {scene.folder}/env\nexec {scene.nutcracker.restart[0]}\n")
        script.chmod(0o755)
        scene.agent = agent_for(lab, deployment, scene.nutcracker.section(restart=[str(script)]))
        scene.agent.start(environment=os.environ | {"SENTINEL_PASSWORD": "hunter2"})
        scene.await_update()
        assert "socket:" not in (scene.folder / "fds").read_text()
        assert "hunter2" not in (scene.folder / "env").read_text()


def test_a_unix_socket_as_listener_is_pinged_too(lab, deployment):
    nutcracker = lab.add(Nutcracker(
        lab, other_than_master(deployment).address, name="unix", password=SECRET,
        listen=str(lab.subfolder("s") / "n.sock")))
    nutcracker.launch(nutcracker._supervise)
    wait_until(nutcracker.pid_file.exists, 5, "nutcracker runs")
    agent = agent_for(lab, deployment, nutcracker.section())
    agent.start()
    wait_until(lambda: agent.metric(UPDATES, result="updated") == 1, 5,
               lambda: f"it follows:\n{agent.log_text()[-2000:]}")
    lab.end([agent, nutcracker])
