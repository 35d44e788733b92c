"""Every file operation of a commit fails once, in each way: the scene is as before or as after."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from reliability.forking import Forker
from reliability.jobs import change, note
from storage.scenes import label_map, new_store

from drivelabel.storage import SceneStore, check_scene

KINDS = {"kill before": 1, "kill after": 2, "EIO": 3, "ENOSPC": 4, "short write": 5}
TYPED = ("StoreError", "DiskFullError", "CorruptSceneError", "ReadOnlyError")


def build_shim(folder: Path, compiler: str) -> Path:
    """The preloaded library."""
    library = folder / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def fail_everywhere(folder: Path, compiler: str, *, every: int = 1, seconds: float = 1e9) -> dict[str, Any]:
    """Each `every`-th operation of a commit, in each way of failing."""
    template = new_store(folder, "template.scene")
    change(template, 0)
    scene = folder / "victim.scene"
    env = {"LD_PRELOAD": str(build_shim(folder, compiler)), "FAULT_SCENE": str(scene)}
    stop = time.monotonic() + seconds
    counts: dict[str, Any] = {"points": 0, "old": 0, "new": 0, "mixed": 0}
    with Forker(env) as forker:
        n_points = _operations(forker, folder, scene)
        for name, kind in KINDS.items():
            for at in range(0, n_points, every):
                outcome, step = _run(forker, folder, scene, at, kind)
                where = f"{name} at operation {at} of {n_points}: {outcome}"
                assert outcome.split(" ")[0] in ("killed", "done", *TYPED), where
                assert step == 1 or not outcome.startswith("done"), where
                counts["points"] += 1
                counts["new" if step else "old"] += 1
                if time.monotonic() > stop:
                    return counts | {"operations": n_points, "stopped_at": where}
    return counts | {"operations": n_points}


def _operations(forker: Forker, folder: Path, scene: Path) -> int:
    outcome, step = _run(forker, folder, scene, -1, 0)
    assert step == 1
    return int(outcome.split()[1])


def _run(forker: Forker, folder: Path, scene: Path, at: int, kind: int) -> tuple[str, int]:
    """What a commit with a fault came to, and which step the scene is at: 0 before it, 1 after it."""
    shutil.rmtree(scene, ignore_errors=True)
    shutil.copytree(folder / "template.scene", scene)
    out = folder / "outcome"
    out.unlink(missing_ok=True)
    pid = forker.start("faulty_commit", scene=str(scene), reported=str(out), at=at, kind=kind)
    status = forker.wait(pid)
    outcome = "killed" if status == -9 else out.read_text().strip() if out.exists() else f"status {status}"
    store = SceneStore.open(scene)
    step = _step(store)
    change(store, 2)  # the lock is free, the next commit goes through
    assert _step(store) == 2
    if status == -9:  # what a dead writer left is found and cleared up
        assert check_scene(scene, fix=True).is_good
        assert check_scene(scene).damages == []
    return outcome, step


def _step(store: SceneStore) -> int:
    """Which step the scene is at; table, mask and history must agree."""
    layer = store.scene().layer("review")
    step = int(layer.tags[0].attributes.row(0)["step"])  # type: ignore[arg-type]
    np.testing.assert_array_equal(layer.label_map(0).label_map, label_map(step))
    assert store.note("review", "run") == note(step)
    assert store.log()[0].message == f"step {step}"
    return step
