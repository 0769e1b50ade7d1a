"""Fences in a row, while clients connect: scripts/fence-soak in small, on each version of HAProxy."""

import time

import pytest
from drills.fence_soak import Result, Scene, soak

from lab.lab import Lab

FENCES = 400
RATE = 600  # connections a second


@pytest.mark.deadline(150)
def test_every_session_ends_once_its_client_has_left(any_haproxy):
    """A session that is connecting when its server is fenced must end like the others."""
    result = Result()
    with Lab() as lab:
        scene = Scene(lab, any_haproxy)
        with scene.sentinels:
            scene.start()
            soak(scene, result, FENCES, RATE, time.monotonic() + 90)
    print(result)
    assert result.fences >= FENCES and result.ended > 0
    assert result.late.sessions == 0
