"""Rows of our tables as Label Studio's results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.formats.labelstudio.regions import SKELETON, UNLABELLED
from drivelabel.formats.labelstudio.rows import SHAPE
from drivelabel.formats.outlines import joined
from drivelabel.formats.pictures import Picture, Pictures, same_objects
from drivelabel.formats.report import Tally
from drivelabel.geometry import mask_to_brush
from drivelabel.labels import (
    ARROWS,
    LIGHT_STATES,
    NO_TRACK,
    RELEVANCES,
    Boxes2D,
    Keypoints,
    LaneLines,
    Polygons,
    TrafficLights,
)
from drivelabel.labels.attributes import AttributeValue
from drivelabel.typing import AnyArray, BoolArray

Result = dict[str, Any]
NAMES = {
    "rectanglelabels": "rectangle", "polygonlabels": "polygon",
    "keypointlabels": "keypoint", "brushlabels": "brush",
}  # fmt: skip
"""Type of a result to the name that its control has in our interface."""

_RECTANGLE_PX = 0.02


@dataclass(slots=True)
class ResultWriter:
    """Makes the results of pictures.

    Attributes:
        scored: whether results carry scores.
    """

    pictures: Pictures
    scored: bool
    tally: Tally
    _ident: int = field(default=0)

    def results(self, picture: Picture) -> tuple[list[Result], dict[str, AttributeValue]]:
        """The results of a picture, and the facts about it."""
        found: list[Result] = []
        hw = picture.image_hw
        lights = self.pictures.table("traffic_lights", picture)
        boxes = self.pictures.table("boxes2d", picture)
        if boxes is not None:
            doubles = same_objects(boxes, lights)
            self.tally.keep("boxes2d", "", int(doubles.sum()), "written once, with the traffic light")
            found += self._boxes(picture, boxes[~doubles])
        makers = (("polygons", self._polygon), ("lane_lines", self._line), ("keypoints", self._points))
        for kind, make in makers:
            table = self.pictures.table(kind, picture)
            for row in range(0 if table is None else len(table)):
                found += make(table, row, hw)
        for row in range(0 if lights is None else len(lights)):
            found += self._light(lights, row, hw)
        return found, self._facts(picture)

    def _facts(self, picture: Picture) -> dict[str, AttributeValue]:
        tags = self.pictures.table("tags", picture)
        facts: dict[str, AttributeValue] = {}
        for row in range(0 if tags is None else len(tags)):
            for name, value in tags.attributes.row(row).items():
                if name in facts or name in ("image", "height", "width"):
                    self.tally.drop("tags", f"attributes.{name}", 1, "the task has that name already")
                else:
                    facts[name] = value
                    self.tally.keep("tags", "", 1, "data of the task")
        return facts

    def _boxes(self, picture: Picture, boxes: Boxes2D) -> list[Result]:
        """Boxes; those whose track has pixels as brush masks."""
        layer, hw = self.pictures.layer_of(picture), picture.image_hw
        found: list[Result] = []
        if layer.instance_maps is None or picture.group not in layer.instance_maps:
            for row in range(len(boxes)):
                found += self._box(boxes, row, hw)
            return found
        instances = layer.instance_map(picture.group)
        for row in range(len(boxes)):
            track_id = int(boxes.track_id[row])
            mask = instances.mask(track_id) if track_id != NO_TRACK else np.zeros((1, 1), np.bool_)
            found += self._mask(boxes, row, mask) if mask.any() else self._box(boxes, row, hw)
        return found

    def _box(self, boxes: Boxes2D, row: int, hw: tuple[int, int]) -> list[Result]:
        self.tally.keep("boxes2d")
        return self._region("rectanglelabels", boxes, row, percent_box(boxes.xyxy[row], hw), hw)

    def _light(self, lights: TrafficLights, row: int, hw: tuple[int, int]) -> list[Result]:
        facts: dict[str, AttributeValue] = {
            "state": LIGHT_STATES[lights.state[row]],
            "arrow": ARROWS[lights.arrow[row]],
            "relevance": RELEVANCES[lights.relevance[row]],
        }
        self.tally.drop("traffic_lights", "", 1, "written as boxes with attributes state, arrow, relevance")
        return self._region("rectanglelabels", lights, row, percent_box(lights.xyxy[row], hw), hw, facts)

    def _mask(self, boxes: Boxes2D, row: int, mask: BoolArray) -> list[Result]:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        tight = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        error = float(np.abs(tight - boxes.xyxy[row]).max())
        self.tally.approximate("boxes2d", "xyxy", int(error > 0), error, "px", "the tight box of its mask")
        self.tally.keep("instance_map")
        value = {"format": "rle", "rle": mask_to_brush(mask)}
        return self._region("brushlabels", boxes, row, value, (mask.shape[0], mask.shape[1]))

    def _polygon(self, polygons: Polygons, row: int, hw: tuple[int, int]) -> list[Result]:
        rings = polygons.rings(row)
        if polygons.attributes.row(row).get(SHAPE) == "rotated_box" and len(rings) == 1:
            turned = _turned_box(rings[0].astype(np.float64), hw)
            if turned is not None:
                rectangle, error = turned
                self.tally.approximate("polygons", "points", 1, max(error, 1e-3), "px", "as turned boxes")
                return self._region("rectanglelabels", polygons, row, rectangle, hw)
        if len(rings) > 1:
            note = "rings joined by bridges without area"
            self.tally.approximate("polygons", "points", 1, 0.0, "px", note)
            self.tally.drop("polygons", "ring_sizes", 1, note)
        else:
            self.tally.keep("polygons")
        value: dict[str, Any] = {"points": percents(joined(rings), hw), "closed": True}
        return self._region("polygonlabels", polygons, row, value, hw)

    def _line(self, lines: LaneLines, row: int, hw: tuple[int, int]) -> list[Result]:
        self.tally.keep("lane_lines", "", 1, "open polygons")
        value = {"points": percents(lines.points[row], hw), "closed": False}
        return self._region("polygonlabels", lines, row, value, hw)

    def _points(self, skeletons: Keypoints, row: int, hw: tuple[int, int]) -> list[Result]:
        """One result for each point; those of a skeleton say which one."""
        keypoints = skeletons.keypoints[row]
        category = self.pictures.taxonomy.categories[skeletons.category_id[row]]
        is_skeleton = bool(category.skeleton) and len(category.skeleton) == len(keypoints)
        if not is_skeleton and len(keypoints) > 1:
            self.tally.drop("keypoints", "keypoints", 1, "points without names are told apart no more")
        self._ident += 1
        parent, found = f"skeleton-{self._ident}", []
        for at, (u, v, seen) in enumerate(keypoints.tolist()):
            if seen == 0:
                continue
            (x, y), name = percents(np.array([[u, v]]), hw)[0], category.name
            name = category.skeleton[at] if is_skeleton else name
            facts: dict[str, AttributeValue] = {} if seen == 2 else {"hidden": True}
            made = self._region(
                "keypointlabels", skeletons, row, {"x": x, "y": y, "width": 0.5}, hw, facts, name
            )
            if is_skeleton:
                made[0] |= {"parentID": parent, "meta": {SKELETON: category.name}}
            found += made
        self.tally.keep("keypoints", "", int(bool(found)))
        self.tally.drop("keypoints", "", int(not found), "no point to be seen")
        return found

    def _region(
        self,
        kind: str,
        table: Any,
        row: int,
        value: Mapping[str, Any],
        hw: tuple[int, int],
        more: Mapping[str, AttributeValue] | None = None,
        label: str = "",
    ) -> list[Result]:
        """A region, and one result for each fact about it."""
        self._ident += 1
        name = label or self.pictures.taxonomy.names[table.category_id[row]]
        labels = [] if name == UNLABELLED else [name]
        common = {
            "id": f"region-{self._ident}", "to_name": "image",
            "original_width": hw[1], "original_height": hw[0],
            "image_rotation": 0,
        }  # fmt: skip
        region = {**common, "from_name": NAMES[kind], "type": kind, "value": {**value, kind: labels}}
        if self.scored:
            region["score"] = float(table.score[row])
        facts = table.attributes.row(row) | (more or {})
        return [region, *(fact_result(common, key, fact) for key, fact in facts.items() if key != SHAPE)]


def fact_result(common: Mapping[str, Any], name: str, fact: AttributeValue) -> Result:
    """A fact about a region: a choice for bools, a number, or a text."""
    if isinstance(fact, bool):
        return {**common, "from_name": name, "type": "choices", "value": {"choices": [str(fact).lower()]}}
    if isinstance(fact, str):
        return {**common, "from_name": name, "type": "textarea", "value": {"text": [fact]}}
    return {**common, "from_name": name, "type": "number", "value": {"number": fact}}


def percents(points: AnyArray, hw: tuple[int, int]) -> list[list[float]]:
    """(n, 2) pixels -> percent of width and height."""
    found: list[list[float]] = (np.asarray(points, np.float64) / (hw[1], hw[0]) * 100).tolist()
    return found


def percent_box(xyxy: AnyArray, hw: tuple[int, int]) -> dict[str, float]:
    """x, y, width, height in percent, upright."""
    box = np.asarray(xyxy, np.float64)
    (x, y), (width, height) = percents(np.array([box[:2], box[2:] - box[:2]]), hw)
    return {"x": x, "y": y, "width": width, "height": height, "rotation": 0}


def _turned_box(ring: AnyArray, hw: tuple[int, int]) -> tuple[dict[str, float], float] | None:
    """A ring of right angles as a rectangle turned about its first corner, and its error in pixels."""
    if len(ring) != 4:
        return None
    along, down = ring[1] - ring[0], ring[3] - ring[0]
    width, height = float(np.linalg.norm(along)), float(np.linalg.norm(down))
    angle = math.atan2(along[1], along[0])
    c, s = math.cos(angle), math.sin(angle)
    corners = (
        np.array([(0, 0), (width, 0), (width, height), (0, height)]) @ np.array([(c, s), (-s, c)]) + ring[0]
    )
    error = float(np.abs(corners - ring).max())
    if error > _RECTANGLE_PX:
        return None
    (x, y), (w, h) = percents(np.array([ring[0], (width, height)]), hw)
    return {"x": x, "y": y, "width": w, "height": h, "rotation": math.degrees(angle) % 360}, error


def task_of(
    ident: int, data: dict[str, Any], results: list[dict[str, Any]], pictures: Pictures, predictions: bool
) -> dict[str, Any]:
    """One task with one annotation or prediction."""
    said: dict[str, Any] = {"result": results}
    if predictions:
        said["model_version"] = pictures.layers[0].name
    return {"id": ident, "data": data, "predictions" if predictions else "annotations": [said]}
