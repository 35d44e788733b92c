"""One drive out of a folder that may hold several."""

from __future__ import annotations

from pathlib import Path

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, StoreError


def picked_scene(path: Path, names: list[str], scene: str | None, kind: str, expected: str) -> Path:
    """Where the named drive is, or the only one.

    Args:
        path: the folder.
        names: of the drives in it, as paths below it; ``.`` for the folder itself.
        scene: which one was asked for.
        kind: what the format calls a drive: ``log``, ``sequence``, ...
        expected: what would have been there, for the error.

    Raises:
        StoreError: there is no such folder.
        FormatError: it holds none, or several and none is named, or the named one is not there.
    """
    if not path.is_dir():
        raise StoreError(f"{path}: no such file or folder.")
    if not names:
        raise FormatError(f"{path}: expected {expected}, found none.")
    if scene is not None and scene not in names:
        raise FormatError(f"{path}: no {kind} {scene!r}.{did_you_mean(scene, names)}")
    if scene is None and len(names) > 1:
        more = ", ..." if len(names) > 5 else ""
        raise FormatError(
            f"{path}: has {len(names)} {kind}s. Name one as scene: {', '.join(names[:5])}{more}."
        )
    return path / (scene or names[0])
