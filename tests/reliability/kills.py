"""Writers that die at any moment: what they reported is there, and the scene opens."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from reliability.forking import Forker
from storage.scenes import boxes, label_map, new_store

from drivelabel.storage import SceneStore


def kill_writers(
    folder: Path, n_kills: int, seed: int = 0, seconds: float = 1e9, how: int = signal.SIGKILL
) -> dict[str, Any]:
    """Start a writer, stop it within its first 150 ms of work, check the scene; again and again."""
    scene = str(new_store(folder).root)
    reported_path = str(folder / "reported.txt")
    moments = random.Random(seed)
    stop = time.monotonic() + seconds
    next_step = killed = unreported = 0
    with Forker() as forker:
        for _ in range(n_kills):
            before = _lines(reported_path)
            pid = forker.start("number_frames", scene=scene, reported=reported_path, start=next_step)
            while len(_lines(reported_path)) == len(before):
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.15))
            stop_process(pid, how)
            assert forker.wait(pid) == (-9 if how == signal.SIGKILL else 1)
            killed += 1
            reported = _lines(reported_path)
            done = check_steps(SceneStore.open(scene), reported)
            last = int(reported[-1].split()[1])
            assert done - last in (0, 1), f"{last} was reported, {done} is there"
            unreported += done - last
            next_step = done + 1
            if time.monotonic() > stop:
                break
    return {"kills": killed, "commits": next_step, "unreported": unreported, "lost": 0, "unreadable": 0}


def check_steps(store: SceneStore, reported: list[str]) -> int:
    """Check that all reported commits are in the history and their labels are there; the last step."""
    log = store.log()
    ids = {commit.id for commit in log}
    lost = [line for line in reported if line.split()[0] not in ids]
    assert not lost, f"lost commits: {lost}"
    done = int(log[0].message.split()[1]) if log[0].message.startswith("step") else -1
    layer = store.scene().layer("review")
    for step in range(max(0, done - 5), done + 1):
        rows = layer.boxes2d[step % 6]
        np.testing.assert_array_equal(rows.xyxy, boxes(step % 50, step).xyxy)
        np.testing.assert_array_equal(layer.label_map(step % 6).label_map, label_map(step))
    return done


def stop_process(pid: int, how: int) -> None:
    """Send a signal until the process has ended: Python drops a Ctrl-C that comes inside a finaliser."""
    while not _has_ended(pid):
        os.kill(pid, how)
        again = time.monotonic() + 2.0
        while not _has_ended(pid) and time.monotonic() < again:
            time.sleep(0.002)


def _has_ended(pid: int) -> bool:
    """Whether a process, not yet waited for by its parent, has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def kill_makers(folder: Path, n_kills: int, seed: int = 0, seconds: float = 1e9) -> dict[str, Any]:
    """Kill a process that makes a scene; the next one makes it and clears up what was left."""
    moments = random.Random(seed)
    stop = time.monotonic() + seconds
    made = number = 0
    with Forker() as forker:
        while number < n_kills and time.monotonic() < stop:
            number += 1
            place = folder / f"{number}.scene"
            pid = forker.start("create_scene", scene=str(place))
            time.sleep(moments.uniform(0.01, 0.25))
            forker.kill(pid)
            made += place.exists()
            if not place.exists():
                assert forker.wait(forker.start("create_scene", scene=str(place))) == 0
            assert SceneStore.open(place).verify().is_good
            assert not list(folder.glob(".*")), "something was left beside the scene"
    return {"kills": number, "made_before": made, "left_over": 0}


def kill_lock_holders(folder: Path, n_kills: int, seconds: float = 1e9) -> dict[str, Any]:
    """Kill a process that holds the lock; how long the next writer then waits, seconds."""
    store = new_store(folder)
    stop = time.monotonic() + seconds
    waits: list[float] = []
    with Forker() as forker:
        while len(waits) < n_kills and time.monotonic() < stop:
            number = len(waits)
            held = folder / f"held{number}"
            pid = forker.start("hold_lock", scene=str(store.root), reported=str(held))
            while not held.exists():
                time.sleep(0.002)
            assert forker.kill(pid) == -9
            start = time.monotonic()
            with store.edit("next") as edit:
                edit.set("review", 0, boxes(number % 5, number))
            waits.append(time.monotonic() - start)
    assert max(waits) < 1
    return {"kills": len(waits), "longest_wait_s": round(max(waits), 3)}
