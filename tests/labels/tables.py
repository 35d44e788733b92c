"""Random label tables for Hypothesis: any number of rows, any values that a table may hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from drivelabel.labels import (
    ARROWS,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    RELEVANCES,
    Attributes,
    Boxes2D,
    Boxes3D,
    Keypoints,
    LaneLines,
    Polygons,
    Table,
    Tags,
    TrafficLights,
)

_INT64 = st.integers(-1, 2**62)
_PIXEL = st.floats(-1e5, 1e5, width=32)
_SCORE = st.floats(0, 1, width=32)
_METRES = st.floats(-1e6, 1e6)
_ATTRIBUTE = st.one_of(
    st.booleans(), st.integers(-(2**40), 2**40), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
)  # fmt: skip


@st.composite
def attribute_rows(draw: Any, n_rows: int) -> Attributes:
    """Attributes of `n_rows` rows; each row has some of up to three names."""
    row = st.dictionaries(st.sampled_from(["occluded", "lane", "état"]), _ATTRIBUTE, max_size=3)
    return Attributes.from_rows(draw(st.lists(row, min_size=n_rows, max_size=n_rows)))


@st.composite
def xyxy(draw: Any) -> list[float]:
    """One box that is not inside out."""
    left, right = sorted(draw(st.tuples(_PIXEL, _PIXEL)))
    top, bottom = sorted(draw(st.tuples(_PIXEL, _PIXEL)))
    return [left, top, right, bottom]


def _column(draw: Any, n: int, values: st.SearchStrategy[Any]) -> list[Any]:
    found: list[Any] = draw(st.lists(values, min_size=n, max_size=n))
    return found


def _common(draw: Any, n: int, track: bool = True, category: bool = True) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "score": _column(draw, n, _SCORE),
        "origin": _column(draw, n, st.integers(0, 3)),
        "row_id": _column(draw, n, _INT64),
        "attributes": draw(attribute_rows(n)),
    }
    if track:
        columns["track_id"] = _column(draw, n, st.integers(-1, 5))
    if category:
        columns["category_id"] = _column(draw, n, st.integers(0, 30))
    return columns


@st.composite
def boxes2d(draw: Any, n: int) -> Boxes2D:
    """A table of `n` boxes."""
    return Boxes2D(xyxy=np.array(_column(draw, n, xyxy()), np.float32).reshape(n, 4), **_common(draw, n))


@st.composite
def boxes3d(draw: Any, n: int) -> Boxes3D:
    """A table of `n` cuboids."""
    turns = np.array(_column(draw, n, st.floats(-3.2, 3.2)), np.float64)
    quat = np.stack([np.cos(turns / 2), 0 * turns, 0 * turns, np.sin(turns / 2)], axis=-1)
    return Boxes3D(
        timestamp_ns=_column(draw, n, _INT64),
        center=np.array(_column(draw, n, st.tuples(_METRES, _METRES, _METRES)), np.float64).reshape(n, 3),
        size_lwh=np.array(_column(draw, n, st.floats(0.125, 30, width=32)), np.float32)[:, None] * [1, 2, 3],
        quat_wxyz=quat.reshape(n, 4),
        n_points=_column(draw, n, st.integers(-1, 10**6)),
        **_common(draw, n),
    )


@st.composite
def lane_lines(draw: Any, n: int) -> LaneLines:
    """A table of `n` lane lines."""
    points = st.lists(st.tuples(_PIXEL, _PIXEL), min_size=2, max_size=5)
    return LaneLines(
        points=_column(draw, n, points),
        source=_column(draw, n, st.integers(0, len(LINE_SOURCES) - 1)),
        style=_column(draw, n, st.integers(0, len(LINE_STYLES) - 1)),
        position=_column(draw, n, st.integers(-3, 3)),
        **_common(draw, n),
    )


_KEYPOINT = st.tuples(_PIXEL, _PIXEL, st.sampled_from([0.0, 1.0, 2.0]))


@st.composite
def traffic_lights(draw: Any, n: int) -> TrafficLights:
    """A table of `n` traffic lights."""
    bulbs = _column(draw, n, st.tuples(_KEYPOINT, _KEYPOINT, _KEYPOINT))
    return TrafficLights(
        xyxy=np.array(_column(draw, n, xyxy()), np.float32).reshape(n, 4),
        keypoints=np.array(bulbs, np.float32).reshape(n, 3, 3),
        state=_column(draw, n, st.integers(0, len(LIGHT_STATES) - 1)),
        arrow=_column(draw, n, st.integers(0, len(ARROWS) - 1)),
        relevance=_column(draw, n, st.integers(0, len(RELEVANCES) - 1)),
        **_common(draw, n),
    )


@st.composite
def keypoints(draw: Any, n: int) -> Keypoints:
    """A table of `n` skeletons, some without points."""
    return Keypoints(keypoints=_column(draw, n, st.lists(_KEYPOINT, max_size=4)), **_common(draw, n))


@st.composite
def polygons(draw: Any, n: int) -> Polygons:
    """A table of `n` outlined areas of one to three rings."""
    ring = st.lists(st.tuples(_PIXEL, _PIXEL), min_size=3, max_size=5)
    rings = _column(draw, n, st.lists(ring, min_size=1, max_size=3))
    columns = Polygons.ring_columns([[np.array(points, np.float32) for points in row] for row in rings])
    return Polygons(**columns, **_common(draw, n))


@st.composite
def tags(draw: Any, n: int) -> Tags:
    """A table of `n` facts."""
    return Tags(**_common(draw, n, track=False, category=False))


OF_KIND = {
    "boxes2d": boxes2d,
    "boxes3d": boxes3d,
    "lane_lines": lane_lines,
    "traffic_lights": traffic_lights,
    "keypoints": keypoints,
    "polygons": polygons,
    "tags": tags,
}
"""Strategy of a table with a given number of rows, by kind."""


@st.composite
def tables(draw: Any, max_rows: int = 5) -> Table:
    """A table of any kind."""
    kind = draw(st.sampled_from(sorted(OF_KIND)))
    table: Table = draw(OF_KIND[kind](draw(st.integers(0, max_rows))))
    return table


@st.composite
def same_kind_tables(draw: Any, n_tables: int = 3, max_rows: int = 3) -> list[Table]:
    """Some tables of one kind."""
    strategy = OF_KIND[draw(st.sampled_from(sorted(OF_KIND)))]
    return [draw(strategy(draw(st.integers(0, max_rows)))) for _ in range(n_tables)]
