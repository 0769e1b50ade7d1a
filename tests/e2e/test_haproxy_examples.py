"""The examples in haproxy/: every HAProxy loads them as they are, and the generator writes just them."""

import os
import subprocess

import pytest

from lab.agent import ROOT, run
from lab.haproxy import FORMS, LUA_FORMS

EXAMPLES = ROOT / "haproxy"
INSTALLED = "/etc/haproxy"
SPOE_FILE = "spoe-sentinel.cfg"
LUA = ROOT / "lua"  # the module, which is not in the examples a second time

pytestmark = pytest.mark.parametrize("form", FORMS + LUA_FORMS)


def files_of(form):
    """Where each file of a form comes from, by its name in the folder of haproxy.cfg."""
    files = {"haproxy.cfg": EXAMPLES / form / "haproxy.cfg"}
    if form != "lua":
        files[SPOE_FILE] = EXAMPLES / form / SPOE_FILE
    if form in LUA_FORMS:
        files |= {str(path.relative_to(ROOT)): path for path in LUA.rglob("*.lua")}
    return files


@pytest.fixture
def check(any_haproxy):
    """Returns what `haproxy -c` has to say, apart from the success that 2.6 announces and 3.0 does not."""
    def check(file, **environment):
        inherited = {key: value for key, value in os.environ.items() if key != "HAPROXY_STATS_PASSWORD"}
        done = subprocess.run(
            [any_haproxy.binary, "-c", "-f", file], capture_output=True, text=True, timeout=10,
            env=inherited | environment)
        return done.returncode, done.stdout.replace("Configuration file is valid\n", "") + done.stderr

    return check


@pytest.fixture
def installed(form, tmp_path):
    """The example as if installed, in another folder than its own."""
    for name, source in files_of(form).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source.read_text().replace(INSTALLED, str(tmp_path)))
    return tmp_path / "haproxy.cfg"


def generate(form, folder, file=EXAMPLES / "sentinel-spoa.yaml"):
    done = run("haproxy-config", "-f", file, "--form", form, "-o", folder)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("environment", [
    {}, {"HAPROXY_STATS_PASSWORD": ""}, {"HAPROXY_STATS_PASSWORD": "a b\"c'd\\e#f$g:h)(,"},
], ids=["no password", "empty password", "awkward password"])
def test_haproxy_loads_the_example_without_a_word(installed, environment, check):
    assert check(installed, **environment) == (0, "")


def test_the_example_is_what_the_generator_writes(form, tmp_path):
    generate(form, tmp_path)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(tmp_path)) for path in written) == sorted(files_of(form))
    for name, source in files_of(form).items():
        content = (tmp_path / name).read_bytes().replace(bytes(tmp_path), INSTALLED.encode())
        assert content == source.read_bytes(), f"write haproxy/{form} anew"


def test_what_was_written_loads_where_it_was_written(form, tmp_path, check):
    folder = tmp_path / "a folder with $IGNS & blanks"
    folder.mkdir()
    generate(form, folder)
    assert check(folder / "haproxy.cfg") == (0, "")


def test_several_names_with_ipv6_nodes_load(form, tmp_path, check):
    text = (EXAMPLES / "sentinel-spoa.yaml").read_text()
    more = '  - {name: cache.eu-1, servers: {C1: "[2001:db8::1]:6379", "C:2": "[2001:db8::2]:6380"}}\n'
    assert "log:" in text
    file = tmp_path / "two.yaml"
    file.write_text(text.replace("log:", more + "log:"))
    generate(form, tmp_path, file)
    assert (tmp_path / "haproxy.cfg").read_text().count("\nfrontend redis_") == 2
    assert check(tmp_path / "haproxy.cfg") == (0, "")


def test_a_folder_that_is_not_there_is_named(form, tmp_path):
    missing = tmp_path / "missing"
    done = run("haproxy-config", "-f", EXAMPLES / "sentinel-spoa.yaml", "--form", form, "-o", missing)
    assert done.returncode == 1
    assert str(missing) in done.stderr
    assert not missing.exists()
