"""The power goes during a commit: any of its files may be missing, empty or zeros afterwards."""

from __future__ import annotations

import itertools
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from reliability.jobs import change, note
from storage.scenes import label_map, new_store

from drivelabel.errors import StoreError
from drivelabel.storage import SceneStore, check_scene

WAYS = ("gone", "empty", "zeros")


def cut_power(folder: Path, seconds: float = 1e9) -> dict[str, Any]:
    """All subsets of one commit's files, in three ways of being lost.

    The commit before is synced, so nothing of it is lost. The files of the commit are in groups (chunks,
    manifests, transaction, snapshot, branch), each of which a disk may keep or lose.
    """
    before, after = folder / "before.scene", folder / "after.scene"
    store = new_store(folder, "before.scene")
    change(store, 0)
    shutil.copytree(before, after)
    change(SceneStore.open(after), 1)
    groups = _new_files(before, after)
    stop = time.monotonic() + seconds
    counts = {"cases": 0, "old": 0, "new": 0, "repaired": 0, "silent": 0}
    for way in WAYS:
        for size in range(1, len(groups) + 1):
            for lost in itertools.combinations(sorted(groups), size):
                if time.monotonic() > stop:
                    return counts
                scene = folder / "victim.scene"
                shutil.rmtree(scene, ignore_errors=True)
                shutil.copytree(after, scene)
                for group in lost:
                    for name in groups[group]:
                        _lose(scene / name, before / name, way)
                counts["cases"] += 1
                counts[_outcome(scene, f"{way}: {', '.join(lost)}")] += 1
    return counts


def _new_files(before: Path, after: Path) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = {}
    for path in sorted(after.rglob("*")):
        name = path.relative_to(after)
        old = before / name
        if path.is_file() and name.parts[0] == "repo" and not (old.exists() and _same(path, old)):
            groups.setdefault(name.parts[1], []).append(name)
    return groups


def _same(a: Path, b: Path) -> bool:
    return a.read_bytes() == b.read_bytes()


def _lose(path: Path, old: Path, way: str) -> None:
    if way == "gone":
        path.unlink()
        if old.exists():  # the rename over it was lost with it
            shutil.copy(old, path)
    else:
        path.write_bytes(b"" if way == "empty" else bytes(path.stat().st_size))


def _outcome(scene: Path, what: str) -> str:
    """``old`` or ``new`` state, or ``repaired``: an error first, and one of the two states after a repair.

    heads.log is written last and synced, so here it names the commit already: the scene was reported.
    """
    try:
        return ("old", "new")[_step(SceneStore.open(scene))]
    except StoreError as error:
        assert str(scene) in str(error), what
    report = check_scene(scene, fix=True)
    assert report.damages, what
    lost_note = any(damage.what == "note" for damage in report.damages)
    step = _step(SceneStore.open(scene), lost_note=lost_note)
    assert step in (0, 1), what
    return "repaired"


def _step(store: SceneStore, *, lost_note: bool = False) -> int:
    layer = store.scene().layer("review")
    step = int(layer.tags[0].attributes.row(0)["step"])  # type: ignore[arg-type]
    np.testing.assert_array_equal(layer.label_map(0).label_map, label_map(step))
    assert store.note("review", "run") == (None if lost_note else note(step))
    return step
