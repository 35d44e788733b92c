"""The file that names a local scene's newest commit, and putting it right."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from drivelabel.storage._place import Place
from drivelabel.storage._runtime import plain_errors

STRAY = re.compile(r".+#\d+")
"""Names of the files that Icechunk writes before it renames them; one that stays was a writer's who died."""


def branch_file(place: Place, branch: str) -> Path:
    """The file of a branch."""
    assert place.folder is not None, "only local scenes have one"
    return place.folder / "repo" / "refs" / f"branch.{branch}" / "ref.json"


def write_branch(place: Place, branch: str, snapshot: str) -> None:
    """Have the branch name a snapshot: written aside, synced, renamed."""
    path = branch_file(place, branch)
    with plain_errors(place.name):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name("ref.json.new")
        with aside.open("w", encoding="ascii") as file:
            file.write(json.dumps({"snapshot": snapshot}))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    place.sync()


def strays(place: Place) -> Iterator[Path]:
    """Temporary files that writers left when they died."""
    if place.folder is not None:
        for path in sorted((place.folder / "repo").rglob("*")):
            if STRAY.fullmatch(path.name) and path.is_file():
                yield path
        for name in ("heads.log.new", "repo/refs/branch.main/ref.json.new"):
            if (place.folder / name).exists():
                yield place.folder / name


def candidates(place: Place) -> list[str]:
    """Snapshots that the branch may be put back to, the newest first: from heads.log, then from the files."""
    assert place.folder is not None, "only local scenes have one"
    noted = place.heads.read()[::-1] if place.heads is not None else []
    files = place.folder / "repo" / "snapshots"
    by_age = sorted(files.glob("*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    names = (path.name for path in by_age if not STRAY.fullmatch(path.name))
    return list(dict.fromkeys([*noted, *names]))
