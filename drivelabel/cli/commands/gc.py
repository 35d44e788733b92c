"""drivelabel gc: free what no commit of a scene uses."""

from __future__ import annotations

from typing import Annotated

import typer

from drivelabel.cli.commands._options import JsonOption, SceneArgument
from drivelabel.cli.output import say, say_json


def gc(
    scene: SceneArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much it would be.")] = False,
    compact: Annotated[
        float | None,
        typer.Option(metavar="DAYS", min=1, help="First give up models' commits older than this many days."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Remove what no commit uses and what is older than a day. People's commits always stay."""
    from drivelabel.storage import collect_garbage, compact_history

    given_up = 0 if compact is None or dry_run else compact_history(scene, keep_days=compact)
    freed = collect_garbage(scene, dry_run=dry_run)
    if as_json:
        say_json(
            {
                "scene": scene, "commits_given_up": given_up, "files": freed.n_files,
                "bytes": freed.n_bytes, "dry_run": dry_run,
            }
        )  # fmt: skip
        return
    verb = "would be" if dry_run else "were"
    say(
        f"{scene}: {freed.n_files} files, {freed.n_bytes / 1e6:.1f} MB {verb} freed; "
        f"{given_up} commits given up"
    )
