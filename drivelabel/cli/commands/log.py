"""drivelabel log and restore: a scene's history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from drivelabel.cli.commands._options import JsonOption, SceneArgument
from drivelabel.cli.output import say, say_json, table


def log(
    scene: SceneArgument,
    number: Annotated[
        int | None, typer.Option("-n", "--number", min=1, help="Show only this many, the newest first.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the history, the newest first."""
    from drivelabel.storage import SceneStore

    commits = SceneStore.open(scene).log()[:number]
    if as_json:
        say_json({"scene": scene, "commits": [_facts(commit) for commit in commits]})
        return
    rows = [
        (commit.id[:8], _when(commit.written_ns), commit.author, commit.command or "-", commit.message)
        for commit in commits
    ]
    say(table(("commit", "when", "author", "command", "what"), rows))


def restore(
    scene: SceneArgument,
    snapshot: Annotated[
        str, typer.Argument(metavar="COMMIT", help="A commit's id, the start of one, or HEAD~N.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Make an earlier state the newest one.

    It becomes a new commit; nothing of the history is lost.
    """
    from drivelabel.storage import SceneStore

    result = SceneStore.open(scene).restore(snapshot)
    if as_json:
        say_json({"scene": scene, "restored": snapshot, "commit": result.snapshot, "changed": result.changed})
    elif result.changed:
        say(f"{scene}: as it was at {snapshot}; this is commit {result.snapshot[:8]}")
    else:
        say(f"{scene}: is already as it was at {snapshot}")


def _facts(commit: Any) -> dict[str, Any]:
    names = ("id", "parent", "written_ns", "message", "author", "command", "parameters", "versions")
    return {name: getattr(commit, name) for name in names}


def _when(written_ns: int) -> str:
    return f"{datetime.fromtimestamp(written_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S}Z"
