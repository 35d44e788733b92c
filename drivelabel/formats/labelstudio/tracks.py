"""The tracks of one camera as a video task of Label Studio."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import numpy as np

from drivelabel.formats.labelstudio.regions import UNLABELLED
from drivelabel.formats.labelstudio.results import fact_result, percent_box, task_of
from drivelabel.formats.labelstudio.video import track_ident
from drivelabel.formats.pictures import Pictures
from drivelabel.formats.report import Tally
from drivelabel.formats.sequences import Sequence
from drivelabel.geometry import fewest_keyframes
from drivelabel.labels import INTERPOLATED, NO_TRACK, Boxes2D

_Row = tuple[int, Boxes2D, int]
"""Number of the frame, its boxes, and which of them."""


def video_task(
    pictures: Pictures,
    sequence: Sequence,
    ident: int,
    url_prefix: str,
    predictions: bool,
    keyframe_iou: float,
    tally: Tally,
) -> dict[str, Any]:
    """One task: a video and the boxes of its tracks, as keyframes."""
    items = [pictures.items[row] for row in sequence.pictures]
    late = sequence.jitter_ns / 1e6
    tally.approximate("frames", "timestamp_ns", int(late > 0), late, "ms", "frames of a steady rate")
    results: list[dict[str, Any]] = []
    for (track_id, label, number), rows in _tracks(pictures, sequence, tally).items():
        name = pictures.taxonomy.names[label]
        hw = items[0].image_hw
        common = {
            "id": track_ident(track_id) if number == 0 else f"region-{number}", "to_name": "video",
            "original_width": hw[1], "original_height": hw[0],
        }  # fmt: skip
        value = {
            "framesCount": len(items), "duration": len(items) / sequence.hz,
            "sequence": _sequence(rows, hw, len(items), sequence.hz, keyframe_iou, tally),
            "labels": [] if name == UNLABELLED else [name],
        }  # fmt: skip
        region: dict[str, Any] = {**common, "from_name": "box", "type": "videorectangle", "value": value}
        if predictions:
            region["score"] = float(np.mean([boxes.score[row] for _, boxes, row in rows]))
        results.append(region)
        results += [fact_result(common, key, fact) for key, fact in _facts(rows, tally).items()]
    media = items[0].source.path if items[0].source.kind != "image" else f"{sequence.name}.mp4"
    data = {"video": url_prefix + quote(media)}
    return task_of(ident, data, results, pictures, predictions)


def _tracks(pictures: Pictures, sequence: Sequence, tally: Tally) -> dict[tuple[int, int, int], list[_Row]]:
    """Rows by track and class; boxes without a track, and second ones in a frame, stand alone."""
    found: dict[tuple[int, int, int], list[_Row]] = {}
    loose = renamed = 0
    for number, picture_row in enumerate(sequence.pictures):
        boxes: Boxes2D | None = pictures.table("boxes2d", pictures.items[picture_row])
        if boxes is None:
            tally.drop("frames", "labelled", 1, "nobody looked at them, which a video task cannot say")
            continue
        for row in range(len(boxes)):
            track_id, label = int(boxes.track_id[row]), int(boxes.category_id[row])
            key = (track_id, label, 0)
            other = any(known[0] == track_id and known[1] != label for known in found)
            taken = key in found and found[key][-1][0] == number
            if track_id == NO_TRACK or taken or (other and key not in found):
                loose += 1
                renamed += track_id != NO_TRACK
                key = (track_id, label, loose)
            found.setdefault(key, []).append((number, boxes, row))
            tally.keep("boxes2d")
    tally.drop("boxes2d", "track_id", renamed, "a thing has one class and one box a frame")
    tally.drop("boxes2d", "track_id", loose - renamed, "boxes without a track get one")
    return found


def _sequence(
    rows: list[_Row], hw: tuple[int, int], n_frames: int, hz: float, iou: float, tally: Tally
) -> list[dict[str, Any]]:
    """The keyframes of a track: of each stretch as few as meet the rest; the last one ends it."""
    numbers = np.array([number for number, _, _ in rows])
    xyxy = np.stack([boxes.xyxy[row] for _, boxes, row in rows]).astype(np.float64)
    items: list[dict[str, Any]] = []
    for stretch in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(numbers) > 1) + 1):
        kept = fewest_keyframes(numbers[stretch], xyxy[stretch], min_iou=iou)
        _count(rows, stretch.tolist(), kept.tolist(), numbers, xyxy, tally)
        for at in stretch[kept].tolist():
            number = int(numbers[at])
            ends = at == stretch[-1] and number + 1 < n_frames
            items.append(
                {"frame": number + 1, "enabled": not ends, "time": number / hz, **percent_box(xyxy[at], hw)}
            )
    return items


def _count(
    rows: list[_Row], stretch: list[int], kept: list[bool], numbers: Any, xyxy: Any, tally: Tally
) -> None:
    """How far boxes between keyframes come back from where they were."""
    keys = [at for at, flag in zip(stretch, kept, strict=True) if flag]
    again = np.stack(
        [np.interp(numbers[stretch], numbers[keys], xyxy[keys, side]) for side in range(4)], axis=1
    )
    errors = np.abs(again - xyxy[stretch]).max(axis=1)
    off = errors > 1e-4
    tally.approximate("boxes2d", "xyxy", int(off.sum()), float(errors.max()), "px", "between keyframes")
    origins = [int(rows[at][1].origin[rows[at][2]]) for at in stretch]
    told = [(origin == INTERPOLATED) != flag for origin, flag in zip(origins, kept, strict=True)]
    tally.drop(
        "boxes2d", "origin", told.count(False), "keyframes come back as imported, others as interpolated"
    )


def _facts(rows: list[_Row], tally: Tally) -> dict[str, Any]:
    """The attributes of a track's first box; those that change later are counted."""
    first = rows[0][1].attributes.row(rows[0][2])
    for _, boxes, row in rows[1:]:
        here = boxes.attributes.row(row)
        for key in here.keys() | first.keys():
            if here.get(key) != first.get(key):
                tally.drop("boxes2d", f"attributes.{key}", 1, "a video region has one value for all frames")
    return first
