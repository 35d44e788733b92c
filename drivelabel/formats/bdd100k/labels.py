"""Scalabel's labels of one frame as rows of our tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.loading import Fields
from drivelabel.formats.painting import InstancePainter, mask_of_rle
from drivelabel.formats.pixels import PixelConvention
from drivelabel.formats.report import Tally
from drivelabel.labels import (
    BDD100K,
    IMPORTED,
    LINE_SOURCES,
    LINE_STYLES,
    NO_TRACK,
    Attributes,
    Boxes2D,
    Keypoints,
    LaneLines,
    Polygons,
    Ragged,
    Table,
    Taxonomy,
)
from drivelabel.labels.attributes import AttributeValue
from drivelabel.typing import FloatArray

BOX_PIXELS = PixelConvention(inclusive=True)
"""The last pixel of a box is named. Source: github.com/scalabel/scalabel, label/typing.py."""

NAME, SHAPE = "scalabel.id", "shape"
"""Attributes: a label's id where that is no number; ``mask`` where a box is that of a mask."""

STYLE = "laneStyle"
N_CURVE = 16
"""Points that stand for a Bézier curve."""

_KNOWN = frozenset({
    "id", "index", "category", "attributes", "score", "manualShape", "manualAttributes", "box2d", "box3d",
    "poly2d", "rle", "graph",
})  # fmt: skip


def taxonomy_of(names: Iterable[str], skeletons: Mapping[str, tuple[str, ...]]) -> Taxonomy:
    """BDD100K's own where it has all names, else one of the names."""
    given = tuple(dict.fromkeys(names))
    if not skeletons and all(name in BDD100K for name in given):
        return BDD100K
    return taxonomy_of_names("scalabel", given, skeletons=skeletons)


