"""Lines of YOLO label files as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.report import Tally
from drivelabel.formats.yolo.files import DataSet
from drivelabel.labels import IMPORTED, Attributes, Boxes2D, Keypoints, Polygons, Ragged, Table
from drivelabel.typing import FloatArray

TASKS = ("detect", "segment", "pose", "obb")
BOX_COLUMNS = 5
TOLERANCE = 0.01
"""How far outside of 0 to 1 a number may lie."""


def parse_lines(text: str, where: str, n_classes: int) -> list[FloatArray]:
    """One array a line that is not blank: class, then the numbers.

    Raises:
        FormatError: a line holds something else than numbers, a class that is not there, or a number that
            is not finite.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            row = np.array(words, dtype=np.float64)
        except ValueError:
            raise FormatError(f"{where}, line {number}: expected numbers, got {line[:60]!r}.") from None
        if not np.isfinite(row).all():
            raise FormatError(f"{where}, line {number}: expected finite numbers, got {line[:60]!r}.")
        if len(row) < BOX_COLUMNS:
            raise FormatError(f"{where}, line {number}: expected at least 5 numbers, got {len(row)}.")
        if row[0] != int(row[0]) or not 0 <= row[0] < n_classes:
            raise FormatError(
                f"{where}, line {number}: expected a class from 0 to {n_classes - 1}, got {row[0]:g}."
            )
        rows.append(row)
    return rows


def task_of_columns(counts: set[int], data: DataSet) -> str:
    """Which task label files of these column counts are for, where nothing says so."""
    if data.kpt_shape is not None:
        return "pose"
    return "segment" if any(count > 6 for count in counts) else "detect"


def tables_of(
    rows: Sequence[FloatArray], task: str, image_hw: tuple[int, int], data: DataSet, where: str,
    first_track: int, tally: Tally,
) -> list[Table]:  # fmt: skip
    """The tables of one image's lines.

    Raises:
        FormatError: a line has another number of columns than its task, or a number outside the image.
    """
    size = np.array([image_hw[1], image_hw[0]], np.float64)
    if task == "pose":
        return _pose(rows, size, data, where, first_track, tally)
    if task == "detect":
        return [_boxes(rows, size, where, tally)]
    return [_outlines(rows, size, where, task == "obb", tally)]


def _common(rows: Sequence[FloatArray]) -> dict[str, Any]:
    return {
        "category_id": np.array([row[0] for row in rows], np.int64),
        "origin": np.full(len(rows), IMPORTED, np.uint8),
    }


def _boxes(rows: Sequence[FloatArray], size: FloatArray, where: str, tally: Tally) -> Boxes2D:
    """Boxes; a sixth number is the score of a prediction."""
    for k, row in enumerate(rows):
        if len(row) not in (5, 6):
            raise FormatError(f"{where}, label {k}: expected 5 numbers, or 6 with a score, got {len(row)}.")
        if len(row) == 6 and not 0 <= row[5] <= 1:
            raise FormatError(f"{where}, label {k}: expected a score in [0, 1], got {row[5]:g}.")
    score = np.array([row[5] if len(row) == 6 else 1.0 for row in rows], np.float32)
    return Boxes2D(xyxy=_xyxy(rows, size, where, tally).astype(np.float32), score=score, **_common(rows))


def _xyxy(rows: Sequence[FloatArray], size: FloatArray, where: str, tally: Tally) -> FloatArray:
    cxcywh = np.array([row[1:5] for row in rows], np.float64).reshape(-1, 4)
    for k in np.flatnonzero((cxcywh[:, 2:] < 0).any(axis=1)).tolist():
        raise FormatError(f"{where}, label {k}: box has negative size.")
    _check_inside(cxcywh, where)
    half = cxcywh[:, 2:] / 2
    centre = cxcywh[:, :2]
    xyxy: FloatArray = np.concatenate([(centre - half) * size, (centre + half) * size], axis=1)
    _count_rounded(xyxy, "boxes2d", "xyxy", tally)
    return xyxy


