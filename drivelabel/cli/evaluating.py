"""Scenes in, a report out: what ``drivelabel evaluate`` and ``tools/evaluate_log.py`` do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from drivelabel.errors import DriveLabelError
from drivelabel.evaluation.report import Settings, evaluate_scene, read_baseline, write_report
from drivelabel.evaluation.report.html import Draw
from drivelabel.media.frames import open_frames
from drivelabel.scene import Scene
from drivelabel.storage import open_scene
from drivelabel.typing import UInt8Array


def evaluate_scenes(
    locations: Sequence[str],
    truth: str,
    pred: str,
    out: Path,
    *,
    compare: str | None = None,
    baseline: Path | None = None,
    pictures: bool = True,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Judge a layer of each scene and write the report; what stands in ``metrics.json``.

    Raises:
        DriveLabelError: a scene, layer, baseline or folder is not there or not usable.
    """
    settings = settings or Settings()
    before = None if baseline is None else read_baseline(baseline)
    scenes = [open_scene(location) for location in locations]
    logs = [evaluate_scene(scene, truth, pred, settings) for scene in scenes]
    pairs = zip(scenes, logs, strict=True) if compare else ()
    others = [evaluate_scene(scene, truth, str(compare), settings, like=log) for scene, log in pairs]
    with ExitStack() as stack:
        draws = [_images(scene, stack) for scene in scenes] if pictures else []
        commands = [
            _command(where, scene, (truth, pred)) for where, scene in zip(locations, scenes, strict=True)
        ]
        return write_report(
            out,
            logs,
            settings=settings,
            others=others,
            draws=draws,
            commands=commands,
            baseline=before,
            baseline_name="" if baseline is None else str(baseline),
        )


def _images(scene: Scene, stack: ExitStack) -> Draw | None:
    """The scene's images, or None when the recording is not here: a report without pictures is still one."""
    reader = stack.enter_context(open_frames(scene))
    try:
        reader.read(0)
    except (DriveLabelError, IndexError):
        return None

    def draw(frame: int) -> UInt8Array:
        return reader.read(frame)

    return draw


def _command(location: str, scene: Scene, layers: tuple[str, str]) -> Any:
    def tell(frame: int, track: int) -> str:
        shown = " ".join(f"--layer {shlex.quote(layer)}" for layer in layers)
        return f"drivelabel show {shlex.quote(location)} --frame {frame} {shown} --out frame.png"

    return tell
