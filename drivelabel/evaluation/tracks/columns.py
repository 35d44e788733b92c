"""Tracks of one log as columns, and which rows of two sets of tracks overlap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drivelabel._check import check_finite, check_shape
from drivelabel.errors import InvalidLabelError
from drivelabel.geometry._kernels import track_pairs as kernels
from drivelabel.labels import NO_TRACK, Boxes2D, Boxes3D, Grouped
from drivelabel.typing import AnyArray, FloatArray, Int32Array, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Whose row is whose, frame by frame.

    Attributes:
        track_id: (n,) int64, 0 to ``n_ids - 1``, without gaps.
        frame_offsets: (f + 1,) int64, frame i has rows ``frame_offsets[i]:frame_offsets[i + 1]``.
        n_ids: how many tracks there are.
        xyxy: (n, 4) float64, pixels; (0, 4) when similarities are given otherwise.
    """

    track_id: IntArray
    frame_offsets: IntArray
    n_ids: int
    xyxy: FloatArray

    def __len__(self) -> int:
        return len(self.frame_offsets) - 1

    @classmethod
    def from_rows(
        cls, frame: AnyArray, track_id: AnyArray, xyxy: AnyArray | None = None, n_frames: int | None = None
    ) -> Tracks:
        """Tracks of rows in any order.

        Args:
            frame: (n,) whole numbers from 0.
            track_id: (n,) any whole numbers.
            xyxy: (n, 4), or None when similarities are given otherwise.
            n_frames: how many frames there are; by default up to the last with a row.

        Raises:
            InvalidLabelError: columns differ in length, a frame lies outside 0 to `n_frames`, a number is
                not finite, or a track has two rows in a frame.
        """
        frames, ids = np.asarray(frame, np.int64), np.asarray(track_id, np.int64)
        boxes = np.zeros((0, 4)) if xyxy is None else np.asarray(xyxy, np.float64)
        check_shape("frame", frames, (None,))
        check_shape("track_id", ids, frames.shape)
        check_shape("xyxy", boxes, (len(frames) if xyxy is not None else 0, 4))
        check_finite("xyxy", boxes)
        last = int(frames.max()) + 1 if len(frames) else 0
        n = last if n_frames is None else n_frames
        if len(frames) and (frames.min() < 0 or last > n):
            bad = int(np.argmax((frames < 0) | (frames >= n)))
            raise InvalidLabelError(f"frame, row {bad}: expected 0 to {n - 1}, got {int(frames[bad])}.")
        if (np.diff(frames) < 0).any():
            order = np.argsort(frames, kind="stable")
            frames, ids = frames[order], ids[order]
            boxes = boxes[order] if xyxy is not None else boxes
        offsets = np.searchsorted(frames, np.arange(n + 1))
        dense, n_ids = _without_gaps(ids)
        _check_once(frames, dense, ids, n_ids)
        return cls(dense, offsets, n_ids, np.ascontiguousarray(boxes))

    @classmethod
    def of_boxes(cls, boxes: Grouped[Boxes2D] | Grouped[Boxes3D]) -> Tracks:
        """The tracks of a layer's boxes; cuboids come without `xyxy`.

        Raises:
            InvalidLabelError: a box belongs to no track, or a track has two boxes in a frame.
        """
        loose = boxes.rows.track_id == NO_TRACK
        if loose.any():
            raise InvalidLabelError(
                f"track_id, row {int(np.argmax(loose))}: the box belongs to no track. Track the layer, "
                f"or leave such rows out."
            )
        xyxy = boxes.rows.xyxy if isinstance(boxes.rows, Boxes2D) else None
        return cls.from_rows(boxes.group_of_row, boxes.rows.track_id, xyxy, len(boxes))


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """Which rows of two sets of tracks are alike at all.

    Attributes:
        starts: (n + 1,) int64, true row i has pairs ``starts[i]:starts[i + 1]``.
        pred_row: (e,) int32.
        similarity: (e,) float64 in (0, 1].
    """

    starts: IntArray
    pred_row: Int32Array
    similarity: FloatArray
    _couples: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def couples(self, truth: Tracks, pred: Tracks) -> tuple[IntArray, IntArray, IntArray]:
        """(e,) the couple of ids that each pair belongs to; (d,) their true and predicted ids, by true id.

        Kept for the next metric of the same tracks.
        """
        known = self._couples
        if known.get("truth") is not truth or known.get("pred") is not pred:
            found = kernels.couples(
                truth.track_id, truth.n_ids, pred.track_id, pred.n_ids, self.starts, self.pred_row
            )
            known.update(truth=truth, pred=pred, found=found)
        found = known["found"]
        return found[0], found[1], found[2]

    @classmethod
    def of_boxes(cls, truth: Tracks, pred: Tracks) -> Overlaps:
        """All pairs of boxes of one frame that overlap, with their IoU.

        Raises:
            InvalidLabelError: the two differ in their number of frames, or come without boxes.
        """
        check_same_length(truth, pred)
        for name, tracks in (("truth", truth), ("pred", pred)):
            if len(tracks.xyxy) != len(tracks.track_id):
                raise InvalidLabelError(f"{name}: expected boxes, got none. Give the overlaps instead.")
        return cls(*kernels.overlapping_pairs(truth.xyxy, truth.frame_offsets, pred.xyxy, pred.frame_offsets))

    @classmethod
    def from_pairs(
        cls, truth: Tracks, pred: Tracks, truth_row: AnyArray, pred_row: AnyArray, similarity: AnyArray
    ) -> Overlaps:
        """Pairs of rows of one frame and how alike they are, for any geometry (3D IoU, 1 - distance, ...).

        Raises:
            InvalidLabelError: columns differ in length, a row is unknown, a pair joins two frames, or a
                similarity is not in [0, 1].
        """
        check_same_length(truth, pred)
        rows, columns = np.asarray(truth_row, np.int64), np.asarray(pred_row, np.int64)
        values = np.asarray(similarity, np.float64)
        check_shape("truth_row", rows, (None,))
        check_shape("pred_row", columns, rows.shape)
        check_shape("similarity", values, rows.shape)
        bad = ~((values >= 0) & (values <= 1))
        if bad.any():
            at = int(np.argmax(bad))
            raise InvalidLabelError(f"similarity, row {at}: expected a number in [0, 1], got {values[at]}.")
        n, m = len(truth.track_id), len(pred.track_id)
        unknown = (rows < 0) | (rows >= n) | (columns < 0) | (columns >= m)
        if unknown.any():
            raise InvalidLabelError(
                f"pair {int(np.argmax(unknown))}: expected rows 0 to {n - 1} and {m - 1}."
            )
        frame = np.searchsorted(truth.frame_offsets, rows, side="right")
        if not np.array_equal(frame, np.searchsorted(pred.frame_offsets, columns, side="right")):
            raise InvalidLabelError("pairs: expected both rows of a pair in one frame.")
        kept = values > 0
        order = np.argsort(rows[kept], kind="stable")
        starts = np.searchsorted(rows[kept][order], np.arange(n + 1))
        return cls(starts, columns[kept][order].astype(np.int32), values[kept][order])


