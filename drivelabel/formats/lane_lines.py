"""What readers and writers of lane line formats share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.labels import DRIVING, IMPORTED, LINE_SOURCES, LaneLines, Taxonomy
from drivelabel.media.images import read_image_header
from drivelabel.typing import AnyArray, FloatArray

_CLASSES = ("lane_marking", "lane marking", "lane")


def lines_table(lines: Sequence[AnyArray], **columns: Any) -> LaneLines:
    """Imported lane markings of the driving taxonomy.

    Args:
        lines: (k, 2) points each, pixels, from near to far.
        columns: more columns of :class:`LaneLines`.
    """
    if not lines:
        return LaneLines.empty()
    n = len(lines)
    given = {"category_id": np.full(n, DRIVING.id_of("lane_marking")), **columns}
    return LaneLines(
        points=[np.asarray(points, np.float32) for points in lines],  # type: ignore[arg-type]
        source=np.full(n, LINE_SOURCES.index("imported")),
        origin=np.full(n, IMPORTED),
        **given,
    )


def image_size(path: Path, fallback_hw: tuple[int, int]) -> tuple[int, int]:
    """Height and width of an image, or the data set's usual size where the file is not there.

    Raises:
        StoreError: the file is there and is no image, or a damaged one.
    """
    return read_image_header(path).image_hw if path.is_file() else fallback_hw


def is_plain_line(taxonomy: Taxonomy, category_id: int) -> bool:
    """Whether a line's class says no more than that it is a lane line."""
    category = taxonomy.categories[category_id]
    return category.name in _CLASSES or category.concept == "lane_marking"


def xs_at_rows(points: AnyArray, rows: FloatArray) -> tuple[FloatArray, float, int]:
    """A line as one x for each of some image rows.

    Args:
        points: (k, 2) pixels.
        rows: (r,) y of the rows, rising.

    Returns:
        xs: (r,), NaN where the line does not reach.
        error: how far a vertex between the first and last reached row is beside the written line, pixels.
        n_beyond: vertices above the first or below the last reached row.
    """
    order = np.argsort(points[:, 1], kind="stable")
    line = points[order].astype(np.float64)
    ys, first = np.unique(line[:, 1], return_index=True)
    xs = np.interp(rows, ys, line[first, 0])
    reached = (rows >= ys[0]) & (rows <= ys[-1])
    xs[~reached] = np.nan
    if not reached.any():
        return xs, 0.0, len(points)
    low, high = rows[reached][0], rows[reached][-1]
    inside = (line[:, 1] >= low) & (line[:, 1] <= high)
    written = np.interp(line[inside, 1], rows[reached], xs[reached])
    error = float(np.abs(written - line[inside, 0]).max(initial=0.0))
    return xs, error, int((~inside).sum())
