"""The main job from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drivelabel.cli.progress import Progress
from drivelabel.pipeline import AnnotateReport, annotate, ingest
from drivelabel.pipeline.tasks import ModelChoice, make_plan
from drivelabel.storage import SceneStore, is_scene


def scene_of(given: str, out: Path | None = None) -> str:
    """Where the scene to label is; a recording becomes a scene first.

    Args:
        given: a scene or a recording.
        out: where a recording's scene goes; ``NAME.scene`` in the current folder when None.

    Raises:
        StoreError: the recording is missing or damaged.
        FormatError: it is of no known kind.
    """
    if is_scene(given):
        return given
    source = Path(given)
    place = out or Path(f"{source.stem or 'recording'}.scene")
    if not is_scene(place):
        ingest(source, place, command="annotate")
    return str(place)


def label(
    location: str,
    *,
    tasks: Sequence[str],
    into: str = "auto",
    models: ModelChoice | None = None,
    cameras: Sequence[str] | None = None,
    on_invalid: str = "error",
    quiet: bool = False,
) -> AnnotateReport:
    """Label a stored scene and show how far it is."""
    plan = make_plan(tasks, models)
    with Progress("annotate", "frames", quiet=quiet) as progress:
        return annotate(
            SceneStore.open(location),
            plan,
            into=into,
            cameras=cameras,
            on_invalid=on_invalid,
            progress=progress,
        )