def check_same_length(truth: Tracks, pred: Tracks) -> None:
    """Raise InvalidLabelError unless both have the same number of frames."""
    if len(truth) != len(pred):
        raise InvalidLabelError(
            f"pred: expected {len(truth)} frames like the truth, got {len(pred)}. Give n_frames to both."
        )


def _without_gaps(ids: IntArray) -> tuple[IntArray, int]:
    """Ids renumbered from 0 in their order, and how many there are."""
    if not len(ids):
        return ids, 0
    low, high = int(ids.min()), int(ids.max())
    if high - low > 4 * len(ids) + 1_000_000:
        distinct, dense = np.unique(ids, return_inverse=True)
        return dense.reshape(-1).astype(np.int64), len(distinct)
    # Not np.unique: it sorts (30 ms at 500k rows against 3).
    seen = np.zeros(high - low + 1, np.bool_)
    seen[ids - low] = True
    number = np.cumsum(seen) - 1
    return number[ids - low], int(number[-1]) + 1


def _check_once(frames: IntArray, dense: IntArray, ids: IntArray, n_ids: int) -> None:
    row = kernels.first_repeat(frames, dense, n_ids)
    if row >= 0:
        raise InvalidLabelError(f"frame {int(frames[row])}: track {int(ids[row])} has more than one row.")
