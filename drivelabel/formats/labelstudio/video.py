"""Label Studio's video rectangles as a scene of one camera."""

from __future__ import annotations

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.labelstudio.regions import Region
from drivelabel.formats.labelstudio.rows import rectangle
from drivelabel.formats.report import Tally
from drivelabel.formats.sequences import DEFAULT_HZ, MAX_FRAMES
from drivelabel.labels import IMPORTED, INTERPOLATED, Attributes, Boxes2D, Grouped, Taxonomy
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Layer, Scene, Source
from drivelabel.typing import FloatArray

_At = tuple[int, FloatArray, bool]
"""Frame from 0, xyxy in pixels, whether the box is shown from here on."""


def read_video(
    where: str, name: str, regions: list[Region], taxonomy: Taxonomy, layer: str, hz: float, tally: Tally
) -> Scene:
    """A scene from the boxes of one video; between keyframes they move on straight lines.

    Raises:
        FormatError: a sequence breaks a rule, or nothing tells the size of the pictures.
    """
    tracks = [region for region in regions if region.kind == "video"]
    tally.drop("results", "shapes", len(regions) - len(tracks), "only boxes have a place in videos")
    hw = next((region.size_hw for region in tracks if min(region.size_hw) > 0), None)
    if hw is None:
        raise FormatError(f"{where}: no original_width and original_height tell the size of the pictures.")
    n_frames, hz = _length(where, tracks, hz)
    rows: list[tuple[int, int, FloatArray, int]] = []
    for track, region in enumerate(tracks):
        for frame, xyxy, origin in _everywhere(_keyframes(region, hw, tally), n_frames):
            rows.append((frame, track, xyxy, origin))
    rows.sort(key=lambda row: (row[0], row[1]))
    counts = np.bincount(np.asarray([row[0] for row in rows], np.int64), minlength=n_frames)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    table = Grouped(_boxes(rows, tracks, taxonomy), offsets, np.ones(n_frames, np.bool_))
    tally.keep("boxes2d", "", len(rows))
    numbers = np.arange(n_frames, dtype=np.int32)
    frames = Frames(
        timestamp_ns=np.round(numbers * (1e9 / hz)).astype(np.int64),
        sensor=np.zeros(n_frames, np.int32),
        source=np.zeros(n_frames, np.int32),
        source_index=numbers,
        sample=np.full(n_frames, NO_SAMPLE, np.int32),
    )
    return Scene(
        name=name.rsplit("/", 1)[-1] or "video",
        sensors=(Camera("cam_front", hw),),
        taxonomy=taxonomy,
        frames=frames,
        sources=(Source(name, "video"),),
        layers={layer: Layer(layer, taxonomy, tables={"boxes2d": table})},
        info={"format": "labelstudio", "hz": hz},
    )


def _length(where: str, tracks: list[Region], hz: float) -> tuple[int, float]:
    counts = [region.value.integer("framesCount", 0) for region in tracks]
    last = [item.integer("frame") for region in tracks for item in region.value.objects("sequence")]
    n_frames = max([*counts, *last, 1])
    if not 0 < n_frames <= MAX_FRAMES or min([*counts, 0]) < 0:
        raise FormatError(f"{where}: expected 1 to {MAX_FRAMES} frames, got {n_frames}.")
    duration = max([region.value.number("duration", 0.0) for region in tracks], default=0.0)
    if hz <= 0:
        hz = n_frames / duration if duration > 0 else DEFAULT_HZ
    if not 0 < hz <= 1e5:
        raise FormatError(f"{where}: expected frames a second above 0, got {hz:g}.")
    return n_frames, hz


def _keyframes(region: Region, hw: tuple[int, int], tally: Tally) -> list[_At]:
    found: list[_At] = []
    for item in region.value.objects("sequence"):
        frame = item.integer("frame")
        if not 1 <= frame <= MAX_FRAMES:
            raise FormatError(f"{item.where}: frame: expected 1 or more, got {frame}.")
        turned = int(item.number("rotation", 0.0) != 0)
        tally.drop("boxes2d", "rotation", turned, "boxes are upright in videos")
        found.append((frame - 1, rectangle(item, hw), item.flag("enabled", True)))
    found.sort(key=lambda entry: entry[0])
    numbers = [entry[0] for entry in found]
    if len(set(numbers)) != len(numbers):
        raise FormatError(f"{region.value.where}: sequence: a frame occurs twice.")
    return found


def _everywhere(at: list[_At], n_frames: int) -> list[tuple[int, FloatArray, int]]:
    """Frame, box and origin wherever the thing is shown: until a keyframe that is not enabled, or the end."""
    rows = []
    for place, (frame, xyxy, shown) in enumerate(at):
        rows.append((frame, xyxy, IMPORTED))
        if not shown:
            continue
        after = at[place + 1] if place + 1 < len(at) else None
        stop = after[0] if after is not None else n_frames
        for between in range(frame + 1, stop):
            share = 0.0 if after is None else (between - frame) / (after[0] - frame)
            to = xyxy if after is None else after[1]
            rows.append((between, xyxy + share * (to - xyxy), INTERPOLATED))
    return rows


def _boxes(rows: list[tuple[int, int, FloatArray, int]], tracks: list[Region], taxonomy: Taxonomy) -> Boxes2D:
    if not rows:
        return Boxes2D.empty()
    of_row = [tracks[row[1]] for row in rows]
    return Boxes2D(
        xyxy=np.stack([row[2] for row in rows]).astype(np.float32),
        category_id=taxonomy.ids_of(region.label for region in of_row),
        score=np.asarray([region.score for region in of_row], np.float32),
        track_id=np.asarray([_track_id(tracks[row[1]], row[1]) for row in rows], np.int64),
        origin=np.asarray([row[3] for row in rows], np.uint8),
        attributes=Attributes.from_rows([region.facts for region in of_row]),
    )


def _track_id(region: Region, row: int) -> int:
    """The number in an id that we wrote, else the row of the region."""
    head, _, number = region.ident.partition("-")
    return int(number) if head == "track" and number.isdecimal() and len(number) < 18 else row


def track_ident(track_id: int) -> str:
    """The id of a region that says a track's number."""
    return f"track-{track_id}"
