"""Random label tables in one picture, for the laws of formats: any numbers inside the image."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from drivelabel.labels import (
    ARROWS,
    BULBS,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    RELEVANCES,
    TABLES,
    VOID,
    Attributes,
    Boxes2D,
    Boxes3D,
    Category,
    Keypoints,
    LaneLines,
    Polygons,
    Table,
    Tags,
    Taxonomy,
    TrafficLights,
)

SMALL = Taxonomy(
    "small",
    (
        Category("car", "#FF0000", concept="car"),
        Category("traffic light", "#00FF00", concept="traffic_light"),
        Category("person", "#0000FF", skeleton=("head", "hip", "foot")),
        Category("road", "#808080", concept="road", is_thing=False),
        Category("Große <Straße> & \"co\", 'x'", "#123456"),
    ),
)
"""Few classes, one of an odd name; ``person`` has a skeleton of three points."""

TEXTS = ("", "yes", "no", "1", "1.5", "true", "ü中", "a;b, c", "<b>&amp;\"'", "  x ", "=1+1")
"""Values of text attributes; some look like numbers or markup."""

HW: TypeAlias = tuple[int, int]
Numbers: TypeAlias = Callable[[float, float], st.SearchStrategy[float]]


def any_float32(low: float, high: float) -> st.SearchStrategy[float]:
    """Any float32 in a range."""
    first = np.float32(low) if np.float32(low) >= low else np.nextafter(np.float32(low), np.float32(np.inf))
    return st.floats(float(first), high, width=32)


def quarters(low: float, high: float) -> st.SearchStrategy[float]:
    """Quarter pixels, which every format with two decimals keeps."""
    return st.integers(math.ceil(low * 4), math.floor(high * 4)).map(lambda k: k / 4)


def whole(low: float, high: float) -> st.SearchStrategy[float]:
    """Whole pixels."""
    return st.integers(math.ceil(low), math.floor(high)).map(float)


@st.composite
def _common(draw: Any, n: int, kind: str, taxonomy: Taxonomy, plain: bool) -> dict[str, Any]:
    """Columns that many kinds have."""
    names = {column.name for column in TABLES[kind].__dataclass_fields__.values()}
    columns: dict[str, Any] = {}
    if "category_id" in names:
        columns["category_id"] = _column(draw, n, st.integers(0, len(taxonomy) - 1))
    if "track_id" in names:
        columns["track_id"] = draw(_tracks(n))
    if not plain:
        columns["score"] = np.array(_column(draw, n, any_float32(0, 1)), np.float32)
        columns["origin"] = _column(draw, n, st.integers(0, 3))
        columns["attributes"] = draw(attribute_rows(n))
    elif kind == "tags":
        columns |= {"score": np.ones(n, np.float32), "attributes": draw(attribute_rows(n))}
    return columns


def _column(draw: Any, n: int, values: st.SearchStrategy[Any]) -> list[Any]:
    return list(draw(st.lists(values, min_size=n, max_size=n)))


def _tracks(n: int) -> st.SearchStrategy[list[int]]:
    """One thing occurs once in a picture; all tracked, or some not."""
    numbers = st.permutations(range(1, 9)).map(lambda ids: list(ids[:n]))
    some = st.tuples(numbers, st.lists(st.booleans(), min_size=n, max_size=n))
    return st.one_of(
        st.just([-1] * n),
        numbers,
        some.map(lambda both: [i if on else -1 for i, on in zip(*both, strict=True)]),
    )


@st.composite
def attribute_rows(draw: Any, n: int) -> Attributes:
    """Attributes of `n` rows: texts, bools and numbers, each name of one type."""
    of_name = {
        "occluded": st.booleans(),
        "note": st.sampled_from(TEXTS),
        "count": st.integers(-5, 10**6),
        "speed km/h": st.floats(-1e3, 1e3),
    }
    names = draw(st.lists(st.sampled_from(sorted(of_name)), unique=True, max_size=3))
    return Attributes.of({name: _column(draw, n, st.none() | of_name[name]) for name in names}, n)


@st.composite
def box_rows(draw: Any, n: int, hw: HW, numbers: Numbers = any_float32) -> Any:
    """(n, 4) xyxy inside the image, at least one pixel wide and high."""
    rows = []
    for _ in range(n):
        left, top = draw(numbers(0, hw[1] - 2)), draw(numbers(0, hw[0] - 2))
        right, bottom = draw(numbers(left + 1, hw[1])), draw(numbers(top + 1, hw[0]))
        rows.append((left, top, right, bottom))
    return np.array(rows, np.float32).reshape(n, 4)


@st.composite
def ring(draw: Any, hw: HW, numbers: Numbers = any_float32) -> Any:
    """(k, 2) a closed outline that does not cross itself: corners of a box, some of them cut off."""
    (left, top, right, bottom), *_ = draw(box_rows(1, hw, numbers)).tolist()
    if draw(st.booleans()):
        return np.array([(left, top), (right, top), (right, bottom)], np.float32)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.array(corners, np.float32)


@st.composite
def table(
    draw: Any, kind: str, n: int, hw: HW, taxonomy: Taxonomy = SMALL, numbers: Numbers = any_float32,
    plain: bool = False,
) -> Table:  # fmt: skip
    """`n` rows of an image kind.

    Args:
        plain: certain, by people, without attributes.
    """
    columns = draw(_common(n, kind, taxonomy, plain))
    u, v = numbers(0, hw[1]), numbers(0, hw[0])
    seen = st.sampled_from((0.0, 1.0, 2.0))
    if kind == "boxes2d":
        return Boxes2D(xyxy=draw(box_rows(n, hw, numbers)), **columns)
    if kind == "lane_lines":
        points = _column(draw, n, st.lists(st.tuples(u, v), min_size=2, max_size=5, unique=True))
        return LaneLines(
            points=[np.array(row, np.float32) for row in points],
            source=_column(draw, n, st.integers(0, len(LINE_SOURCES) - 1)),
            style=_column(draw, n, st.integers(0, len(LINE_STYLES) - 1)),
            position=_column(draw, n, st.integers(-3, 3)),
            **columns,
        )
    if kind == "traffic_lights":
        bulbs = _column(draw, n, st.tuples(*(st.tuples(u, v, seen) for _ in BULBS)))
        return TrafficLights(
            xyxy=draw(box_rows(n, hw, numbers)),
            keypoints=_absent_at_zero(np.array(bulbs, np.float32).reshape(n, len(BULBS), 3)),
            state=_column(draw, n, st.integers(0, len(LIGHT_STATES) - 1)),
            arrow=_column(draw, n, st.integers(0, len(ARROWS) - 1)),
            relevance=_column(draw, n, st.integers(0, len(RELEVANCES) - 1)),
            **columns,
        )
    if kind == "keypoints":
        return _skeletons(draw, n, taxonomy, columns, st.tuples(u, v, seen))
    if kind == "polygons":
        rings = [draw(st.lists(ring(hw, numbers), min_size=1, max_size=2)) for _ in range(n)]
        return Polygons(**Polygons.ring_columns(rings), **columns)
    return Tags(**columns)


def _skeletons(draw: Any, n: int, taxonomy: Taxonomy, columns: dict[str, Any], point: Any) -> Keypoints:
    """Each of a class that has a skeleton, with just its number of points."""
    able = [row for row, category in enumerate(taxonomy) if category.skeleton]
    if not able:
        return Keypoints.empty()
    columns["category_id"] = _column(draw, n, st.sampled_from(able))
    rows = []
    for category_id in columns["category_id"]:
        k = len(taxonomy.categories[category_id].skeleton)
        rows.append(_absent_at_zero(np.array(_column(draw, k, point), np.float32).reshape(k, 3)))
    return Keypoints(keypoints=rows, **columns)


def _absent_at_zero(points: Any) -> Any:
    """A point that is absent is nowhere."""
    points[points[..., 2] == 0] = 0
    return points


@st.composite
def label_map(draw: Any, hw: HW, taxonomy: Taxonomy = SMALL) -> Any:
    """(h, w) uint8: some boxes of classes on void or on the first class."""
    found = np.full(hw, draw(st.sampled_from((VOID, 0))), np.uint8)
    for left, top, right, bottom in draw(box_rows(draw(st.integers(0, 3)), hw, whole)).astype(int).tolist():
        found[top:bottom, left:right] = draw(st.integers(0, len(taxonomy) - 1))
    return found


@st.composite
def instance_map(draw: Any, hw: HW, n_things: int) -> Any:
    """(h, w) uint16: boxes of things."""
    found = np.zeros(hw, np.uint16)
    for left, top, right, bottom in draw(box_rows(draw(st.integers(0, 3)), hw, whole)).astype(int).tolist():
        found[top:bottom, left:right] = draw(st.integers(0, n_things))
    return found


@st.composite
def cuboids(draw: Any, n: int, time_ns: int, taxonomy: Taxonomy = SMALL, plain: bool = False) -> Boxes3D:
    """`n` cuboids near the origin, turned about z, some of known velocity."""
    columns = draw(_common(n, "boxes3d", taxonomy, plain))
    metres = st.floats(-100, 100)
    yaw = np.array(_column(draw, n, st.floats(-3.1, 3.1)), np.float64)
    speed = st.one_of(
        st.just((np.nan,) * 3), st.tuples(any_float32(-30, 30), any_float32(-30, 30), st.just(0.0))
    )
    side = any_float32(0.25, 10)
    return Boxes3D(
        timestamp_ns=[time_ns] * n,
        center=np.array(_column(draw, n, st.tuples(metres, metres, metres)), np.float64).reshape(n, 3),
        size_lwh=np.array(_column(draw, n, st.tuples(side, side, side)), np.float32).reshape(n, 3),
        quat_wxyz=np.stack([np.cos(yaw / 2), 0 * yaw, 0 * yaw, np.sin(yaw / 2)], axis=-1),
        velocity=np.array(_column(draw, n, speed), np.float32).reshape(n, 3),
        n_points=_column(draw, n, st.integers(-1, 500)),
        **columns,
    )