@dataclass(slots=True)
class _Rows:
    """What all kinds of rows have."""

    category: list[str] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    track_id: list[int] = field(default_factory=list)
    facts: list[dict[str, AttributeValue]] = field(default_factory=list)
    shapes: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class LabelReader:
    """Makes the tables of each frame.

    Attributes:
        next_track: for masks of labels without a number, which need one to be told apart.
    """

    taxonomy: Taxonomy
    painter: InstancePainter
    tally: Tally
    next_track: int = 1_000_000_000
    _names: dict[str, int] = field(default_factory=dict)

    def tables(self, group: int, labels: Iterable[Fields], image_hw: tuple[int, int]) -> list[Table]:
        """One table a kind; empty where there is nothing of it, since somebody looked.

        Raises:
            FormatError: a label breaks a rule of the format; the message names it.
        """
        rows = {kind: _Rows() for kind in ("boxes2d", "polygons", "lane_lines", "keypoints")}
        for label in labels:
            self._add(group, label, rows, image_hw)
        made: list[Table] = [
            self._boxes(rows["boxes2d"]),
            self._polygons(rows["polygons"]),
            self._lines(rows["lane_lines"]),
            self._points(rows["keypoints"]),
        ]
        for table in made:
            self.tally.keep(table.KIND, "", len(table))
        return made

    def _add(self, group: int, label: Fields, rows: dict[str, _Rows], hw: tuple[int, int]) -> None:
        common = self._common(label)
        before = sum(len(part.shapes) for part in rows.values())
        box = _box(label.object("box2d")) if "box2d" in label else None
        if "rle" in label:
            box = self._paint(group, label, common, box, hw)
        if box is not None:
            _append(rows["boxes2d"], common, box)
        if "poly2d" in label:
            self._add_polygons(label, common, rows)
        if "graph" in label:
            names = self.taxonomy.categories[self.taxonomy.id_of(common["category"])].skeleton
            _append(rows["keypoints"], common, _graph(label.object("graph"), names, self.tally))
        self.tally.drop(
            "boxes3d", "", int("box3d" in label), "in coords of a camera whose axes are not stated"
        )
        nothing = before == sum(len(part.shapes) for part in rows.values()) and "box3d" not in label
        self.tally.drop("labels", "", int(nothing), "without a shape")
        for key in label.value.keys() - _KNOWN:
            self.tally.drop("labels", str(key)[:40], int(label.get(key) is not None), "not of the format")

    def _common(self, label: Fields) -> dict[str, Any]:
        facts: dict[str, AttributeValue] = {}
        given = label.object("attributes").value if "attributes" in label else {}
        for name, value in given.items():
            if isinstance(value, (str, bool, int, float)):
                facts[str(name)] = value
            else:
                self.tally.drop(
                    "labels", f"attributes.{str(name)[:40]}", int(value is not None), "no single value"
                )
        for name in ("manualShape", "manualAttributes", "index"):
            if name in label:
                facts[name] = label.flag(name) if name.startswith("manual") else label.integer(name)
        score = label.number("score", 1.0) if "score" in label else 1.0
        if not 0 <= score <= 1:
            raise FormatError(f"{label.where}: score: expected a number in [0, 1], got {score:g}.")
        track_id, name = self._track_id(label)
        if name:
            facts[NAME] = name
        return {"category": label.text("category"), "score": score, "track_id": track_id, "facts": facts}

    def _track_id(self, label: Fields) -> tuple[int, str]:
        """A number as it is; names are numbered in the order in which they occur, and stay as attributes."""
        given = label.get("id")
        if isinstance(given, str):
            plain = given.isascii() and given.isdecimal() and str(int(given)) == given and len(given) < 18
            if plain:
                return int(given), ""
            return self._names.setdefault(given, 2_000_000_000 + len(self._names)), given
        return (NO_TRACK if given is None else label.integer("id")), ""

    def _paint(
        self, group: int, label: Fields, common: dict[str, Any], box: FloatArray | None, hw: tuple[int, int]
    ) -> FloatArray:
        mask = mask_of_rle(label.object("rle").value, hw, label.where)
        if common["track_id"] == NO_TRACK:
            common["track_id"], self.next_track = self.next_track, self.next_track + 1
        self.painter.paint(group, mask, common["track_id"])
        self.tally.keep("instance_map")
        if box is not None:
            return box
        common["facts"] = common["facts"] | {SHAPE: "mask"}
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        corners = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1] if len(rows) else [0, 0, 0, 0]
        return np.asarray(corners, np.float64)

    def _add_polygons(self, label: Fields, common: dict[str, Any], rows: dict[str, _Rows]) -> None:
        """Closed outlines of a label are rings of one polygon, open ones lane lines."""
        rings: list[FloatArray] = []
        for part in label.objects("poly2d"):
            points = _outline(part, self.tally)
            if not part.flag("closed", True):
                if len(points) < 2:
                    self.tally.drop("lane_lines", "", 1, "fewer than two points")
                    continue
                _append(rows["lane_lines"], common, points)
            elif len(points) >= 3:
                rings.append(points)
            else:
                self.tally.drop("polygons", "", 1, "rings of fewer than three points")
        if rings:
            _append(rows["polygons"], common, rings)

    def _columns(self, rows: _Rows) -> dict[str, Any]:
        return {
            "category_id": self.taxonomy.ids_of(rows.category),
            "score": np.asarray(rows.score, np.float32),
            "track_id": np.asarray(rows.track_id, np.int64),
            "origin": np.full(len(rows.category), IMPORTED, np.uint8),
            "attributes": Attributes.from_rows(rows.facts),
        }

    def _boxes(self, rows: _Rows) -> Boxes2D:
        xyxy = np.asarray(rows.shapes, np.float32).reshape(len(rows.shapes), 4)
        return Boxes2D(xyxy=xyxy, **self._columns(rows)) if rows.shapes else Boxes2D.empty()

    def _polygons(self, rows: _Rows) -> Polygons:
        if not rows.shapes:
            return Polygons.empty()
        rings = [[ring.astype(np.float32) for ring in shape] for shape in rows.shapes]
        columns: dict[str, Any] = Polygons.ring_columns(rings)
        return Polygons(**columns, **self._columns(rows))

    def _lines(self, rows: _Rows) -> LaneLines:
        if not rows.shapes:
            return LaneLines.empty()
        styles = [str(facts.get(STYLE, "")) for facts in rows.facts]
        return LaneLines(
            points=Ragged.from_rows(rows.shapes, np.float32, (2,)),
            source=np.full(len(rows.shapes), LINE_SOURCES.index("imported"), np.uint8),
            style=np.asarray([_style(name) for name in styles], np.uint8),
            **self._columns(rows),
        )

    def _points(self, rows: _Rows) -> Keypoints:
        if not rows.shapes:
            return Keypoints.empty()
        return Keypoints(keypoints=Ragged.from_rows(rows.shapes, np.float32, (3,)), **self._columns(rows))


