"""Lane lines over time: one identity per line, steadier places, gaps bridged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import INTERPOLATED, LINE_STYLES, MODEL, LaneLines, Ragged
from drivelabel.tasks.annotator import FrameLabels, State
from drivelabel.tasks.lanes.filter import LineTracks, predict, update
from drivelabel.tasks.lanes.hough import POINT_STEP
from drivelabel.tasks.lanes.match import line_distance, match_lines
from drivelabel.typing import AnyArray, BoolArray, Float32Array, FloatArray, IntArray

LINE_IDS_START = 500_000
"""Track ids of lines start here within their camera's range, above those of objects."""

IDS_PER_CAMERA = 1_000_000

MAX_GAP_NS = 500_000_000
"""A line that is not seen for longer is no longer drawn."""

MEMORY_NS = 1_500_000_000
"""A line that is not seen for longer gets a new identity when it returns."""

_MATCH_LIMIT, _LATE_LIMIT, _SAME_LINE = 0.6, 0.35, 0.35  # camera heights, about
_TRUSTED_SCORE = 0.6  # a new line with less is drawn from its second sighting on
_BRIDGE_HITS = 3  # sightings before a line is drawn where it is not seen
_FADE_NS = 400_000_000


class LaneTracker:
    """Follows the lane lines of one camera; a Sequencer.

    A line keeps its ``track_id`` while it is the same paint on the road, also when its ``position``
    changes because the vehicle crosses it. Rows of lines that are not seen for up to MAX_GAP_NS are
    carried on with origin ``interpolated`` and a falling score.

    Args:
        image_hw: size of the camera's images.
        camera_row: row of the camera among the scene's sensors; gives its lines a range of ids.

    Raises:
        InvalidLabelError: the size is not positive, or the row is negative.
    """

    def __init__(self, image_hw: tuple[int, int], camera_row: int = 0) -> None:
        if min(image_hw) < 1 or camera_row < 0:
            raise InvalidLabelError(
                f"LaneTracker: expected a positive image size and a row from 0 on, "
                f"got {image_hw} and {camera_row}."
            )
        self._image_hw = (int(image_hw[0]), int(image_hw[1]))
        step = POINT_STEP * self._image_hw[0]
        self._knots = np.arange(round(1.0 / POINT_STEP) + 1) * step
        self._next_id = camera_row * IDS_PER_CAMERA + LINE_IDS_START
        self._tracks = LineTracks.empty(len(self._knots), len(LINE_STYLES))
        self._last_ns: int | None = None

    @property
    def name(self) -> str:
        """``lane_tracker``."""
        return "lane_tracker"

    @property
    def version(self) -> str:
        """Number of the method; it rises with every change that moves a line or an id."""
        return "lane_tracker-1"

    @property
    def provides(self) -> tuple[str, ...]:
        """Lane lines."""
        return ("lane_lines",)

    @property
    def needs(self) -> tuple[str, ...]:
        """Lane lines."""
        return ("lane_lines",)

    def step(self, timestamp_ns: int, labels: FrameLabels) -> FrameLabels:
        """The frame's lines with identities, smoothed, and with lines bridged over short gaps.

        Args:
            timestamp_ns: time of the frame, later than that of the frame before.
            labels: of the frame; without lane lines only bridged lines come back.

        Raises:
            InvalidLabelError: time does not rise.
        """
        elapsed = self._elapsed(timestamp_ns)
        lines = labels.lane_lines if labels.lane_lines is not None else LaneLines.empty()
        seen = self._sightings(lines)
        before = predict(self._tracks, elapsed)
        before = before[before.unseen_ns <= MEMORY_NS]
        row, column = self._match(before, seen)
        matched = update(before[row], seen[column], elapsed)
        lost = before[~_among(row, len(before))]
        new = self._named(seen[~_among(column, len(seen))])
        current = matched.concat(new)
        lost = lost[~self._covered(lost, current)]
        self._tracks = current.concat(lost)
        self._last_ns = timestamp_ns
        return replace(labels, lane_lines=self._rows(self._tracks))

    def state(self) -> State:
        """All that the next step depends on."""
        head: dict[str, AnyArray | int | float | str] = {
            "image_h": self._image_hw[0],
            "image_w": self._image_hw[1],
            "next_id": self._next_id,
            "has_last": int(self._last_ns is not None),
            "last_ns": self._last_ns or 0,
        }
        return head | {f"tracks.{name}": column.copy() for name, column in self._tracks.columns().items()}

    def restore(self, state: State) -> None:
        """Go back to a state that :meth:`state` gave.

        Raises:
            InvalidLabelError: the state is of another image size, or something is missing in it.
        """
        names = self._tracks.columns()
        missing = [n for n in ("image_h", "image_w", "next_id", "has_last", "last_ns") if n not in state]
        missing += [f"tracks.{n}" for n in names if f"tracks.{n}" not in state]
        if missing:
            raise InvalidLabelError(f"lane tracker's state: {', '.join(missing)} missing.")
        size = (int(state["image_h"]), int(state["image_w"]))
        if size != self._image_hw:
            raise InvalidLabelError(
                f"lane tracker's state: expected image size {self._image_hw}, got {size}."
            )
        self._next_id = int(state["next_id"])
        self._last_ns = int(state["last_ns"]) if int(state["has_last"]) else None
        columns = {n: np.array(state[f"tracks.{n}"], dtype=c.dtype) for n, c in names.items()}
        self._tracks = LineTracks(**columns)

    def _elapsed(self, timestamp_ns: int) -> int:
        if self._last_ns is None:
            return 0
        if timestamp_ns <= self._last_ns:
            raise InvalidLabelError(
                f"lane tracker: expected a time after {self._last_ns} ns, got {timestamp_ns} ns. "
                "Give each camera's frames in order of time to its own tracker."
            )
        return timestamp_ns - self._last_ns

    def _sightings(self, lines: LaneLines) -> LineTracks:
        """The frame's lines as rows of LineTracks, without names."""
        n, k = len(lines), len(self._knots)
        u, known = np.zeros((n, k)), np.zeros((n, k), np.bool_)
        for i in range(n):
            points = lines.points[i].astype(np.float64)
            points = points[np.argsort(points[:, 1], kind="stable")]
            slack = 1e-3 * self._knots[1]
            known[i] = (self._knots >= points[0, 1] - slack) & (self._knots <= points[-1, 1] + slack)
            u[i] = np.where(known[i], np.interp(self._knots, points[:, 1], points[:, 0]), 0.0)
        side = np.sign(lines.position.astype(np.int64))
        middle = np.array([lines.points[i][0, 0] for i in range(n)]) >= 0.5 * self._image_hw[1]
        side = np.where(side == 0, np.where(middle, 1, -1), side)
        zeros = np.zeros(n, np.int64)
        seen = LineTracks(
            track_id=zeros,
            u=u,
            speed=np.zeros((n, k)),
            known=known,
            drawn=known,
            hits=zeros + 1,
            unseen_ns=zeros,
            score=lines.score.astype(np.float64),
            style_votes=np.eye(len(LINE_STYLES))[lines.style],
            side=side,
            category_id=lines.category_id,
            source=lines.source.astype(np.int64),
        )
        return seen[known.sum(axis=1) >= 2]

    def _scale(self, *parts: LineTracks) -> FloatArray:
        """(k,) about one camera height in pixels per row: the distance to where the farthest line ends."""
        height = self._image_hw[0]
        known = np.concatenate([part.drawn for part in parts]).any(axis=0)
        far = float(self._knots[int(np.argmax(known))]) if known.any() else 0.5 * height
        return np.asarray(np.maximum(self._knots - far, 0.0) + 0.04 * height)

    def _match(self, tracks: LineTracks, seen: LineTracks) -> tuple[IntArray, IntArray]:
        scale = self._scale(tracks, seen)
        distance = line_distance(tracks.u, tracks.known, seen.u, seen.known, scale)
        limit = np.where(tracks.unseen_ns <= MAX_GAP_NS, _MATCH_LIMIT, _LATE_LIMIT)
        return match_lines(distance, limit)

    def _covered(self, lost: LineTracks, current: LineTracks) -> BoolArray:
        """(n,) lost lines that lie where another line is now: they were that line."""
        distance = line_distance(lost.u, lost.known, current.u, current.known, self._scale(lost, current))
        return np.asarray((distance < _SAME_LINE).any(axis=1))

    def _named(self, seen: LineTracks) -> LineTracks:
        first = self._next_id
        self._next_id += len(seen)
        return replace(seen, track_id=np.arange(first, first + len(seen), dtype=np.int64))

    def _rows(self, tracks: LineTracks) -> LaneLines:
        """The lines to draw, from left to right."""
        here = tracks.unseen_ns == 0
        sure = (tracks.hits > 1) | (tracks.score >= _TRUSTED_SCORE)
        bridged = ~here & (tracks.unseen_ns <= MAX_GAP_NS) & (tracks.hits >= _BRIDGE_HITS)
        points = [self._points(tracks, i) for i in range(len(tracks))]
        long = np.array([len(p) >= 2 for p in points], np.bool_)
        shown = np.flatnonzero(((here & sure) | bridged) & long)
        if not len(shown):
            return LaneLines.empty()
        near = np.array([_at_bottom(points[i], self._image_hw[0]) for i in shown])
        order = np.lexsort((near, tracks.side[shown]))
        shown, picked = shown[order], tracks[shown[order]]
        unseen = picked.unseen_ns > 0
        return LaneLines(
            points=Ragged.from_rows([points[i] for i in shown], np.float32, (2,)),
            category_id=picked.category_id,
            source=picked.source.astype(np.uint8),
            style=np.argmax(picked.style_votes, axis=1).astype(np.uint8),
            position=_positions(picked.side).astype(np.int8),
            score=(picked.score * np.exp(-picked.unseen_ns / _FADE_NS)).astype(np.float32),
            track_id=picked.track_id,
            origin=np.where(unseen, INTERPOLATED, MODEL).astype(np.uint8),
        )

    def _points(self, tracks: LineTracks, row: int) -> Float32Array:
        """(k, 2) near to far, inside the image."""
        u = tracks.u[row]
        shown = tracks.drawn[row] & (u >= 0.0) & (u <= self._image_hw[1])
        return np.column_stack([u[shown], self._knots[shown]])[::-1].astype(np.float32)


def _among(rows: IntArray, n: int) -> BoolArray:
    mask = np.zeros(n, np.bool_)
    mask[rows] = True
    return mask


def _positions(side: IntArray) -> IntArray:
    """(n,) places counted from the camera outwards; lines come from left to right, left side first."""
    n_left = int((side < 0).sum())
    left = np.arange(n_left) - n_left
    return np.concatenate([left, np.arange(1, len(side) - n_left + 1)])


def _at_bottom(points: Float32Array, height: int) -> float:
    """Column in which a line, drawn straight on from its nearer part, leaves the image below."""
    near, next_ = points[0].astype(np.float64), points[min(len(points) - 1, 4)].astype(np.float64)
    rise = near[1] - next_[1]
    return float(near[0] + (near[0] - next_[0]) / max(rise, 1e-6) * (height - near[1]))
