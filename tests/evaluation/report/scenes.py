"""Small scenes with a truth layer and predictions, for tests of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from drivelabel.labels import DRIVING, Boxes2D, Boxes3D, Grouped, LaneLines, Ragged, Tags, Taxonomy
from drivelabel.scene import Camera, Frames, Layer, Poses, Scene

SECOND = 1_000_000_000
HW = (400, 600)
CAR, TRUCK, PERSON = (DRIVING.id_of(name) for name in ("car", "truck", "pedestrian"))


def boxes(rows: list[tuple[Any, ...]]) -> Boxes2D:
    """(x0, y0, x1, y1, category, score, track[, origin]) per row."""
    if not rows:
        return Boxes2D.empty()
    table = np.array([(*row, 1)[:8] for row in rows], float)
    return Boxes2D(
        xyxy=table[:, :4],
        category_id=table[:, 4].astype(int),
        score=table[:, 5],
        track_id=table[:, 6].astype(int),
        origin=table[:, 7].astype(int),
    )


def scene(layers: Mapping[str, Layer], n_frames: int = 4, name: str = "log") -> Scene:
    """One camera at 2 Hz, standing at the origin and looking along x."""
    look = np.array([[0, 0, 1.0, 0], [-1, 0, 0, 0], [0, -1, 0, 1.5], [0, 0, 0, 1]])
    camera = Camera("cam", HW, np.array([[400.0, 0, 300], [0, 400, 200], [0, 0, 1]]), ego_from_sensor=look)
    time_ns = np.arange(n_frames) * SECOND // 2
    zeros = np.zeros(n_frames, int)
    poses = Poses(time_ns, np.zeros((n_frames, 3)), np.tile([1.0, 0, 0, 0], (n_frames, 1)))
    frames = Frames(time_ns, zeros, zeros, np.arange(n_frames), np.arange(n_frames))
    from drivelabel.scene import Source

    return Scene(
        name, (camera,), DRIVING, frames, samples_ns=time_ns, sources=(Source("a.mp4", "video"),),
        poses=poses, layers=layers,
    )  # fmt: skip


def layer(name: str, taxonomy: Taxonomy = DRIVING, **tables: Any) -> Layer:
    """Kinds to one table per frame; None leaves a frame unlabelled."""
    types = {"boxes2d": Boxes2D, "boxes3d": Boxes3D, "lane_lines": LaneLines, "tags": Tags}
    grouped = {
        kind: Grouped.from_groups(types[kind], len(rows), {i: r for i, r in enumerate(rows) if r is not None})
        for kind, rows in tables.items()
    }
    return Layer(name, taxonomy, tables=grouped)


def lines(*points: list[tuple[float, float]]) -> LaneLines:
    """One line per list of points."""
    lane = DRIVING.id_of("lane_marking")
    return LaneLines(Ragged.from_rows(points, np.float32, (2,)), np.full(len(points), lane))


def random_layer(
    name: str, generator: np.random.Generator, n_frames: int, taxonomy: Taxonomy = DRIVING
) -> Layer:
    """Boxes on a coarse grid, so that many meet."""
    rows = []
    for _ in range(n_frames):
        n = int(generator.integers(0, 7))
        corner = generator.integers(0, 5, (n, 2)) * 60 + generator.normal(0, 8, (n, 2))
        size = generator.choice([50, 70, 90], (n, 2))
        score = np.round(generator.random(n), 6)
        category = generator.choice([CAR, TRUCK, PERSON], n)
        rows.append(
            boxes(
                [
                    (*c, *(c + s), k, v, t)
                    for t, (c, s, k, v) in enumerate(zip(corner, size, category, score, strict=True))
                ]
            )
        )
    return layer(name, taxonomy, boxes2d=rows)
