"""Finding weight files: in the person's folder, in the cache, or by download; always whole."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from drivelabel._check import did_you_mean
from drivelabel.errors import StoreError
from drivelabel.models.download import download
from drivelabel.models.known import KNOWN, WeightFile

MODELS_VARIABLE = "DRIVELABEL_MODELS"
"""The environment variable that names a folder with weight files."""

OFFLINE_VARIABLE = "DRIVELABEL_OFFLINE"
"""Set to anything but ``0``, nothing is downloaded."""


def find_weights(name_or_path: str | Path, *, offline: bool | None = None) -> Path:
    """Where a weight file lies; a known one is fetched when it is nowhere yet.

    A known name is looked for in `$DRIVELABEL_MODELS`, then in the cache, then downloaded into the
    cache, and its bytes are compared with the published ones. Anything else is taken as the path of a
    file that the caller answers for.

    Args:
        name_or_path: a name of KNOWN, with or without ``.onnx``, or a path.
        offline: download nothing; None reads `$DRIVELABEL_OFFLINE`.

    Raises:
        StoreError: the file is missing, altered, or cannot be downloaded; the text names all places.
    """
    known = _known(name_or_path)
    if known is None:
        return _given_file(name_or_path)
    for path in _places(known):
        if path.is_file():
            _check_whole(known, path)
            return path
    if offline is None:
        offline = os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0")
    if known.url is None or offline:
        raise StoreError(_missing_text(known, offline))
    try:
        return download(known.url, cache_folder() / known.name, known.sha256, known.n_bytes)
    except StoreError as error:
        raise StoreError(f"{_missing_text(known, offline)} The download failed: {error}") from error


def cache_folder() -> Path:
    """Where downloaded weights are kept for this user."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "drivelabel" / "models"


def models_folder() -> Path | None:
    """The folder that `$DRIVELABEL_MODELS` names, or None when it is not set."""
    folder = os.environ.get(MODELS_VARIABLE)
    return Path(folder) if folder else None


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error}).") from error


def _known(name_or_path: str | Path) -> WeightFile | None:
    if isinstance(name_or_path, Path):
        return None
    return KNOWN.get(name_or_path) or KNOWN.get(f"{name_or_path}.onnx")


def _given_file(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    raise StoreError(f"{path}: no such weight file, and no known name.{did_you_mean(str(path), KNOWN)}")


def _places(known: WeightFile) -> list[Path]:
    folders = (models_folder(), cache_folder())
    return [folder / known.name for folder in folders if folder is not None]


def _check_whole(known: WeightFile, path: Path) -> None:
    came = sha256_of(path)
    if came == known.sha256:
        return
    raise StoreError(
        f"{path}: altered or not the published file; expected sha256 {known.sha256} ({known.n_bytes} bytes), "
        f"got {came} ({path.stat().st_size} bytes). Delete it{_and_get(known)} Weights are looked for in "
        f"{_places_text(known)}. To use other weights, give their path."
    )


def _missing_text(known: WeightFile, offline: bool) -> str:
    why = " (not tried: offline)" if offline and known.url else ""
    return (
        f"{known.name}: not found in {_places_text(known)}{why}. "
        f"Put the file (sha256 {known.sha256[:12]}..., {known.n_bytes} bytes, from {known.source}) "
        f"into one of the two folders."
    )


def _places_text(known: WeightFile) -> str:
    folder = models_folder()
    first = f"${MODELS_VARIABLE} ({folder if folder else 'not set'})"
    return f"{first}, the cache ({cache_folder()}), or by download ({known.url or 'no address is known'})"


def _and_get(known: WeightFile) -> str:
    return " to download it anew." if known.url else f" and put the file of {known.source} there."
