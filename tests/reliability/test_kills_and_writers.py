"""Promise 1 and 5: what was reported is there; running twice is running once."""

from __future__ import annotations

from pathlib import Path

import pytest
from reliability.kills import kill_lock_holders, kill_writers
from reliability.writers import count_together, deliver_twice, read_beside


def test_sixty_killed_writers_lose_no_reported_commit(tmp_path: Path) -> None:
    assert kill_writers(tmp_path, 60)["kills"] == 60


@pytest.mark.parametrize(("n_writers", "n_commits"), [(2, 50), (4, 250)])
def test_writers_at_one_scene_lose_nothing(tmp_path: Path, n_writers: int, n_commits: int) -> None:
    assert count_together(tmp_path, n_writers, n_commits)["commits"] == n_writers * n_commits


def test_the_next_writer_goes_on_when_one_dies_with_the_lock(tmp_path: Path) -> None:
    assert kill_lock_holders(tmp_path, 20)["longest_wait_s"] < 1


def test_a_job_delivered_twice_has_one_effect(tmp_path: Path) -> None:
    assert deliver_twice(tmp_path, 40)["commits"] == 40


def test_readers_beside_a_writer_never_see_half_a_commit(tmp_path: Path) -> None:
    assert read_beside(tmp_path, 3)["reads"] > 0
