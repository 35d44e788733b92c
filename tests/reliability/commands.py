"""Commands that are stopped at any moment, and given again: what comes out is what would have come out."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.stages import exact_plan, picture_scene
from reliability.command_jobs import WEIGHTS
from reliability.forking import Forker
from reliability.kills import stop_process
from storage.scenes import assert_same_scene

from drivelabel.cli.main import main
from drivelabel.pipeline import annotate, ingest
from drivelabel.scene import Scene
from drivelabel.storage import SceneStore, check_scene

N_FRAMES = 64


@dataclass(frozen=True)
class Case:
    """A command to be stopped.

    Attributes:
        words: of the command.
        out: what it makes.
        same: raises unless `out` is as an undisturbed run leaves it.
        start: what lies at `out` before; None for nothing.
        left: names beside `out` that a stopped command may leave, for the next one to go on with.
    """

    words: tuple[str, ...]
    out: Path
    same: Callable[[], None]
    start: Path | None = None
    left: tuple[str, ...] = ()


def cases(folder: Path) -> dict[str, Case]:
    """A recording, its scene, its labels and their export in a folder, and commands that make them anew."""
    picture_scene(folder, N_FRAMES)
    unlabelled, labelled = folder / "made" / "unlabelled.scene", folder / "made" / "labelled.scene"
    ingest(folder / "pictures", unlabelled, hz=10.0)
    shutil.copytree(unlabelled, labelled)
    annotate(SceneStore.open(labelled), exact_plan())
    exported, imported = folder / "labels.json", folder / "imported.scene"
    with redirect_stdout(io.StringIO()):
        assert main(["export", "coco", str(labelled), str(exported)]) == 0
        assert main(["import", "coco", str(exported), str(imported)]) == 0
    out = {name: folder / name / "out.scene" for name in ("ingest", "annotate", "import")}
    out["export"] = folder / "export" / "out.json"
    for place in out.values():
        place.parent.mkdir()
    weights = folder / "pull" / "drivelabel" / "models" / "toy.onnx"
    pictures = str(folder / "pictures")
    return {
        "ingest": Case(
            ("ingest", pictures, str(out["ingest"]), "--hz", "10"), out["ingest"],
            lambda: _same_scene(out["ingest"], unlabelled),
        ),
        "annotate": Case(
            ("annotate", str(out["annotate"])), out["annotate"],
            lambda: _same_scene(out["annotate"], labelled), start=unlabelled,
        ),
        "export": Case(
            ("export", "coco", str(labelled), str(out["export"])), out["export"],
            lambda: _same_file(out["export"], exported.read_bytes()),
        ),
        "import": Case(
            ("import", "coco", str(exported), str(out["import"])), out["import"],
            lambda: _same_scene(out["import"], imported),
        ),
        "models pull": Case(
            ("models", "pull", "toy.onnx"), weights, lambda: _same_file(weights, WEIGHTS),
            left=("toy.onnx.part", "toy.onnx.lock"),
        ),
    }  # fmt: skip


def _same_scene(place: Path, expected: Path) -> None:
    assert_same_scene(_opened(place), _opened(expected))


def _opened(place: Path) -> Scene:
    """A scene of which no path depends on where it lies itself."""
    scene = SceneStore.open(place).scene()
    sources = [replace(s, path=os.path.normpath(Path(scene.root, s.path))) for s in scene.sources]
    info = {name: value for name, value in scene.info.items() if name != "image_root"}
    return replace(scene, sources=tuple(sources), info=info)


def _same_file(path: Path, expected: bytes) -> None:
    assert path.read_bytes() == expected


def stop_command(
    folder: Path, case: Case, n: int, how: int, *, seed: int = 0, seconds: float = 1e9
) -> dict[str, Any]:
    """Give a command, stop it somewhere, give it again; `n` times."""
    env = {"XDG_CACHE_HOME": str(folder / "pull"), "DRIVELABEL_MODELS": str(folder / "pull" / "none")}
    moments = random.Random(seed)
    stop = time.monotonic() + seconds
    counts = {"stopped": 0, "was_done": 0, "left_beside": 0}
    with Forker(env, "reliability.command_jobs") as forker:
        for _ in range(2):  # the first waits for the forker's imports
            _reset(case)
            took = _finish(forker, folder, case)
        for _ in range(n):
            _reset(case)
            counts["was_done"] += _stop_once(forker, folder, case, how, moments.uniform(0, took)) == 0
            beside = _beside(case)
            assert how == signal.SIGKILL or not beside, f"left beside the output: {beside}"
            _finish(forker, folder, case)
            counts["left_beside"] += len(_beside(case))
            counts["stopped"] += 1
            if time.monotonic() > stop:
                break
    return counts


def _reset(case: Case) -> None:
    for path in case.out.parent.iterdir() if case.out.parent.exists() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if case.start is not None:
        shutil.copytree(case.start, case.out)


def _beside(case: Case) -> list[str]:
    if not case.out.parent.exists():
        return []
    names = [path.name for path in case.out.parent.iterdir()]
    return [name for name in names if name not in (case.out.name, *case.left)]


def _stop_once(forker: Forker, folder: Path, case: Case, how: int, after_s: float) -> int:
    """The exit status of a command that is stopped some time after it began."""
    errors = folder / "errors"
    errors.unlink(missing_ok=True)
    pid = forker.start("command", words=case.words, errors=str(errors))
    while not errors.exists() or not errors.stat().st_size:
        time.sleep(0.001)
    time.sleep(after_s)
    stop_process(pid, how)
    status = forker.wait(pid)
    said = errors.read_text()
    assert status in ((-9, 0) if how == signal.SIGKILL else (130, 0)), f"status {status}: {said}"
    assert "Traceback" not in said, said
    if how == signal.SIGINT and (case.out / "repo").exists():
        assert check_scene(case.out).damages == [], "an interrupted command left a scene that is not clean"
    return status


def _finish(forker: Forker, folder: Path, case: Case) -> float:
    """Give the command again, to its end; how long it took, seconds."""
    was_there = case.start is None and case.out.exists()
    errors = folder / "errors"
    start = time.monotonic()
    status = forker.wait(forker.start("command", words=case.words, errors=str(errors)))
    said = errors.read_text()
    # What is complete is not made again: that is an error in one line, or nothing to do.
    assert status == 0 or (was_there and status == 1 and "already" in said), f"status {status}: {said}"
    case.same()
    return time.monotonic() - start
