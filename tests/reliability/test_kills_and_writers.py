"""Promise 1 and 5: what was reported is there; running twice is running once."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from reliability.forking import Forker
from reliability.kills import kill_lock_holders, kill_makers, kill_writers
from reliability.writers import count_together, deliver_thrice, read_beside
from storage.scenes import new_store

from drivelabel.storage import check_scene


def test_sixty_killed_writers_lose_no_reported_commit(tmp_path: Path) -> None:
    assert kill_writers(tmp_path, 60)["kills"] == 60


def test_thirty_interrupted_writers_leave_a_clean_scene(tmp_path: Path) -> None:
    assert kill_writers(tmp_path, 30, seed=1, how=signal.SIGINT)["kills"] == 30
    report = check_scene(tmp_path / "a.scene")
    assert report.damages == []


def test_a_killed_maker_leaves_nothing_that_the_next_does_not_clear(tmp_path: Path) -> None:
    assert kill_makers(tmp_path, 15)["kills"] == 15


def test_a_folder_that_may_not_be_written_can_be_read() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become a user who may not write")
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o777)
        store = new_store(folder)
        out = folder / "out"
        with Forker() as forker:
            pid = forker.start("edit_read_only", scene=str(store.root), reported=str(out))
            assert forker.wait(pid) == 0
        assert "a drive: ReadOnlyError" in out.read_text()
        assert "may not be written" in out.read_text()
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(("n_writers", "n_commits"), [(2, 50), (4, 250)])
def test_writers_at_one_scene_lose_nothing(tmp_path: Path, n_writers: int, n_commits: int) -> None:
    assert count_together(tmp_path, n_writers, n_commits)["commits"] == n_writers * n_commits


def test_the_next_writer_goes_on_when_one_dies_with_the_lock(tmp_path: Path) -> None:
    assert kill_lock_holders(tmp_path, 20)["longest_wait_s"] < 1


def test_a_job_delivered_thrice_has_one_effect(tmp_path: Path) -> None:
    assert deliver_thrice(tmp_path, 200) == {"deliveries": 600, "commits": 200}


def test_readers_beside_a_writer_never_see_half_a_commit(tmp_path: Path) -> None:
    assert read_beside(tmp_path, 3)["reads"] > 0
