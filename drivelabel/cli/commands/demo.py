"""drivelabel demo: a first look, on a simulated drive or on a person's own recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import complain, count, say, say_json

if TYPE_CHECKING:
    from drivelabel.pipeline import AnnotateReport

N_PICTURES = 3
SECONDS, HZ, IMAGE_HW, SEED = 6.0, 5.0, (720, 1280), 2


def demo(
    source: Annotated[
        str | None, typer.Argument(metavar="[SOURCE]", help="A video, image folder or drive log.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("demo-out"),
    as_json: JsonOption = False,
) -> None:
    """Label a short drive and draw it.

    Without a source, a drive is simulated first.
    """
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.cli.labelling import scene_of

    with interruptible(f"What is finished is kept in {out}; give the same command again to go on."):
        out.mkdir(parents=True, exist_ok=True)
        location = scene_of(source, out / f"{Path(source).stem}.scene") if source else _drive(out, as_json)
        report, tasks = _label(location, as_json)
        pictures = _pictures(location, out)
    if as_json:
        rows = {"frames": report.frames + report.earlier, "labels": report.rows, "tasks": tasks}
        say_json({"scene": location, "pictures": pictures, **rows})
        return
    say(f"scene     {location}: {count(report.frames + report.earlier, 'frame')}, tasks {', '.join(tasks)}")
    for picture in pictures:
        say(f"picture   {picture}")
    say(f"go on     drivelabel info {location}")


def _drive(out: Path, quiet: bool) -> str:
    """A short drive of one camera through a city."""
    import os

    from drivelabel.cli.progress import Progress
    from drivelabel.pipeline.simulate import simulate
    from drivelabel.simulate import SimulateSettings, WorldSettings, default_rig
    from drivelabel.storage import is_scene

    location = out / "drive.scene"
    if not is_scene(location):
        rig = default_rig(1).without_lidars().at_size(IMAGE_HW).at_rates(HZ, None)
        settings = SimulateSettings(WorldSettings(SEED, SECONDS), rig, threads=os.cpu_count() or 1)
        with Progress("simulate", "frames", quiet=quiet) as progress:
            simulate(settings, location, command="demo", progress=progress)
    return str(location)


def _label(location: str, quiet: bool) -> tuple[AnnotateReport, list[str]]:
    """All tasks; where weights are missing and cannot be fetched, those that need none."""
    from drivelabel.cli.labelling import label
    from drivelabel.errors import StoreError
    from drivelabel.pipeline.tasks import DEFAULT_TASKS, make_plan

    tasks = list(DEFAULT_TASKS)
    try:
        make_plan(tasks)
    except StoreError as error:
        complain(f"only lane lines are labelled: {error}")
        tasks = ["lanes"]
    return label(location, tasks=tasks, quiet=quiet), tasks


def _pictures(location: str, out: Path) -> list[Path]:
    """Frames from the beginning, the middle and the end of the first camera."""
    from drivelabel.cli.picture import draw_one, write_picture
    from drivelabel.storage import open_scene

    scene = open_scene(location)
    own = scene.frames_of(scene.cameras[0].channel)
    pictures = []
    for part in range(N_PICTURES):
        at = (2 * part + 1) * len(own) // (2 * N_PICTURES)
        picture = out / f"{Path(location).stem}-{at:05d}.png"
        write_picture(picture, draw_one(scene, own[at]))
        pictures.append(picture)
    return pictures
