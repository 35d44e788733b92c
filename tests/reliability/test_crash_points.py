"""Promise 2: all or nothing, whatever fails and wherever."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from reliability.crash_points import fail_everywhere
from reliability.power_cuts import cut_power


def test_a_commit_that_fails_anywhere_leaves_the_state_before_or_after(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: the faults are made by a small preloaded library")
    counts = fail_everywhere(tmp_path, compiler)
    assert counts["operations"] > 10 and counts["old"] and counts["new"]


def test_a_power_cut_loses_no_synced_commit(tmp_path: Path) -> None:
    counts = cut_power(tmp_path)
    assert counts["cases"] == 3 * 31
    assert counts["old"] == 0, "a reported commit was lost in silence"
