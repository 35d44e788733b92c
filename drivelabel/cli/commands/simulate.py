"""drivelabel simulate: a drive that never happened, with everything that is true of it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from drivelabel.cli.commands._options import JsonOption
from drivelabel.cli.output import count, say, say_json

if TYPE_CHECKING:
    from drivelabel.simulate.blender import BlenderRenderer


def simulate(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The scene to make: a folder.")],
    seconds: Annotated[float, typer.Option("--seconds", help="Of the drive.")] = 10.0,
    cameras: Annotated[int, typer.Option("--cameras", help="How many of the six of the rig.")] = 6,
    image_size: Annotated[str, typer.Option("--image-size", help="Width and height.")] = "1600x900",
    seed: Annotated[int, typer.Option("--seed", help="Everything follows from it.")] = 0,
    style: Annotated[
        Literal["city", "suburb", "highway"], typer.Option("--style", help="What road it is on.")
    ] = "city",
    weather: Annotated[
        Literal["clear", "cloudy", "rain", "fog"], typer.Option("--weather", help="Of the whole drive.")
    ] = "clear",
    night: Annotated[bool, typer.Option("--night", help="By street lamps and headlights.")] = False,
    no_lidar: Annotated[bool, typer.Option("--no-lidar", help="Cameras only.")] = False,
    rig: Annotated[
        Path | None, typer.Option("--rig", help="A JSON file of sensors; see docs/simulate.md.")
    ] = None,
    camera_hz: Annotated[float | None, typer.Option("--camera-hz", help="Images a second; else 2.")] = None,
    lidar_hz: Annotated[float | None, typer.Option("--lidar-hz", help="Turns a second; else 10.")] = None,
    image_format: Annotated[
        Literal["jpg", "png"], typer.Option("--image-format", help="Of the files.")
    ] = "jpg",
    threads: Annotated[int, typer.Option("--threads", help="That draw; 0 for all cores.")] = 0,
    renderer: Annotated[
        Literal["own", "blender"], typer.Option("--renderer", help="What draws the pictures.")
    ] = "own",
    blender_python: Annotated[
        str | None,
        typer.Option("--blender-python", help="A Python with bpy; else that of DRIVELABEL_BLENDER_PYTHON."),
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", help="Light paths per pixel, for Blender; else 32.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a drive with exact truth of every kind, in a layer called truth."""
    import os

    from drivelabel.cli.interrupt import interruptible
    from drivelabel.cli.progress import Progress
    from drivelabel.pipeline.simulate import simulate as run
    from drivelabel.simulate import SimulateSettings, Simulation, WorldSettings, default_rig, read_rig

    threads = threads or os.cpu_count() or 1
    blender = _blender(blender_python, samples, threads, wanted=renderer == "blender")
    sensors = read_rig(rig) if rig is not None else default_rig(cameras).at_size(_size(image_size))
    if no_lidar:
        sensors = sensors.without_lidars()
    settings = SimulateSettings(
        WorldSettings(seed, seconds, style, night=night),
        sensors.at_rates(camera_hz, lidar_hz),
        weather,
        image_format,
        threads=threads,
    )
    with (
        interruptible(f"Nothing was written to {out}; run the same command again."),
        Progress("simulate", "frames and sweeps", quiet=as_json) as progress,
    ):
        drawn = Simulation.run if blender is None else blender.run
        report = run(settings, out, progress=progress, renderer=drawn)
    if as_json:
        say_json(asdict(report) | ({} if blender is None else _of_blender(blender)))
        return
    parts = [count(report.frames, "frame"), count(report.sweeps, "lidar sweep")]
    parts += [f"{kind} {number:,}" for kind, number in report.rows.items()]
    say(f"{out}: {', '.join(parts)}; {report.things:,} things, {report.seconds:.1f} s")
    if blender is not None and blender.seconds:
        seconds, things = _of_blender(blender)["blender_seconds_a_frame"], blender.agreement
        say(
            f"Blender: {seconds:.1f} s a frame; it shows other things than the truth in {things.differ:,} of "
            f"{things.pixels:,} pixels, {things.differ_inner:,} of them beside no border"
        )


def _blender(
    python: str | None, samples: int | None, threads: int, *, wanted: bool
) -> BlenderRenderer | None:
    """Blender, if it is asked for."""
    from drivelabel.errors import InvalidLabelError
    from drivelabel.simulate.blender import BlenderRenderer, BlenderSettings

    if wanted:
        settings = BlenderSettings(python, threads=threads)
        return BlenderRenderer(settings if samples is None else replace(settings, samples=samples))
    for name, value in (("--blender-python", python), ("--samples", samples)):
        if value is not None:
            raise InvalidLabelError(f"{name}: goes with --renderer blender only. Add that, or leave it out.")
    return None


def _of_blender(blender: BlenderRenderer) -> dict[str, float]:
    """How long Blender took and how well its pictures go with the truth."""
    n = max(1, len(blender.seconds))
    return {
        "blender_seconds_a_frame": sum(blender.seconds) / n,
        "same_pixels": blender.agreement.share,
        "same_inner_pixels": blender.agreement.inner_share,
    }


def _size(text: str) -> tuple[int, int]:
    """Height and width of ``1600x900``."""
    from drivelabel.errors import InvalidLabelError

    width, _, height = text.lower().partition("x")
    if not (
        width.isdecimal() and height.isdecimal() and 16 <= int(width) <= 16384 and 16 <= int(height) <= 16384
    ):
        raise InvalidLabelError(
            f"--image-size: expected width x height from 16 to 16384, such as 1600x900, got {text!r}."
        )
    return int(height), int(width)
