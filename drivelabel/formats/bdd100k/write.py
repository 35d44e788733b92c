"""Scenes and image sets as Scalabel's JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.formats.aside import new_folder
from drivelabel.formats.bdd100k.labels import BOX_PIXELS, NAME, SHAPE, STYLE
from drivelabel.formats.bdd100k.read import FILE
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.losses import count_loose_masks, count_losses, count_unsaid, labelled_pictures
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of, same_objects
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.geometry import mask_to_rle
from drivelabel.labels import (
    ARROWS,
    LIGHT_STATES,
    LINE_STYLES,
    NO_TRACK,
    RELEVANCES,
    Boxes2D,
    InstanceMap,
    Keypoints,
)

_COLUMNS = {
    "boxes2d": {"xyxy"}, "polygons": {"points", "ring_sizes"}, "lane_lines": {"points", "style"},
    "keypoints": {"keypoints"}, "tags": {"attributes"},
    "traffic_lights": {"xyxy", "state", "arrow", "relevance"},
}  # fmt: skip
KINDS = frozenset({*_COLUMNS, "instance_map"})
_PERIOD_NS = 33_333_333


def write_bdd100k(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    overwrite: bool = False,
) -> ConversionReport:
    """Write ``OUT/labels.json`` in Scalabel's form: boxes, polygons, lines, skeletons and masks.

    Rows of one frame with one track and class are one label. Frames of a scene's camera are one video.

    Args:
        data: scenes or image sets.
        out: a folder.
        layer: whose labels.
        images: ``copy`` and ``link`` put images into ``OUT/images``.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        StoreError: `out` is there already or cannot be written, or an image is missing.
    """
    pictures = pictures_of(data, layer)
    tally = Tally()
    frames = []
    with new_folder(Path(out), overwrite=overwrite) as place:
        with ImageFiles(pictures, place / "images", images, tally) as files:
            rows = labelled_pictures(pictures, KINDS, tally)
            count_unsaid(pictures, rows, KINDS, tally)
            count_loose_masks(pictures, rows, tally)
            for row in rows:
                picture = pictures.items[row]
                tally.drop("images", "split", int(bool(picture.split)), "no place for splits")
                name = (
                    files.referenced(picture) if images == "reference" else f"images/{files.place(picture)}"
                )
                frames.append(_frame(pictures, picture, name, tally))
        categories = [{"name": name} for name in pictures.taxonomy.names]
        whole = {"frames": frames, "config": {"attributes": [], "categories": categories}}
        (place / FILE).write_text(json.dumps(whole, allow_nan=False), encoding="ascii")
    common = {"category_id", "attributes", "score", "track_id"}
    kept = {kind: columns | common for kind, columns in _COLUMNS.items()}
    count_losses(
        pictures, tally, kept, "Scalabel's labels have no place for it", masks={"instance_map"}, times=True
    )
    return tally.report("bdd100k", str(out))


def _frame(pictures: Pictures, picture: Picture, name: str, tally: Tally) -> dict[str, Any]:
    height, width = picture.image_hw
    frame: dict[str, Any] = {"name": name, "size": {"width": width, "height": height}}
    facts = _facts(pictures, picture, tally)
    if picture.timestamp_ns is not None:
        index = round(picture.timestamp_ns / _PERIOD_NS)
        off = abs(index * _PERIOD_NS - picture.timestamp_ns) / 1e6
        tally.approximate("frames", "timestamp_ns", int(off > 0), off, "ms", "frames of 30 a second")
        frame |= {
            "videoName": _video_name(pictures, picture),
            "frameIndex": index,
            "timestamp": round(picture.timestamp_ns / 1e6),
        }
    for key in ("videoName", "frameIndex", "timestamp", "url", "sensor"):
        if f"scalabel.{key}" in facts:
            frame[key] = facts.pop(f"scalabel.{key}")
    labels = _Labels(pictures, picture, tally)
    return frame | {"attributes": facts, "labels": labels.all()}


def _video_name(pictures: Pictures, picture: Picture) -> str:
    name = pictures.data[picture.data].name
    several = len({item.camera for item in pictures.items if item.data == picture.data}) > 1
    return f"{name}/{picture.camera}" if several else name


def _facts(pictures: Pictures, picture: Picture, tally: Tally) -> dict[str, Any]:
    tags = pictures.table("tags", picture)
    facts: dict[str, Any] = {}
    for row in range(0 if tags is None else len(tags)):
        for name, value in tags.attributes.row(row).items():
            tally.drop("tags", f"attributes.{name}", int(name in facts), "told before")
            facts.setdefault(name, value)
        tally.keep("tags")
    return facts


class _Labels:
    """The labels of one picture, joined by track and class."""

    def __init__(self, pictures: Pictures, picture: Picture, tally: Tally) -> None:
        self._pictures, self._picture, self._tally = pictures, picture, tally
        self._found: list[dict[str, Any]] = []
        self._by_track: dict[tuple[int, int], dict[str, Any]] = {}

    def all(self) -> list[dict[str, Any]]:
        lights = self._pictures.table("traffic_lights", self._picture)
        boxes = self._pictures.table("boxes2d", self._picture)
        if boxes is not None:
            doubles = same_objects(boxes, lights)
            self._tally.keep("boxes2d", "", int(doubles.sum()), "written once, with the traffic light")
            self._boxes(boxes[~doubles])
        self._polygons()
        self._lines()
        self._points()
        for row in range(0 if lights is None else len(lights)):
            label = self._label("box2d", lights, row)
            label["box2d"] = _box(lights.xyxy[row])
            label["attributes"] |= {
                "trafficLightColor": LIGHT_STATES[lights.state[row]], "arrow": ARROWS[lights.arrow[row]],
                "relevance": RELEVANCES[lights.relevance[row]],
            }  # fmt: skip
            self._tally.drop("traffic_lights", "", 1, "written as boxes with attributes")
        return self._found

    def _boxes(self, boxes: Boxes2D) -> None:
        layer, group = self._pictures.layer_of(self._picture), self._picture.group
        has_masks = layer.instance_maps is not None and group in layer.instance_maps
        instances: InstanceMap | None = layer.instance_map(group) if has_masks else None
        for row in range(len(boxes)):
            track_id = int(boxes.track_id[row])
            mask = None if instances is None or track_id == NO_TRACK else instances.mask(track_id)
            label = self._label("box2d", boxes, row)
            from_mask = boxes.attributes.row(row).get(SHAPE) == "mask"
            if mask is not None and mask.any():
                rle = mask_to_rle(mask)
                label["rle"] = {"counts": rle["counts"], "size": list(mask.shape)}
                self._tally.keep("instance_map")
            if not (from_mask and "rle" in label):
                label["box2d"] = _box(boxes.xyxy[row])
            self._tally.keep("boxes2d")

    def _polygons(self) -> None:
        polygons = self._pictures.table("polygons", self._picture)
        for row in range(0 if polygons is None else len(polygons)):
            label = self._label("poly2d", polygons, row)
            label["poly2d"] = [_outline(ring, True) for ring in polygons.rings(row)]
            self._tally.keep("polygons")

    def _lines(self) -> None:
        lines = self._pictures.table("lane_lines", self._picture)
        for row in range(0 if lines is None else len(lines)):
            label = self._label("poly2d", lines, row)
            label["poly2d"] = [_outline(lines.points[row], False)]
            style = LINE_STYLES[lines.style[row]]
            if style in ("solid", "dashed"):
                label["attributes"].setdefault(STYLE, style)
            else:
                self._tally.drop(
                    "lane_lines", "style", int(style != "unknown"), "BDD100K has solid and dashed"
                )
            self._tally.keep("lane_lines")

    def _points(self) -> None:
        skeletons: Keypoints | None = self._pictures.table("keypoints", self._picture)
        for row in range(0 if skeletons is None else len(skeletons)):
            assert skeletons is not None
            names = self._pictures.taxonomy.categories[skeletons.category_id[row]].skeleton
            points = skeletons.keypoints[row]
            if len(names) != len(points):
                self._tally.drop("keypoints", "", 1, "the class has no names for the points")
                continue
            nodes = [
                {
                    "location": [float(u), float(v)],
                    "category": name,
                    "visibility": "V" if seen == 2 else "N",
                    "id": name,
                }
                for name, (u, v, seen) in zip(names, points.tolist(), strict=True)
                if seen > 0
            ]
            label = self._label("graph", skeletons, row)
            label["graph"] = {"nodes": nodes, "edges": [], "type": "Pose2D"}
            self._tally.keep("keypoints")

    def _label(self, shape: str, table: Any, row: int) -> dict[str, Any]:
        """A new label, or the one of the same track and class that has no such shape yet."""
        track_id, category_id = int(table.track_id[row]), int(table.category_id[row])
        facts = table.attributes.row(row)
        score = float(table.score[row])
        known = self._by_track.get((track_id, category_id))
        same = known is not None and shape not in known and known["attributes"] == _plain(facts)
        if track_id != NO_TRACK and known is not None and same and known.get("score", 1.0) == score:
            return known
        label: dict[str, Any] = {
            "category": self._pictures.taxonomy.names[category_id],
            "attributes": _plain(facts),
        }
        if NAME in facts:
            label["id"] = facts[NAME]
        elif track_id != NO_TRACK:
            label["id"] = str(track_id)
        for key in ("manualShape", "manualAttributes", "index"):
            if key in facts:
                label[key] = facts[key]
        if score != 1.0:
            label["score"] = score
        self._found.append(label)
        self._by_track[track_id, category_id] = label
        return label


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    own = {NAME, SHAPE, "manualShape", "manualAttributes", "index"}
    return {name: value for name, value in facts.items() if name not in own}


def _box(xyxy: Any) -> dict[str, float]:
    theirs, _ = BOX_PIXELS.from_xyxy(np.asarray(xyxy, np.float64)[None])
    return dict(zip(("x1", "y1", "x2", "y2"), theirs[0].tolist(), strict=True))


def _outline(points: Any, closed: bool) -> dict[str, Any]:
    return {"vertices": points.astype(np.float64).tolist(), "types": "L" * len(points), "closed": closed}
