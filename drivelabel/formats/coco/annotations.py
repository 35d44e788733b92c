"""The labels of one picture as COCO annotations, without their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.formats.outlines import has_holes, rings_area
from drivelabel.formats.pictures import Picture, Pictures
from drivelabel.formats.report import Tally
from drivelabel.geometry import label_map_to_rle, mask_to_rle, polygon_mask
from drivelabel.labels import (
    ARROWS,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    NO_TRACK,
    ORIGINS,
    RELEVANCES,
    Boxes2D,
    InstanceMap,
    Keypoints,
    LabelMap,
    LaneLines,
    Polygons,
    TrafficLights,
)
from drivelabel.typing import AnyArray

Annotation = dict[str, Any]

_SAME = ("category_id", "score", "track_id", "origin")
"""What a box and an outline or skeleton must share to be one annotation, besides their attributes."""


@dataclass(slots=True)
class PictureAnnotations:
    """Makes the annotations of one picture.

    A box, polygon and skeleton of one thing become one annotation, as COCO has it; then each annotation's
    field ``rows`` says which rows of which tables it was.

    Attributes:
        category_ids: the file's id of each class.
    """

    pictures: Pictures
    picture: Picture
    category_ids: Sequence[int]
    tally: Tally
    _merged: bool = field(default=False)

    def all(self) -> list[Annotation]:
        """Everything that the layer says of the picture, but for tags."""
        found = [*self._boxes_and_lights(), *self._lines(), *self._areas()]
        for annotation in found:
            if not self._merged:
                del annotation["rows"]
        return found

    def _table(self, kind: str, empty: Any) -> Any:
        found = self.pictures.table(kind, self.picture)
        return empty.empty() if found is None else found

    def _boxes_and_lights(self) -> Iterator[Annotation]:
        boxes: Boxes2D = self._table("boxes2d", Boxes2D)
        lights: TrafficLights = self._table("traffic_lights", TrafficLights)
        polygons: Polygons = self._table("polygons", Polygons)
        skeletons: Keypoints = self._table("keypoints", Keypoints)
        instances = self._instances()
        box_of_light = _doubles(boxes, lights)
        shown = [row for row in range(len(boxes)) if row not in box_of_light.values()]
        outline_of = _partners(boxes, polygons, shown)
        points_of = _partners(boxes, skeletons, shown)
        self._merged = bool(box_of_light or outline_of or points_of)
        for row in shown:
            annotation = self._common("box", boxes, row) | _bbox(boxes.xyxy[row])
            annotation["rows"] = {"boxes2d": row}
            mask = None if instances is None else _mask_of(instances, int(boxes.track_id[row]))
            if mask is not None:
                annotation |= {"segmentation": mask_to_rle(mask), "area": float(mask.sum())}
                self.tally.keep("instance_map", "", 1, "segmentation of the box with its track id")
                outline_of.pop(row, None)
            elif row in outline_of:
                annotation |= self._outline(polygons.rings(outline_of[row]))
                annotation["rows"]["polygons"] = outline_of[row]
            if row in points_of:
                annotation |= _keypoints(skeletons.keypoints[points_of[row]])
                annotation["rows"]["keypoints"] = points_of[row]
            yield annotation
        self.tally.keep("boxes2d", "", len(boxes))
        if instances is not None:
            _drop_masks(instances, boxes.track_id[shown], self.tally)
        yield from self._lights(lights, boxes, box_of_light)
        yield from self._polygons(polygons, set(outline_of.values()))
        yield from self._skeletons(skeletons, set(points_of.values()))

    def _instances(self) -> InstanceMap | None:
        layer = self.pictures.layer_of(self.picture)
        if layer.instance_maps is None or self.picture.group not in layer.instance_maps:
            return None
        return layer.instance_map(self.picture.group)

    def _lights(
        self, lights: TrafficLights, boxes: Boxes2D, box_of_light: dict[int, int]
    ) -> Iterator[Annotation]:
        for row in range(len(lights)):
            annotation = (
                self._common("traffic_light", lights, row)
                | _bbox(lights.xyxy[row])
                | _keypoints(lights.keypoints[row])
                | {
                    "state": LIGHT_STATES[lights.state[row]],
                    "arrow": ARROWS[lights.arrow[row]],
                    "relevance": RELEVANCES[lights.relevance[row]],
                }
            )
            annotation["rows"] = {"traffic_lights": row}
            if row in box_of_light:
                box = box_of_light[row]
                annotation["rows"]["boxes2d"] = box
                annotation["box"] = {
                    "score": float(boxes.score[box]),
                    "origin": ORIGINS[boxes.origin[box]],
                    "attributes": boxes.attributes.row(box),
                }
            yield annotation
        self.tally.keep(
            "traffic_lights", "", len(lights), "keypoints; state, arrow and relevance as extra fields"
        )

    def _polygons(self, polygons: Polygons, done: set[int]) -> Iterator[Annotation]:
        bounds = polygons.bounds()
        for row in range(len(polygons)):
            if row not in done:
                annotation = self._common("polygon", polygons, row) | _bbox(bounds[row])
                yield annotation | self._outline(polygons.rings(row)) | {"rows": {"polygons": row}}
        self.tally.keep("polygons", "", len(polygons))

    def _outline(self, rings: list[AnyArray]) -> Annotation:
        """COCO joins the rings of a thing; where one is a hole, only a mask says so."""
        flat = [ring.astype(np.float64).reshape(-1).tolist() for ring in rings]
        if has_holes(rings):
            mask = polygon_mask(rings, self.picture.image_hw)
            return {"segmentation": mask_to_rle(mask), "area": float(mask.sum()), "polygon": flat}
        return {"segmentation": flat, "area": rings_area(rings)}

    def _skeletons(self, skeletons: Keypoints, done: set[int]) -> Iterator[Annotation]:
        for row in range(len(skeletons)):
            if row not in done:
                keypoints = skeletons.keypoints[row]
                seen = keypoints[keypoints[:, 2] > 0, :2]
                box = np.concatenate([seen.min(axis=0), seen.max(axis=0)]) if len(seen) else np.zeros(4)
                annotation = self._common("keypoints", skeletons, row) | _bbox(box) | _keypoints(keypoints)
                yield annotation | {"rows": {"keypoints": row}}
        self.tally.keep("keypoints", "", len(skeletons))

    def _lines(self) -> Iterator[Annotation]:
        lines: LaneLines = self._table("lane_lines", LaneLines)
        for row in range(len(lines)):
            points = lines.points[row]
            yield (
                self._common("lane_line", lines, row)
                | _bbox(np.concatenate([points.min(axis=0), points.max(axis=0)]))
                | {
                    "polyline": points.astype(np.float64).tolist(),
                    "style": LINE_STYLES[lines.style[row]],
                    "source": LINE_SOURCES[lines.source[row]],
                    "position": int(lines.position[row]),
                    "rows": {"lane_lines": row},
                }
            )
        self.tally.keep("lane_lines", "", len(lines), "extra field polyline")

    def _areas(self) -> Iterator[Annotation]:
        layer = self.pictures.layer_of(self.picture)
        if layer.label_maps is None or self.picture.group not in layer.label_maps:
            return
        label_map: LabelMap = layer.label_map(self.picture.group)
        for category_id, rle in label_map_to_rle(label_map.label_map).items():
            mask = label_map.mask(category_id)
            columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
            box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
            yield {
                "kind": "area",
                "category_id": self.category_ids[category_id],
                "iscrowd": 0,
                **_bbox(np.array(box, np.float64)),
                "area": float(mask.sum()),
                "segmentation": rle,
                "rows": {},
            }
        self.tally.keep("label_map", "", 1, "one annotation per category and frame")

    def _common(self, kind: str, table: Any, row: int) -> Annotation:
        track_id = int(table.track_id[row])
        attributes = table.attributes.row(row)
        is_crowd = attributes.get("iscrowd") is True
        if is_crowd:
            del attributes["iscrowd"]
        return {
            "kind": kind,
            "category_id": self.category_ids[int(table.category_id[row])],
            "iscrowd": int(is_crowd),
            "segmentation": [],
            "score": float(table.score[row]),
            **({} if track_id == NO_TRACK else {"track_id": track_id}),
            "origin": ORIGINS[table.origin[row]],
            "attributes": attributes,
            "rows": {},
        }


def _doubles(boxes: Boxes2D, lights: TrafficLights) -> dict[int, int]:
    """Light to the box that is its housing: one object, so one annotation."""
    same = (boxes.xyxy[:, None] == lights.xyxy[None]).all(axis=2)
    same &= boxes.category_id[:, None] == lights.category_id[None]
    same &= boxes.track_id[:, None] == lights.track_id[None]
    found: dict[int, int] = {}
    for box, light in zip(*(axis.tolist() for axis in np.nonzero(same)), strict=True):
        if light not in found and box not in found.values():
            found[light] = box
    return found


def _partners(boxes: Boxes2D, table: Any, shown: list[int]) -> dict[int, int]:
    """Box to the row of another table that is the same thing and says the same of it."""
    rows = {int(track): row for row, track in enumerate(table.track_id) if track != NO_TRACK}
    found: dict[int, int] = {}
    for box in shown:
        row = rows.pop(int(boxes.track_id[box]), None)
        if row is None:
            continue
        same = all(getattr(boxes, name)[box] == getattr(table, name)[row] for name in _SAME)
        if same and _typed(boxes.attributes.row(box)) == _typed(table.attributes.row(row)):
            found[box] = row
    return found


def _typed(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: (type(value), value) for name, value in facts.items()}


def _mask_of(instances: InstanceMap, track_id: int) -> AnyArray | None:
    if track_id == NO_TRACK:
        return None
    mask = instances.mask(track_id)
    return mask if mask.any() else None


def _drop_masks(instances: InstanceMap, kept: AnyArray, tally: Tally) -> None:
    present = instances.track_id[np.unique(instances.instance_map[instances.instance_map > 0]) - 1]
    lost = np.setdiff1d(present, kept[kept != NO_TRACK])
    tally.drop("instance_map", "", len(lost), "no box with their track id says their category")


def _bbox(xyxy: AnyArray) -> Annotation:
    # In float64: the difference of two float32 of like size is exact, so reading gives the same box back.
    left, top, right, bottom = xyxy.astype(np.float64).tolist()
    return {"bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top)}


def _keypoints(keypoints: AnyArray) -> Annotation:
    flat = [value for u, v, seen in keypoints.astype(np.float64).tolist() for value in (u, v, int(seen))]
    return {"keypoints": flat, "num_keypoints": int((keypoints[:, 2] > 0).sum())}
