"""Random sessions of store operations equal a plain model, in one process and with edits in two others."""

from __future__ import annotations

import os
import random

import pytest
from reliability.sessions import run_sessions

STEPS = 75


def _seed(part: int) -> int:
    """On CI the same in every run: a red change is the change's own fault. Elsewhere new ones each time."""
    return part if "CI" in os.environ else random.randrange(2**32)


@pytest.mark.parametrize("part", range(4))
def test_random_sessions_equal_a_plain_model(part: int) -> None:
    assert run_sessions(25, STEPS, seed=_seed(part))["sessions"] == 25


@pytest.mark.parametrize("part", range(2))
def test_random_sessions_with_worker_processes_equal_a_plain_model(part: int) -> None:
    assert run_sessions(30, STEPS, workers=True, seed=_seed(100 + part))["sessions"] == 30
