"""Rows of our tables as OpenLABEL's objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.formats.openlabel.read import UNLABELLED
from drivelabel.formats.openlabel.shapes import DATA_NAME, OBJECT_NAME, UID
from drivelabel.formats.outlines import joined
from drivelabel.formats.pictures import same_objects
from drivelabel.formats.report import Tally
from drivelabel.labels import ARROWS, LIGHT_STATES, NO_TRACK, RELEVANCES, UNKNOWN_COUNT
from drivelabel.labels.attributes import AttributeValue
from drivelabel.scene import Layer, Scene


@dataclass(slots=True)
class ObjectWriter:
    """Makes the objects of a layer and their data in each frame.

    Attributes:
        scene: whose frames.
        layer: whose labels.
        tally: where losses are counted.
    """

    scene: Scene
    layer: Layer
    tally: Tally
    _objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    _uids: dict[tuple[int, int], str] = field(default_factory=dict)
    _loose: int = 0

    def objects(self) -> dict[str, Any]:
        """Uid to type, name and intervals of frames, of all objects that :meth:`data_by_frame` met."""
        found = {}
        for uid, item in self._objects.items():
            numbers = sorted(item.pop("numbers"))
            item["frame_intervals"] = _intervals(numbers)
            found[uid] = item
        return found

    def data_by_frame(
        self, number_of: Mapping[int, int], sample_number: Mapping[int, int]
    ) -> dict[int, dict[str, Any]]:
        """Number of the frame to uid to object data.

        Args:
            number_of: our frame to OpenLABEL's.
            sample_number: our sample to OpenLABEL's frame.
        """
        found: dict[int, dict[str, Any]] = {}
        lights = self.layer.tables.get("traffic_lights")
        for kind, grouped in self.layer.tables.items():
            if kind not in _WRITERS:
                continue
            numbers = sample_number if kind == "boxes3d" else number_of
            for group in np.flatnonzero(grouped.labelled).tolist():
                table = grouped[group]
                if kind == "boxes2d" and lights is not None:
                    doubles = same_objects(table, lights[group])
                    self.tally.keep("boxes2d", "", int(doubles.sum()), "written once, with the traffic light")
                    table = table[~doubles]
                if group not in numbers:
                    self.tally.drop(kind, "", len(table), "of a sample without a frame")
                    continue
                system = "world" if kind == "boxes3d" else self.scene.camera_of(group).channel
                for row in range(len(table)):
                    self._add(found.setdefault(numbers[group], {}), numbers[group], kind, table, row, system)
        return found

    def _add(self, here: dict[str, Any], number: int, kind: str, table: Any, row: int, system: str) -> None:
        facts = dict(table.attributes.row(row))
        uid = self._uid(table, row, facts)
        data_kind, items = _WRITERS[kind](table, row, facts, self.tally)
        self._objects[uid]["numbers"].add(number)
        data = here.setdefault(uid, {"object_data": {}})["object_data"].setdefault(data_kind, [])
        name = str(facts.pop(DATA_NAME, _NAMES[kind]))
        if float(table.score[row]) != 1.0:
            facts["score"] = float(table.score[row])
        vectors = facts.pop("__vec__", [])
        for item in items:
            attributes = _attributes(facts)
            if vectors:
                attributes["vec"] = vectors
            data.append(
                {"name": name, "coordinate_system": system, **item}
                | ({"attributes": attributes} if attributes else {})
            )
        self.tally.keep(kind)

    def _uid(self, table: Any, row: int, facts: dict[str, AttributeValue]) -> str:
        """One object for each track and class; a row without a track is an object of its own."""
        track_id, category_id = int(table.track_id[row]), int(table.category_id[row])
        given, name = facts.pop(UID, None), facts.pop(OBJECT_NAME, "")
        label = self.layer.taxonomy.names[category_id]
        key = (track_id, category_id)
        if track_id == NO_TRACK:
            self._loose += 1
            uid = f"loose-{self._loose}"
            self.tally.drop(
                table.KIND, "track_id", 1, "every object has an id; new ones for those without a track"
            )
        elif key in self._uids:
            uid = self._uids[key]
        else:
            uid = str(given) if given is not None else str(track_id)
            if uid in self._objects:
                uid = f"{uid}-{label}"
                self.tally.drop(table.KIND, "track_id", 1, "a thing of two classes is two objects")
            self._uids[key] = uid
        kind = "" if label == UNLABELLED else label
        self._objects.setdefault(uid, {"name": str(name), "type": kind, "numbers": set()})
        if self._objects[uid]["name"] != name:
            self.tally.drop(table.KIND, f"attributes.{OBJECT_NAME}", 1, "an object has one name")
        return uid


_NAMES = {
    "boxes2d": "box", "traffic_lights": "box", "polygons": "polygon",
    "lane_lines": "line", "keypoints": "point", "boxes3d": "cuboid",
}  # fmt: skip


def _box(xyxy: Any) -> dict[str, Any]:
    left, top, right, bottom = xyxy.astype(np.float64).tolist()
    return {"val": [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]}


def _boxes2d(table: Any, row: int, facts: dict[str, Any], tally: Tally) -> tuple[str, list[dict[str, Any]]]:
    return "bbox", [_box(table.xyxy[row])]


def _lights(table: Any, row: int, facts: dict[str, Any], tally: Tally) -> tuple[str, list[dict[str, Any]]]:
    facts |= {
        "state": LIGHT_STATES[table.state[row]], "arrow": ARROWS[table.arrow[row]],
        "relevance": RELEVANCES[table.relevance[row]],
    }  # fmt: skip
    tally.drop("traffic_lights", "", 1, "written as boxes with attributes state, arrow, relevance")
    return "bbox", [_box(table.xyxy[row])]


def _poly2d(points: Any, closed: bool) -> dict[str, Any]:
    flat = np.asarray(points, np.float64).reshape(-1).tolist()
    return {"val": flat, "mode": "MODE_POLY2D_ABSOLUTE", "closed": closed}


def _polygons(table: Any, row: int, facts: dict[str, Any], tally: Tally) -> tuple[str, list[dict[str, Any]]]:
    rings = table.rings(row)
    if len(rings) > 1:
        note = "rings joined by bridges without area"
        tally.approximate("polygons", "points", 1, 0.0, "px", note)
        tally.drop("polygons", "ring_sizes", 1, note)
    return "poly2d", [_poly2d(joined(rings), True)]


def _lines(table: Any, row: int, facts: dict[str, Any], tally: Tally) -> tuple[str, list[dict[str, Any]]]:
    return "poly2d", [_poly2d(table.points[row], False)]


def _points(table: Any, row: int, facts: dict[str, Any], tally: Tally) -> tuple[str, list[dict[str, Any]]]:
    points = table.keypoints[row].astype(np.float64)
    told = int(len(points) != 1 or (points[:, 2] != 2).any())
    tally.drop("keypoints", "keypoints", told, "points stand alone, without visibility")
    return "point2d", [{"val": point[:2].tolist()} for point in points if point[2] > 0]


def _cuboids(table: Any, row: int, facts: dict[str, Any], tally: Tally) -> tuple[str, list[dict[str, Any]]]:
    w, x, y, z = table.quat_wxyz[row].tolist()
    if int(table.n_points[row]) != UNKNOWN_COUNT:
        facts["n_points"] = int(table.n_points[row])
    velocity = table.velocity[row].astype(np.float64)
    if np.isfinite(velocity).all():
        facts["__vec__"] = [{"name": "velocity", "val": velocity.tolist()}]
    size = table.size_lwh[row].astype(np.float64).tolist()
    return "cuboid", [{"val": [*table.center[row].tolist(), x, y, z, w, *size]}]


_WRITERS: dict[str, Any] = {
    "boxes2d": _boxes2d, "traffic_lights": _lights, "polygons": _polygons, "lane_lines": _lines,
    "keypoints": _points, "boxes3d": _cuboids,
}  # fmt: skip


def _attributes(facts: Mapping[str, AttributeValue]) -> dict[str, list[dict[str, AttributeValue]]]:
    found: dict[str, list[dict[str, AttributeValue]]] = {}
    for name, value in facts.items():
        kind = "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "num"
        found.setdefault(kind, []).append({"name": name, "val": value})
    return found


def _intervals(numbers: list[int]) -> list[dict[str, int]]:
    """Closed intervals of frames."""
    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    parts = np.split(np.asarray(numbers), breaks) if numbers else []
    return [{"frame_start": int(part[0]), "frame_end": int(part[-1])} for part in parts]
