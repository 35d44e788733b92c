"""Commits and reads over a bad network: done, or an error of ours, and never half."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest import mock

from reliability.object_store import BUCKET, TOXICS, ObjectStore
from storage.scenes import boxes, label_map, scene

from drivelabel.errors import StoreError
from drivelabel.labels import DRIVING
from drivelabel.storage import SceneStore, _place, _runtime


@contextmanager
def short_pauses() -> Iterator[None]:
    """Tries follow each other at once, and answers are not waited for long: what is tried stays the same."""
    quick = {"FIRST_PAUSE_MS": 2, "LONGEST_PAUSE_MS": 10, "NETWORK_TIMEOUT_S": 1}
    with mock.patch.multiple(_place, **quick), mock.patch.object(_runtime, "PAUSE_S", 0.004):
        yield


def new_scene(name: str) -> SceneStore:
    """A scene in the bucket with a layer."""
    store = SceneStore.create(f"s3://{BUCKET}/{name}", scene())
    with store.edit("layer") as edit:
        edit.create_layer("review", DRIVING)
    return store


def lose_answers(objects: ObjectStore, n_commits: int, every: int, seconds: float = 1e9) -> dict[str, Any]:
    """Commits of which each `every`-th request is done, but its answer lost or an error."""
    store = new_scene("lost")
    network = objects.network("lost")
    stop = time.monotonic() + seconds
    reported = []
    for number in range(n_commits):
        toxic = ("lost", "error")[number % 2]
        with network.being(toxic, every), store.edit(f"commit {number}", by="human") as edit:
            edit.set("review", number % 12, boxes(number % 7 + 1, number))
        assert edit.result is not None
        reported.append(edit.result.snapshot)
        if time.monotonic() > stop:
            break
    again = SceneStore.open(store.name)
    log = again.log()
    assert [commit.id for commit in log][: len(reported)] == reported[::-1]
    assert len(log) == len(reported) + 2, "a commit is there twice"
    return {"commits": len(reported), "in_history": len(log) - 2, "answers_lost": network.n_met}


def poison_all(objects: ObjectStore, n_runs: int, seconds: float = 1e9) -> list[dict[str, Any]]:
    """Every toxic at once, each on a scene of its own."""
    with ThreadPoolExecutor(len(TOXICS)) as pool:
        return list(pool.map(lambda toxic: poison(objects, toxic, n_runs, seconds), TOXICS))


def poison(objects: ObjectStore, toxic: str, n_runs: int, seconds: float = 1e9) -> dict[str, Any]:
    """Commits and reads while requests meet a toxic: done, or our error; and whole either way."""
    store = new_scene(f"toxic-{toxic}")
    network = objects.network(f"toxic-{toxic}")
    with store.edit("start") as edit:
        edit.set("review", 0, boxes(1))
        edit.set_label_map("review", 0, label_map(0))
    every = 61 if toxic == "stall" else 9  # a stall lasts until the time is out
    done, errors, longest, number = [0], 0, 0.0, 0
    stop = time.monotonic() + seconds
    while number < n_runs and time.monotonic() < stop:
        number += 1
        start = time.monotonic()
        try:
            with network.being(toxic, every):
                _change(store, number)
            done.append(number)
        except StoreError:
            errors += 1
        longest = max(longest, time.monotonic() - start)
        layer = SceneStore.open(store.name).scene().layer("review")
        n_rows = len(layer.boxes2d[0])
        assert (layer.label_map(0).label_map == label_map(n_rows - 1)).all(), "half a commit"
        assert n_rows - 1 >= done[-1], "a reported commit is gone"
    counts = {"toxic": toxic, "runs": number, "done": len(done) - 1, "errors": errors, "met": network.n_met}
    return counts | {"longest_s": round(longest, 1)}


def _change(store: SceneStore, number: int) -> None:
    with store.edit(f"commit {number}") as edit:
        edit.set("review", 0, boxes(number + 1, number))
        edit.set_label_map("review", 0, label_map(number))
    SceneStore.open(store.name).scene()