def _count_rounded(values: FloatArray, kind: str, column: str, tally: Tally) -> None:
    error = np.abs(values.astype(np.float32) - values).max(axis=1, initial=0)
    tally.approximate(kind, column, int((error > 0).sum()), float(error.max(initial=0)), "px", "float32")


def _check_inside(values: FloatArray, where: str) -> None:
    bad = (values < -TOLERANCE) | (values > 1 + TOLERANCE)
    if bad.any():
        k = int(np.argmax(bad.any(axis=1)))
        raise FormatError(
            f"{where}, label {k}: expected numbers from 0 to 1, parts of the image's width and height, "
            f"got {values[k][bad[k]][0]:g}."
        )


def _outlines(
    rows: Sequence[FloatArray], size: FloatArray, where: str, turned: bool, tally: Tally
) -> Polygons:
    """Polygons; a line of five numbers among them is a box, so a polygon of four points."""
    rings, facts = [], []
    for k, row in enumerate(rows):
        is_box = len(row) == BOX_COLUMNS
        if not is_box and (len(row) < 7 or len(row) % 2 == 0):
            raise FormatError(f"{where}, label {k}: expected x and y of three points or more.")
        if turned and len(row) != 9:
            raise FormatError(f"{where}, label {k}: expected the four corners, got {len(row) - 1} numbers.")
        points = _corners(row) if is_box else row[1:].reshape(-1, 2)
        tally.approximate("polygons", "", int(is_box), 0.0, "", "boxes among outlines, as four corners")
        _check_inside(points, f"{where}, label {k}")
        rings.append([points * size])
        _count_rounded((points * size).reshape(1, -1), "polygons", "points", tally)
        facts.append({"shape": "rotated_box"} if turned else {})
    columns: dict[str, Any] = dict(Polygons.ring_columns(rings))
    return Polygons(**columns, attributes=Attributes.from_rows(facts), **_common(rows))


def _corners(row: FloatArray) -> FloatArray:
    x, y, half_w, half_h = row[1], row[2], row[3] / 2, row[4] / 2
    return np.array(
        [
            (x - half_w, y - half_h),
            (x + half_w, y - half_h),
            (x + half_w, y + half_h),
            (x - half_w, y + half_h),
        ]
    )


def _pose(
    rows: Sequence[FloatArray], size: FloatArray, data: DataSet, where: str, first_track: int, tally: Tally
) -> list[Table]:
    """Boxes, and a skeleton on the track of its box where a point of it is labelled."""
    n, dims = data.kpt_shape or ((len(rows[0]) - BOX_COLUMNS) // 3 if rows else 0, 3)
    for k, row in enumerate(rows):
        if len(row) != BOX_COLUMNS + n * dims:
            raise FormatError(
                f"{where}, label {k}: expected {BOX_COLUMNS + n * dims} numbers, got {len(row)}."
            )
    track_id = first_track + np.arange(len(rows))
    common = _common(rows) | {"track_id": track_id}
    points = np.array([row[BOX_COLUMNS:] for row in rows], np.float64).reshape(len(rows), n, dims)
    if dims == 2:
        seen = np.where((points < 0).any(axis=2) | (points == 0).all(axis=2), 0.0, 2.0)
        points = np.concatenate([points, seen[..., None]], axis=2)
    bad = ~np.isin(points[..., 2], (0, 1, 2)).all(axis=1)
    if bad.any():
        raise FormatError(f"{where}, label {int(np.argmax(bad))}: expected visibility 0, 1 or 2.")
    points[..., :2] *= size
    points[points[..., 2] == 0] = 0
    shown = np.flatnonzero((points[..., 2] > 0).any(axis=1))
    kept = [points[row, : len(data.kpt_names.get(int(rows[row][0]), range(n)))] for row in shown.tolist()]
    skeletons = Keypoints(
        keypoints=Ragged.from_rows(kept, np.float32, (3,)),
        **{name: column[shown] for name, column in common.items()},
    )
    return [Boxes2D(xyxy=_xyxy(rows, size, where, tally).astype(np.float32), **common), skeletons]
