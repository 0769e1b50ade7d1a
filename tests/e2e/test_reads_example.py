"""The example in haproxy/reads: HAProxy loads it, and the generator writes just that."""

import subprocess

from lab.agent import ROOT, run

EXAMPLE = ROOT / "haproxy/reads"
INSTALLED = b"/etc/haproxy"


def test_the_example_is_what_the_generator_writes(tmp_path):
    done = run("haproxy-config", "-f", EXAMPLE / "sentinel-spoa.yaml", "-o", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for file in ("haproxy.cfg", "spoe-sentinel.cfg"):
        content = (tmp_path / file).read_bytes().replace(bytes(tmp_path), INSTALLED)
        assert content == (EXAMPLE / file).read_bytes(), "write haproxy/reads anew"


def test_every_haproxy_loads_it(any_haproxy, tmp_path):
    for file in ("haproxy.cfg", "spoe-sentinel.cfg"):
        text = (EXAMPLE / file).read_bytes().replace(INSTALLED, bytes(tmp_path))
        (tmp_path / file).write_bytes(text)
    done = subprocess.run(
        [any_haproxy.binary, "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
