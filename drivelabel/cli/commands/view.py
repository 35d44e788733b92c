"""drivelabel view: a scene in the Rerun viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivelabel.cli.commands._options import JsonOption, SceneArgument
from drivelabel.cli.output import count, say, say_json


def view(
    scene: SceneArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write an .rrd file instead of opening the viewer.")
    ] = None,
    layer: Annotated[list[str] | None, typer.Option("--layer", help="Whose labels; else all layers.")] = None,
    start: Annotated[int, typer.Option("--start", min=0, help="First frame of each camera.")] = 0,
    stop: Annotated[int | None, typer.Option("--stop", min=1, help="Frame to stop before.")] = None,
    max_width: Annotated[
        int, typer.Option("--max-width", min=64, help="Larger images are made smaller than this.")
    ] = 1280,
    as_json: JsonOption = False,
) -> None:
    """Open a scene in Rerun, or write an .rrd file."""
    from drivelabel.cli.interrupt import interruptible
    from drivelabel.cli.progress import Progress
    from drivelabel.media.rerun_view import write_rerun
    from drivelabel.storage import open_scene

    opened = open_scene(scene)
    kept = f"{out} was not written; run the same command again." if out else "The scene is unchanged."
    with interruptible(kept), Progress("view", "frames", quiet=as_json) as progress:
        n_frames = write_rerun(
            opened, out, layers=layer, start=start, stop=stop, max_width=max_width, on_progress=progress
        )
    if as_json:
        say_json({"scene": scene, "out": out, "frames": n_frames})
    elif out is not None:
        say(f"{out}: {count(n_frames, 'frame')}. Open it with: rerun {out}")
    else:
        say(f"{scene}: {count(n_frames, 'frame')} sent to the viewer")
