"""Several writers at one scene, and readers beside them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from reliability.forking import Forker
from storage.scenes import new_store

from drivelabel.labels import Boxes2D


def count_together(folder: Path, n_writers: int, n_commits: int, seconds: float = 1e9) -> dict[str, Any]:
    """Each writer adds one row a commit; every row and commit must be there in the end."""
    store = new_store(folder)
    with store.edit("empty frames") as edit:
        for frame in range(12):
            edit.set("review", frame, Boxes2D.empty())
    start = time.monotonic()
    with Forker() as forker:
        paths = [folder / f"writer{writer}" for writer in range(n_writers)]
        pids = [
            forker.start(
                "append_rows",
                scene=str(store.root),
                reported=str(path),
                n=n_commits,
                writer=writer,
                seconds=seconds,
            )
            for writer, path in enumerate(paths)
        ]
        assert [forker.wait(pid) for pid in pids] == [0] * n_writers
    took = time.monotonic() - start
    rows = store.scene().layer("review").boxes2d.rows
    done = [len(path.read_text().split()) for path in paths]
    expected = {writer * 10_000 + number for writer in range(n_writers) for number in range(done[writer])}
    assert set(rows.track_id.tolist()) == expected and len(rows) == len(expected)
    assert len(set(rows.row_id.tolist())) == len(rows)
    reported = {line for path in paths for line in path.read_text().split()}
    assert reported <= {commit.id for commit in store.log()}
    assert len(store.log()) == 3 + sum(done)
    return {"writers": n_writers, "commits": len(reported), "lost": 0, "took_s": round(took, 1)}


def deliver_thrice(folder: Path, n_jobs: int, seconds: float = 1e9) -> dict[str, Any]:
    """Jobs of a queue, all given to two workers at once and to a third later: one commit each."""
    store = new_store(folder, n_frames=max(6, n_jobs // 2))
    before = len(store.log())
    paths = [folder / f"delivered{worker}" for worker in range(3)]
    arguments: dict[str, Any] = {"scene": str(store.root), "n": n_jobs}
    with Forker() as forker:
        pids = [
            forker.start("deliver", reported=str(path), seconds=seconds / 2, **arguments)
            for path in paths[:2]
        ]
        assert [forker.wait(pid) for pid in pids] == [0, 0]
        assert (
            forker.wait(forker.start("deliver", reported=str(paths[2]), seconds=seconds / 2, **arguments))
            == 0
        )
    reported = [path.read_text().split() for path in paths]
    jobs = max(map(len, reported))
    assert len(store.log()) - before == jobs
    for some in reported:  # every worker was told the same commit of the same job
        assert some == max(reported, key=len)[: len(some)]
    return {"deliveries": sum(map(len, reported)), "commits": jobs}


def read_beside(folder: Path, seconds: float) -> dict[str, Any]:
    """Readers beside a writer see a state before or after a commit, never between."""
    store = new_store(folder)
    scene, steps = str(store.root), str(folder / "steps")
    with Forker() as forker:
        writer = forker.start("number_frames", scene=scene, reported=steps, start=0)
        paths = [folder / f"reader{number}" for number in range(2)]
        readers = [forker.start("read_all", scene=scene, reported=str(p), seconds=seconds) for p in paths]
        statuses = [forker.wait(pid) for pid in readers]
        forker.kill(writer)
    assert statuses == [0, 0]
    return {"reads": sum(int(path.read_text()) for path in paths), "torn": 0}
