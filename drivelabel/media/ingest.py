"""A recording of any known kind as a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, StoreError
from drivelabel.media._sources import IngestOptions
from drivelabel.media.comma2k19 import ingest_comma2k19, is_comma2k19
from drivelabel.media.image_folder import image_files, ingest_images
from drivelabel.media.images import IMAGE_SUFFIXES
from drivelabel.media.pandaset import ingest_pandaset, is_pandaset
from drivelabel.media.video import OnInvalid
from drivelabel.media.video_file import ingest_video
from drivelabel.scene import Scene


@dataclass(frozen=True, slots=True)
class _Reader:
    looks_like: str
    matches: Callable[[Path], bool]
    ingest: Callable[[Path, IngestOptions], Scene]


READERS: dict[str, _Reader] = {
    "pandaset": _Reader(
        "a folder with lidar/poses.json and camera/ (PandaSet)", is_pandaset, ingest_pandaset
    ),
    "comma2k19": _Reader("a folder with global_pose/ (comma2k19)", is_comma2k19, ingest_comma2k19),
    "images": _Reader(
        "a folder of images, or one image",
        lambda path: path.suffix.lower() in IMAGE_SUFFIXES if path.is_file() else bool(image_files(path)),
        ingest_images,
    ),
    "video": _Reader("a video file", lambda path: path.is_file(), ingest_video),
}
"""Formats in the order in which ``auto`` tries them."""


def ingest(
    source: str | Path,
    format: str = "auto",
    *,
    name: str | None = None,
    hz: float | None = None,
    on_invalid: OnInvalid = "error",
    channel: str = "cam_front",
    start_ns: int = 0,
    hash_files: bool = True,
) -> Scene:
    """A scene of a recording: a video, a folder of images, or a log of a known data set.

    Nothing is copied: images, videos and sweeps are referenced by absolute path, size and sha256.

    Args:
        source: the file or folder.
        format: one of READERS, or ``auto`` to find it by looking.
        name: of the log; the file's or folder's name when None.
        hz: images a second of a folder; when given, it wins over names and EXIF.
        on_invalid: ``error`` refuses damaged input; ``skip`` leaves it out and says so in ``scene.info``.
        channel: what the camera of a plain video or image folder is called.
        start_ns: time of the first frame where the input tells none, nanoseconds since 1970.
        hash_files: whether to take the sha256 of every source.

    Raises:
        StoreError: the source is missing or damaged.
        FormatError: the source is of no known kind, or holds what a scene cannot.
        InvalidLabelError: time goes backwards, or another rule of a scene is broken.
    """
    path = Path(source)
    if on_invalid not in ("error", "skip"):
        raise FormatError(f"on_invalid: expected error or skip, got {on_invalid!r}.")
    if format != "auto" and format not in READERS:
        raise FormatError(f"format: there is no reader {format!r}.{did_you_mean(format, READERS)}")
    if not path.exists():
        raise StoreError(f"{path}: no such file or folder.")
    options = IngestOptions(name, hz, on_invalid, channel, start_ns, hash_files)
    chosen = detect_format(path) if format == "auto" else format
    return READERS[chosen].ingest(path.resolve(), options)


def detect_format(path: Path) -> str:
    """The format of a recording, by looking at what is there.

    Raises:
        FormatError: it is of no known kind; the message lists what was looked for.
    """
    for name, reader in READERS.items():
        if reader.matches(path):
            return name
    looked_for = "; ".join(f"{reader.looks_like} [{name}]" for name, reader in READERS.items())
    raise FormatError(f"{path}: no known kind of recording. Looked for {looked_for}.")
