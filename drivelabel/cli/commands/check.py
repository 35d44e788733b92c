"""drivelabel check: is everything that a scene stores as it was written?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from drivelabel.cli.commands._options import JsonOption, SceneArgument
from drivelabel.cli.output import say, say_json
from drivelabel.errors import CorruptSceneError


def check(
    scene: SceneArgument,
    fix: Annotated[
        bool, typer.Option("--fix", help="Put right what can be, and mark the rest as not labelled.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read everything that a scene stores and compare it with its checksums."""
    from drivelabel.storage import check_scene

    report = check_scene(scene, fix=fix)
    if as_json:
        damages = [_facts(damage) for damage in report.damages]
        say_json({"scene": scene, "commits": report.commits, "chunks": report.chunks, "damages": damages})
    else:
        for damage in report.damages:
            say(f"{damage.message}" + (f" -> {damage.fix}" if damage.fix else ""))
        say(f"{scene}: {report.commits} commits, {report.chunks} chunks read, {len(report.damages)} damages")
    left = [damage for damage in report.damages if not damage.fix]
    if left:
        hint = "They cannot be repaired." if fix else "Run it with --fix."
        raise CorruptSceneError(f"{scene}: {len(left)} damages. {hint}")


def _facts(damage: Any) -> dict[str, Any]:
    names = ("what", "message", "layer", "kind", "channel", "fix")
    facts = {name: getattr(damage, name) for name in names}
    return facts | {"groups": [damage.groups.start, damage.groups.stop]}