def _append(rows: _Rows, common: dict[str, Any], shape: Any) -> None:
    rows.category.append(common["category"])
    rows.score.append(common["score"])
    rows.track_id.append(common["track_id"])
    rows.facts.append(common["facts"])
    rows.shapes.append(shape)


def _style(name: str) -> int:
    return LINE_STYLES.index(name) if name in ("solid", "dashed") else 0


def _box(box: Fields) -> FloatArray:
    theirs = np.array([[box.number(name) for name in ("x1", "y1", "x2", "y2")]])
    ours: FloatArray = BOX_PIXELS.to_xyxy(theirs)[0]
    ours[2:] = np.where(np.abs(ours[2:] - ours[:2]) < 1e-6, np.maximum(ours[2:], ours[:2]), ours[2:])
    if (ours[2:] < ours[:2]).any():
        width, height = (ours[2:] - ours[:2]).tolist()
        raise FormatError(f"{box.where}: box has negative size {width:g} x {height:g} px.")
    return ours


def _outline(part: Fields, tally: Tally) -> FloatArray:
    """(k, 2) points; Bézier curves (two control points C between two L) as short straight lines."""
    given = part.items("vertices")
    named = Fields({str(row): pair for row, pair in enumerate(given)}, f"{part.where}, vertices")
    pairs = [named.numbers(str(row), 2) for row in range(len(given))]
    points: FloatArray = np.asarray(pairs, np.float64).reshape(-1, 2)
    types = part.text("types", "L" * len(points))
    if len(types) != len(points) or set(types) - set("LC"):
        raise FormatError(f"{part.where}: types: expected one L or C for each of {len(points)} vertices.")
    if "C" not in types:
        return np.asarray(points, np.float64)
    return _straightened(points, types, part, tally)


def _straightened(points: FloatArray, types: str, part: Fields, tally: Tally) -> FloatArray:
    found: list[FloatArray] = []
    row, n = 0, len(points)
    share = np.linspace(0, 1, N_CURVE + 1)[1:-1, None]
    worst = 0.0
    while row < n:
        if types[row] == "L":
            found.append(points[row : row + 1])
            row += 1
            continue
        if row == 0 or types[row : row + 2] != "CC" or types[row - 1] != "L":
            raise FormatError(f"{part.where}: types: expected two C between two L at vertex {row}.")
        a, b, c, d = points[row - 1], points[row], points[row + 1], points[(row + 2) % n]
        rest = 1 - share
        found.append(rest**3 * a + 3 * rest**2 * share * b + 3 * rest * share**2 * c + share**3 * d)
        bend = max(float(np.linalg.norm(a - 2 * b + c)), float(np.linalg.norm(b - 2 * c + d)))
        worst = max(worst, 6 * bend / (8 * N_CURVE**2))
        row += 2
    tally.approximate("polygons", "points", 1, worst, "px", f"curves as {N_CURVE} straight lines")
    return np.concatenate(found)


def _graph(graph: Fields, names: tuple[str, ...], tally: Tally) -> FloatArray:
    """(k, 3) points in the order of the class' skeleton."""
    points = np.zeros((max(len(names), 1), 3))
    for node in graph.objects("nodes"):
        name = node.text("category", "")
        if name not in names:
            raise FormatError(f"{node.where}: category {name[:40]!r} is no point of the skeleton.")
        seen = 1.0 if node.get("visibility") == "N" else 2.0
        points[names.index(name)] = (*node.numbers("location", 2), seen)
    tally.drop("keypoints", "edges", int(bool(graph.items("edges", []))), "skeletons have points only")
    return points
