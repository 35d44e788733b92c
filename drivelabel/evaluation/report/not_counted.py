"""True cuboids that no camera can be asked for: without a lidar point, or not visible by the truth's word."""

from __future__ import annotations

import numpy as np

from drivelabel.labels import NO_TRACK, UNKNOWN_COUNT, Boxes3D, Grouped
from drivelabel.typing import BoolArray, IntArray

SPEAKS_NS = 1_000_000_000
HIDDEN_SHARE = ("occlusion", "occluded")
"""Attributes that say which share of an object is hidden, as a number in [0, 1]."""
LOWEST_VISIBILITY = ("v0-40", "0-40", "0-40%", "1", 1, "none", "invisible")
"""Values of ``visibility`` that mean that next to nothing is seen; the first ones and 1 are nuScenes' own."""


def without_points(cuboids: Grouped[Boxes3D], samples_ns: IntArray, least: int) -> BoolArray:
    """(n,) which rows hold fewer lidar points than `least`.

    Where nobody counted, the track's nearest counted sample within SPEAKS_NS speaks; without one the row
    counts.

    Args:
        cuboids: all of a layer.
        samples_ns: (g,) when the samples were.
        least: points.
    """
    rows = cuboids.rows
    points = rows.n_points.astype(np.int64)
    time_ns = samples_ns[cuboids.group_of_row]
    open_rows = np.flatnonzero((points == UNKNOWN_COUNT) & (rows.track_id != NO_TRACK))
    for track in np.unique(rows.track_id[open_rows]).tolist():
        own = np.flatnonzero(rows.track_id == track)
        known = rows.n_points[own] != UNKNOWN_COUNT
        counted, asked = own[known], own[~known]
        if len(counted):
            away = np.abs(time_ns[asked][:, None] - time_ns[counted][None])
            near = away.argmin(axis=1)
            close = away[np.arange(len(asked)), near] <= SPEAKS_NS
            points[asked[close]] = rows.n_points[counted[near[close]]]
    few: BoolArray = (points != UNKNOWN_COUNT) & (points < least)
    return few


def not_visible(cuboids: Boxes3D, rows: IntArray, max_hidden: float) -> BoolArray:
    """(n,) which rows the truth itself calls not visible.

    That is: ``visible`` is false, ``visibility`` has its lowest value, or ``occlusion`` is a number of at
    least `max_hidden`.
    """
    facts = cuboids.attributes
    unseen = np.zeros(len(cuboids), np.bool_)
    if "visible" in facts:
        unseen |= facts["visible"].is_value(False)
    if "visibility" in facts:
        for value in LOWEST_VISIBILITY:
            unseen |= facts["visibility"].is_value(value)
    for name in HIDDEN_SHARE:
        if name in facts:
            column = facts[name]
            share = [v if isinstance(v, float) else 0.0 for v in column.values]
            unseen |= np.array([*share, 0.0])[column.codes] >= max_hidden
    return unseen[rows]
