"""The tracks of one camera as CVAT's XML for video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from drivelabel.formats.cvat.read import FILE
from drivelabel.formats.cvat.shapes import ShapeWriter, labels_element, text_of
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.pictures import Pictures, same_objects
from drivelabel.formats.report import Tally
from drivelabel.formats.sequences import Sequence
from drivelabel.geometry import fewest_keyframes
from drivelabel.labels import INTERPOLATED, NO_TRACK


@dataclass(slots=True)
class _Track:
    """One thing of one kind: where it is, as rows of tables."""

    label: int
    at: list[tuple[int, Any, int]] = field(default_factory=list)


def write_tracks(
    folder: Path,
    pictures: Pictures,
    sequence: Sequence,
    images: ImagesMode,
    keyframe_iou: float,
    tally: Tally,
) -> None:
    """Write ``FOLDER/annotations.xml`` and, when asked, the frames into ``images``."""
    folder.mkdir(parents=True, exist_ok=True)
    root = ElementTree.Element("annotations")
    SubElement(root, "version").text = "1.1"
    meta = SubElement(root, "meta")
    items = [pictures.items[row] for row in sequence.pictures]
    with ImageFiles(pictures, folder / "images", images, tally) as files:
        for number, picture in enumerate(items):
            files.place(picture, name=f"frame_{number:06d}")
    task = SubElement(meta, "task")
    for name, text in {
        "name": text_of(sequence.name, tally), "size": str(len(items)), "mode": "interpolation",
        "start_frame": "0", "stop_frame": str(len(items) - 1), "frame_filter": "",
    }.items():  # fmt: skip
        SubElement(task, name).text = text
    size = SubElement(task, "original_size")
    SubElement(size, "width").text, SubElement(size, "height").text = map(str, items[0].image_hw[::-1])
    task.append(labels_element(pictures, tally))
    writer = ShapeWriter(pictures, tally)
    makers: dict[str, Callable[[Any, int], Element]] = {
        "boxes2d": writer.box, "traffic_lights": writer.light, "polygons": writer.polygon,
        "lane_lines": writer.line, "keypoints": writer.points,
    }  # fmt: skip
    ident = _Idents()
    for kind, make in makers.items():
        for track_id, track in _tracks(pictures, sequence, kind, tally).items():
            element = SubElement(root, "track", {
                "id": str(ident.of(track_id)), "label": text_of(pictures.taxonomy.names[track.label], tally),
            })  # fmt: skip
            _write_track(element, track, make, len(items), keyframe_iou, tally)
    tally.drop("boxes2d", "track_id", ident.renamed, "CVAT has one kind of shape a track")
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(folder / FILE, encoding="utf-8", xml_declaration=True)


@dataclass(slots=True)
class _Idents:
    """Ids of tracks: a thing keeps its own where it can; loose shapes get new ones."""

    _used: set[int] = field(default_factory=set)
    renamed: int = 0

    def of(self, key: tuple[int, int]) -> int:
        track_id = key[0]
        if track_id >= 0 and track_id not in self._used:
            self._used.add(track_id)
            return track_id
        self.renamed += track_id >= 0
        new = max(self._used, default=-1) + 1
        self._used.add(new)
        return new


def _tracks(pictures: Pictures, sequence: Sequence, kind: str, tally: Tally) -> dict[tuple[int, int], _Track]:
    """Things of one kind, by track id and a running number: a thing that changes its class starts anew."""
    found: dict[tuple[int, int], _Track] = {}
    loose = 0
    current: dict[int, tuple[int, int]] = {}
    for number, picture_row in enumerate(sequence.pictures):
        picture = pictures.items[picture_row]
        table = pictures.table(kind, picture)
        if table is None:
            continue
        if kind == "boxes2d":
            doubles = same_objects(table, pictures.table("traffic_lights", picture))
            tally.keep("boxes2d", "", int(doubles.sum()), "written once, with the traffic light")
            table = table[~doubles]
        for row in range(len(table)):
            track_id, label = int(table.track_id[row]), int(table.category_id[row])
            key = current.get(track_id, (track_id, 0))
            taken = key in found and (found[key].label != label or found[key].at[-1][0] == number)
            if track_id == NO_TRACK or taken:
                loose += 1
                key = (track_id, loose)
                current[track_id] = key
            found.setdefault(key, _Track(label)).at.append((number, table, row))
    return found


def _write_track(
    element: Element,
    track: _Track,
    make: Callable[[Any, int], Element],
    n_frames: int,
    iou: float,
    tally: Tally,
) -> None:
    """The shapes of a track, stretch by stretch; after each stretch it is outside."""
    numbers = np.array([number for number, _, _ in track.at])
    stretches = np.split(np.arange(len(numbers)), np.flatnonzero(np.diff(numbers) > 1) + 1)
    for stretch in stretches:
        rows = [track.at[k] for k in stretch.tolist()]
        keep = _keyframes(rows, iou)
        _count_origins(rows, keep, tally)
        for (number, table, row), is_key in zip(rows, keep, strict=True):
            shape = make(table, row)
            shape.attrib |= {"frame": str(number), "outside": "0", "keyframe": str(int(is_key))}
            shape.attrib.pop("label", None)
            element.append(shape)
        last, table, row = rows[-1]
        if last + 1 < n_frames:
            end = make(table, row)
            end.attrib |= {"frame": str(last + 1), "outside": "1", "keyframe": "1"}
            end.attrib.pop("label", None)
            element.append(end)


def _count_origins(rows: list[tuple[int, Any, int]], keep: list[bool], tally: Tally) -> None:
    """CVAT knows keyframes and what lies between: rows whose origin says something else lose it."""
    kind = type(rows[0][1]).KIND
    told = [
        (int(table.origin[row]) == INTERPOLATED) != is_key
        for (_, table, row), is_key in zip(rows, keep, strict=True)
    ]
    tally.drop(
        kind, "origin", told.count(False), "keyframes come back as imported, the others as interpolated"
    )


def _keyframes(rows: list[tuple[int, Any, int]], iou: float) -> list[bool]:
    """Which shapes of a stretch are keyframes: of boxes as few as meet the rest, else all set by hand."""
    table = rows[0][1]
    if not hasattr(table, "xyxy"):
        own = [int(t.origin[r]) != INTERPOLATED for _, t, r in rows]
        own[0] = own[-1] = True
        return own
    facts = [t.attributes.row(r) for _, t, r in rows]
    changed = [k == 0 or facts[k] != facts[k - 1] for k in range(len(rows))]
    xyxy = np.stack([t.xyxy[r] for _, t, r in rows]).astype(np.float64)
    kept = fewest_keyframes(
        np.array([number for number, _, _ in rows]), xyxy, fixed=np.array(changed), min_iou=iou
    )
    return [bool(flag) for flag in kept]
