"""Annotations of COCO files as rows of our tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.coco.common import (
    AREA,
    BOX,
    FOREIGN,
    LIGHT,
    LINE,
    Common,
    read_common,
)
from drivelabel.formats.coco.gather import Gathered
from drivelabel.formats.coco.own_fields import code_of, light_columns, line_columns, points_of
from drivelabel.formats.loading import Fields, Records, scalars_of
from drivelabel.formats.outlines import has_holes, rings_area, rings_of_lists
from drivelabel.formats.painting import mask_of_rle
from drivelabel.geometry import mask_to_rle, rle_to_xyxy
from drivelabel.labels import (
    IMPORTED,
    NO_TRACK,
    ORIGINS,
    Attributes,
    Boxes2D,
    Keypoints,
    LaneLines,
    Polygons,
    Ragged,
    Tags,
    TrafficLights,
)
from drivelabel.typing import AnyArray, BoolArray, FloatArray, IntArray


class AnnotationReader:
    """Reads the annotations of one file into :class:`Gathered`.

    Args:
        records: the annotations.
        row_of_image, row_of_category: the file's ids to rows.
        hws: (n, 2) sizes of the set's images.
        names: of the categories.
        gathered: where rows go.
    """

    def __init__(
        self,
        records: Records,
        row_of_image: dict[int, int],
        row_of_category: dict[int, int],
        hws: IntArray,
        names: Sequence[str],
        gathered: Gathered,
    ) -> None:
        self.records, self.hws, self.names = records, hws, names
        self.gathered, self.tally = gathered, gathered.tally
        self.common: Common = read_common(records, row_of_image, row_of_category, self.tally)
        self.has_box, self.has_area = records.has("bbox"), records.has("segmentation")
        self.has_points = records.has("keypoints")
        xywh = records.vectors("bbox", 4, self.has_box)
        for row in np.flatnonzero((xywh[:, 2:] < 0).any(axis=1)).tolist():
            records.refuse(row, f"bbox: has negative size {xywh[row, 2]:g} x {xywh[row, 3]:g} px.")
        self.xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        self.area = xywh[:, 2] * xywh[:, 3]
        self.is_label = self.common.kind == FOREIGN
        self.is_label &= ~(self.has_box | self.has_area | self.has_points)

    def read(self) -> None:
        """Read all; what breaks a rule is an error, or dropped and counted."""
        self._link()
        points = self._keypoints()
        polygons = self._areas()
        lights, lines = self._lights(), self._lines()
        good = self.records.good()
        self._count_bad()
        self._boxes(good)
        self._add("keypoints", points, good)
        self._add("polygons", polygons, good)
        self._add("traffic_lights", lights, good)
        self._add("lane_lines", lines, good)
        self._light_boxes(good)
        self._labels(good)
        self._count_derived(good)

    def _link(self) -> None:
        """Give a track to what becomes rows of several tables, so that they stay one thing."""
        several = self.has_area.astype(np.int64) + self.has_box + self.has_points > 1
        needs = several | (self.has_area & ~self.has_box)
        needs &= (self.common.kind == FOREIGN) & (self.common.track_id == NO_TRACK)
        first = max(self.gathered.next_track, int(self.common.track_id.max(initial=0)) + 1)
        self.common.track_id[needs] = first + np.arange(int(needs.sum()))
        self.gathered.next_track = first + int(needs.sum())

    def _keypoints(self) -> dict[int, AnyArray]:
        found: dict[int, AnyArray] = {}
        wanted = self.has_points & (self.common.kind != LIGHT)
        for row in np.flatnonzero(wanted).tolist():
            points = self._try(row, points_of, self.records.items[row])
            if points is None:
                continue
            if self.common.kind[row] == FOREIGN and not (points[:, 2] > 0).any():
                self.tally.drop("keypoints", "", 1, "no point of it is labelled")
                continue
            found[row] = points
        return found

    def _areas(self) -> dict[int, list[FloatArray]]:
        """Paint masks; rings of polygons. Crowds are painted first, so that they hide nothing."""
        found: dict[int, list[FloatArray]] = {}
        rows = np.flatnonzero(self.has_area | self.records.has("polygon"))
        for row in rows[np.argsort(~self.common.is_crowd[rows], kind="stable")].tolist():
            item = self.records.items[row]
            area = item["polygon"] if "polygon" in item else item["segmentation"]
            if isinstance(area, dict):
                self._try(row, self._paint, row, area)
                continue
            rings = self._try(row, self._rings, area)
            if rings:
                found[row] = rings
                self.area[row] = rings_area(rings)
                if not self.has_box[row]:
                    joined = np.concatenate(rings)
                    self._bounds(row, np.concatenate([joined.min(axis=0), joined.max(axis=0)]))
        return found

    def _rings(self, area: Any) -> list[FloatArray]:
        rings, n_short = rings_of_lists(area, "segmentation")
        self.tally.drop("annotations", "segmentation", n_short, "rings of fewer than three points")
        return rings

    def _paint(self, row: int, rle: dict[str, Any]) -> None:
        image, kind = int(self.common.image[row]), int(self.common.kind[row])
        hw = (int(self.hws[image, 0]), int(self.hws[image, 1]))
        mask = mask_of_rle(rle, hw, self.records.place(row))
        self.area[row] = mask.sum()
        if kind == AREA:
            self.gathered.label_map(image, hw)[mask] = self.common.category_id[row]
            self.tally.keep("label_map", "", 1, "one annotation per category and image")
        elif kind in (BOX, FOREIGN):
            if self.gathered.painter.paint(image, mask, int(self.common.track_id[row])):
                self.tally.keep("instance_map")
            if not self.has_box[row]:
                self._bounds(row, rle_to_xyxy([mask_to_rle(mask)])[0])

    def _bounds(self, row: int, xyxy: FloatArray) -> None:
        """A thing without a box has that of its outline."""
        if self.common.kind[row] == FOREIGN:
            self.has_box[row] = True
            self.xyxy[row] = xyxy
            self.tally.keep("boxes2d", "xyxy", 1, "round the mask, where there was no bbox")

    def _lights(self) -> dict[int, Fields]:
        found = {}
        for row in np.flatnonzero(self.common.kind == LIGHT).tolist():
            light = Fields(self.records.items[row], self.records.place(row))
            if self._try(row, light_columns, light) is not None:
                found[row] = light
        return found

    def _lines(self) -> dict[int, Fields]:
        found = {}
        for row in np.flatnonzero(self.common.kind == LINE).tolist():
            line = Fields(self.records.items[row], self.records.place(row))
            if self._try(row, line_columns, line) is not None:
                found[row] = line
        return found

    def _try(self, row: int, read: Any, *args: Any) -> Any:
        """What `read` gives, or None when it refuses and invalid annotations are skipped."""
        try:
            return read(*args)
        except FormatError as error:
            self.records.refuse(row, str(error).removeprefix(f"{self.records.place(row)}: "))
            return None

    def _boxes(self, good: BoolArray) -> None:
        kind = self.common.kind
        rows = np.flatnonzero(good & self.has_box & ((kind == FOREIGN) | (kind == BOX)))
        xyxy = self.xyxy[rows].astype(np.float32)
        error = np.abs(xyxy - self.xyxy[rows]).max(axis=1, initial=0)
        self.tally.keep("boxes2d", "", len(rows))
        self.tally.approximate(
            "boxes2d", "xyxy", int((error > 0).sum()), float(error.max(initial=0)), "px", "float32"
        )
        self._gather("boxes2d", Boxes2D(xyxy=xyxy, **self.common.of_table(rows)), rows)

    def _add(self, kind: str, found: dict[int, Any], good: BoolArray) -> None:
        rows = np.array([row for row in sorted(found) if good[row]], np.int64)
        if not len(rows):
            return
        values = [found[row] for row in rows.tolist()]
        columns = self.common.of_table(rows)
        special: dict[str, Any]
        table: Any
        if kind == "keypoints":
            table = Keypoints(keypoints=Ragged.from_rows(values, np.float32, (3,)), **columns)
        elif kind == "polygons":
            special = dict(Polygons.ring_columns(values))
            table = Polygons(**special, **columns)
            exact = np.concatenate([np.concatenate(rings) for rings in values])
            error = float(np.abs(table.points.values - exact).max(initial=0))
            self.tally.approximate("polygons", "points", len(rows) if error else 0, error, "px", "float32")
            self._count_holes(values, rows)
        elif kind == "traffic_lights":
            parts = [light_columns(light) for light in values]
            special = {name: np.array([part[name] for part in parts]) for name in parts[0]}
            table = TrafficLights(xyxy=self.xyxy[rows].astype(np.float32), **special, **columns)
        else:
            parts = [line_columns(line) for line in values]
            special = {name: [part[name] for part in parts] for name in parts[0]}
            table = LaneLines(**special, **columns)
        self.tally.keep(kind, "", len(rows))
        self._gather(kind, table, rows)

    def _count_holes(self, values: list[list[FloatArray]], rows: IntArray) -> None:
        items = self.records.items
        n = sum(
            "polygon" not in items[row] and has_holes(rings)
            for row, rings in zip(rows.tolist(), values, strict=True)
            if len(rings) > 1
        )
        self.tally.approximate(
            "polygons", "", n, 0.0, "", "parts of one thing share area, which counts as a hole"
        )

    def _gather(self, kind: str, table: Any, rows: IntArray) -> None:
        order = rows
        if len(rows) and "rows" in self.records.names():
            own = [self.records.items[row].get("rows") for row in rows.tolist()]
            given = [o.get(kind) if isinstance(o, dict) else None for o in own]
            order = np.array(
                [g if type(g) is int else row for g, row in zip(given, rows.tolist(), strict=True)], np.int64
            )
        self.gathered.add(kind, table, self.common.image[rows], order)

    def _light_boxes(self, good: BoolArray) -> None:
        """Boxes that were written once, with their traffic light."""
        items = self.records.items
        rows = np.array(
            [
                row
                for row in np.flatnonzero(good & (self.common.kind == LIGHT)).tolist()
                if isinstance(items[row].get("box"), dict)
            ],
            np.int64,
        )
        if not len(rows):
            return
        own = [Fields(items[row]["box"], f"{self.records.place(row)}, box") for row in rows.tolist()]
        columns = self.common.of_table(rows) | {
            "score": np.array([min(max(box.number("score", 1.0), 0.0), 1.0) for box in own], np.float32),
            "origin": np.array([code_of(box, "origin", ORIGINS, IMPORTED) for box in own], np.uint8),
            "attributes": Attributes.from_rows([scalars_of(box.get("attributes")) for box in own]),
        }
        self._gather("boxes2d", Boxes2D(xyxy=self.xyxy[rows].astype(np.float32), **columns), rows)

    def _labels(self, good: BoolArray) -> None:
        """Captions, and classes of whole images, as tags."""
        rows = np.flatnonzero(good & self.is_label)
        if not len(rows):
            return
        facts: list[dict[str, Any]] = []
        for row in rows.tolist():
            caption = self.records.items[row].get("caption")
            name = self.names[self.common.category_id[row]] if len(self.names) else ""
            facts.append({"caption": caption} if isinstance(caption, str) else {"category": name})
        columns = self.common.of_table(rows)
        tags = Tags(score=columns["score"], origin=columns["origin"], attributes=Attributes.from_rows(facts))
        self.tally.keep("tags", "", len(rows), "captions and classes of whole images")
        self._gather("tags", tags, rows)

    def _count_derived(self, good: BoolArray) -> None:
        """Fields that follow from others are not kept; where they say something else, that is counted."""
        names = self.records.names()
        foreign = good & (self.common.kind == FOREIGN) & ~self.is_label
        if names["area"]:
            given = self.records.numbers("area", 0.0)
            error = np.abs(given - self.area)[
                foreign & np.array([bool(v) for v in self.records.values("area")])
            ]
            self.tally.approximate(
                "annotations", "area", int((error > 1e-6).sum()), float(error.max(initial=0)), "px²",
                "follows from the box or mask",
            )  # fmt: skip
        self.tally.drop("annotations", "id", int(foreign.sum()) if names["id"] else 0, "numbered anew")

    def _count_bad(self) -> None:
        for why in self.records.bad.values():
            self.tally.drop("annotations", "", 1, f"invalid: {why}")
