"""What readers and writers of one-camera sequences share: frames, sizes, and their times."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import read_text, safe_join, safe_name
from drivelabel.formats.pictures import Picture, Pictures
from drivelabel.media.images import IMAGE_SUFFIXES, natural_key, read_image_header
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Layer, Scene, Source

MAX_FRAMES = 1_000_000
DEFAULT_HZ = 30.0


@dataclass(frozen=True, slots=True)
class SequenceInfo:
    """What a ``seqinfo.ini`` says.

    Attributes:
        name: of the sequence.
        hz: frames a second.
        n_frames: 0 when not told.
        image_hw: None when not told.
        image_folder: below the sequence's folder.
        suffix: of image files.
    """

    name: str
    hz: float = DEFAULT_HZ
    n_frames: int = 0
    image_hw: tuple[int, int] | None = None
    image_folder: str = "img1"
    suffix: str = ".jpg"


def read_seqinfo(folder: Path) -> SequenceInfo:
    """The ``seqinfo.ini`` of a sequence's folder; defaults where there is none.

    Raises:
        FormatError: a value is of the wrong kind or out of range.
    """
    file = folder / "seqinfo.ini"
    if not file.is_file():
        return SequenceInfo(folder.name)
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(read_text(file, max_bytes=1 << 20), source=str(file))
        values = {key.lower(): value for section in parser.sections() for key, value in parser.items(section)}
        size = (int(values.get("imheight", 0)), int(values.get("imwidth", 0)))
        hz, n_frames = float(values.get("framerate", DEFAULT_HZ)), int(values.get("seqlength", 0))
    except (configparser.Error, ValueError) as error:
        raise FormatError(f"{file}: {str(error).splitlines()[0]}.") from None
    if not (0 < hz <= 1e5 and 0 <= n_frames <= MAX_FRAMES and min(size) >= 0):
        raise FormatError(f"{file}: expected a frame rate, length and size in a sensible range.")
    return SequenceInfo(
        name=values.get("name", folder.name) or folder.name,
        hz=hz,
        n_frames=n_frames,
        image_hw=size if min(size) > 0 else None,
        image_folder=values.get("imdir", "img1"),
        suffix=values.get("imext", ".jpg"),
    )


def seqinfo_text(info: SequenceInfo) -> str:
    """The text of a ``seqinfo.ini``."""
    height, width = info.image_hw or (0, 0)
    return (
        f"[Sequence]\nname={info.name}\nimDir={info.image_folder}\nframeRate={info.hz:.9g}\n"
        f"seqLength={info.n_frames}\nimWidth={width}\nimHeight={height}\nimExt={info.suffix}\n"
    )


def sequence_images(folder: Path, info: SequenceInfo) -> list[Path]:
    """The sequence's image files, in natural order; none when the folder is not there."""
    home = safe_join(folder, info.image_folder) if info.image_folder else folder
    if not home.is_dir():
        return []
    files = [file for file in home.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES]
    return sorted(files, key=lambda file: natural_key(file.name))


def sequence_scene(
    folder: Path,
    info: SequenceInfo,
    n_frames: int,
    fallback_hw: tuple[int, int],
    layer: Layer,
) -> Scene:
    """A scene of one camera and a steady frame rate.

    Frames are named as the format would name them where no image is there.

    Raises:
        FormatError: there are more frames than a sequence may have.
        StoreError: an image is damaged.
    """
    images = sequence_images(folder, info)
    if not 0 < n_frames <= MAX_FRAMES:
        raise FormatError(f"{folder}: expected 1 to {MAX_FRAMES} frames, got {n_frames}.")
    hw = info.image_hw or (read_image_header(images[0]).image_hw if images else fallback_hw)
    sources = [
        Source(images[row].relative_to(folder).as_posix(), "image", n_bytes=images[row].stat().st_size)
        if row < len(images)
        else Source(f"{info.image_folder}/{row + 1:06d}{info.suffix}", "image")
        for row in range(n_frames)
    ]
    rows = np.arange(n_frames)
    frames = Frames(
        timestamp_ns=np.round(rows * (1e9 / info.hz)).astype(np.int64),
        sensor=np.zeros(n_frames, np.int32),
        source=rows.astype(np.int32),
        source_index=np.zeros(n_frames, np.int32),
        sample=np.full(n_frames, NO_SAMPLE, np.int32),
    )
    return Scene(
        name=info.name,
        sensors=(Camera("cam_front", hw),),
        taxonomy=layer.taxonomy,
        frames=frames,
        sources=tuple(sources),
        layers={layer.name: layer},
        root=str(folder),
        info={"hz": info.hz},
    )


@dataclass(frozen=True, slots=True)
class Sequence:
    """The pictures of one camera of one scene, in order of time.

    Attributes:
        name: of the folder or file: the scene's, with the camera's where it has several.
        pictures: rows of :class:`Pictures`.
        hz: frames a second, from the middle step; 30 for a single picture.
        jitter_ns: how far a picture's time is from a steady rate, at most.
    """

    name: str
    pictures: tuple[int, ...]
    hz: float
    jitter_ns: float


def sequences_of(pictures: Pictures) -> list[Sequence]:
    """The pictures by scene and camera; those of an image set are one sequence, in their order."""
    groups: dict[tuple[int, str], list[int]] = {}
    for row, picture in enumerate(pictures.items):
        groups.setdefault((picture.data, picture.camera), []).append(row)
    n_cameras = {data: sum(key[0] == data for key in groups) for data, _ in groups}
    found = []
    for (data, camera), rows in groups.items():
        name = safe_sequence_name(pictures, pictures.items[rows[0]])
        full = f"{name}_{camera}" if n_cameras[data] > 1 and camera else name
        hz, jitter_ns = _rate([pictures.items[row] for row in rows])
        found.append(Sequence(full, tuple(rows), hz, jitter_ns))
    return found


def safe_sequence_name(pictures: Pictures, picture: Picture) -> str:
    """The scene's name as a part of a path."""
    return safe_name(pictures.data[picture.data].name)


def _rate(items: list[Picture]) -> tuple[float, float]:
    times = [picture.timestamp_ns for picture in items if picture.timestamp_ns is not None]
    if len(times) < 2:
        return DEFAULT_HZ, 0.0
    since = np.asarray(times, np.float64) - times[0]
    hz = 1e9 / float(np.median(np.diff(since)))
    rounded = round(hz, 6)
    steady = np.round(np.arange(len(times)) * (1e9 / rounded))
    return rounded, float(np.abs(since - steady).max())
