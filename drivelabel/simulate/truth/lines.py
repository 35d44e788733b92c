"""The visible parts of lane lines and kerbs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from drivelabel.labels import IMPORTED, LINE_SOURCES, LINE_STYLES, Attributes, LaneLines, Ragged
from drivelabel.simulate.truth.view import Projected, View, rounded
from drivelabel.simulate.world.mesh import category_id
from drivelabel.simulate.world.states import Place
from drivelabel.simulate.world.world import World
from drivelabel.typing import AnyArray, BoolArray, FloatArray

LINE_REACH_M = 110.0
MIN_LINE_PX = 12.0

_GROUND = ("road", "lane", "lane_marking", "crosswalk", "stop_line", "other_road_marking", "sidewalk")


def lane_lines_in(world: World, view: View) -> LaneLines:
    """The visible parts of lane lines and kerbs, each as one line from near to far.

    Points that something hides are left out, so that a line goes straight over what stands on it. The
    attribute ``visible`` says which share of the line inside the image was seen; ``color`` that of the paint.
    """
    places = _positions(world, world.ego_place(view.timestamp_ns))
    ground = np.zeros(256, np.bool_)
    ground[[category_id(name) for name in _GROUND]] = True
    points: list[AnyArray] = []
    kept: list[int] = []
    shares: list[float] = []
    near = np.linalg.norm(world.line_points[:, :2] - view.world_from_camera[:2, 3], axis=1) < LINE_REACH_M
    projected = view.project(world.line_points[near])
    for row, (start, stop) in enumerate(
        pairwise(np.concatenate([[0], np.cumsum(near)])[world.line_ends].tolist())
    ):
        if stop - start < 2:
            continue
        own = (projected[0][start:stop], projected[1][start:stop], projected[2][start:stop])
        seen, share = _seen(view, own, ground)
        if len(seen) >= 2 and np.linalg.norm(np.diff(seen, axis=0), axis=1).sum() >= MIN_LINE_PX:
            points.append(seen)
            kept.append(row)
            shares.append(share)
    n = len(kept)
    lines = [world.lines[row] for row in kept]
    return LaneLines(
        points=Ragged.from_rows(points, np.float32, (2,)),
        category_id=np.full(n, category_id("lane_marking"), np.int64),
        source=np.full(n, LINE_SOURCES.index("imported"), np.uint8),
        style=np.array([LINE_STYLES.index(line.style) for line in lines], np.uint8),
        position=np.array([places.get(row, 0) for row in kept], np.int8),
        score=np.ones(n, np.float32),
        track_id=world.first_line_id + np.array(kept, np.int64),
        origin=np.full(n, IMPORTED, np.uint8),
        attributes=Attributes.of(
            {"color": [x.color for x in lines], "visible": rounded(np.array(shares))}, n
        ),
    )


def _positions(world: World, ego: Place) -> dict[int, int]:
    """Row of a line of the ego's road to its place: -1 the first on the left, 1 the first on the right."""
    rows = []
    for row, line in enumerate(world.lines):
        ends = sorted(ego.along * (s - ego.s) for s in (line.start, line.stop))
        if line.road == ego.road and ends[1] > -60 and ends[0] < LINE_REACH_M:
            rows.append(row)
    offsets = {row: ego.along * round(world.lines[row].d, 1) for row in rows}
    left = sorted({d for d in offsets.values() if d > ego.along * ego.d})
    right = sorted({d for d in offsets.values() if d <= ego.along * ego.d}, reverse=True)
    place = {d: -1 - k for k, d in enumerate(left)} | {d: 1 + k for k, d in enumerate(right)}
    return {row: place[d] for row, d in offsets.items()}


def _seen(view: View, projected: Projected, ground: BoolArray) -> tuple[FloatArray, float]:
    """(k, 2) pixels of the points that are seen, near to far, and the seen share of those in the image."""
    uv, depth, inside = projected
    rows = np.flatnonzero(inside)
    if len(rows) < 2:
        return np.zeros((0, 2)), 0.0
    u, v = uv[rows, 0].astype(np.int64), uv[rows, 1].astype(np.int64)
    assert view.camera.camera_matrix is not None
    # Near the horizon one pixel spans many metres of road.
    slack = 0.4 + 1.5 * depth[rows] ** 2 / (view.camera.camera_matrix[1, 1] * 1.3)
    seen = ground[view.category[v, u]] & (np.abs(view.depth[v, u] - depth[rows]) < slack)
    share = float(seen.mean())
    first, last = rows[0], rows[-1]
    rows = rows[seen]
    if len(rows) < 2:
        return np.zeros((0, 2)), share
    line = uv[rows]
    if rows[0] == first and first > 0:
        line = np.concatenate([_to_border(view, uv[first - 1], depth[first - 1], uv[first]), line])
    if rows[-1] == last and last + 1 < len(uv):
        line = np.concatenate([line, _to_border(view, uv[last + 1], depth[last + 1], uv[last])])
    towards: FloatArray = line[::-1] if depth[rows[0]] > depth[rows[-1]] else line
    return towards, share


def _to_border(view: View, outside: FloatArray, depth: float, inside: FloatArray) -> FloatArray:
    """(1, 2) where a line leaves the image between two points; (0, 2) where that cannot be told."""
    height, width = view.camera.image_hw
    if not np.isfinite(outside).all() or depth < 0.3:
        return np.zeros((0, 2))
    step = outside - inside
    shares = [1.0]
    for axis, size in ((0, width), (1, height)):
        if step[axis] != 0:
            shares += [
                t for t in ((0 - inside[axis]) / step[axis], (size - inside[axis]) / step[axis]) if t > 0
            ]
    border: FloatArray = inside + min(shares) * step
    return np.clip(border, 0, [width - 1e-3, height - 1e-3])[None]
