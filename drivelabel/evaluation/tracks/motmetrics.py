"""CLEAR and IDF1 as py-motmetrics computes them; its rules for going on and for switches are its own.

It lets a pair go on after any gap, pairs the rest for as many matches as possible, counts a track as mostly
tracked from 80 % on, and gives MOTP as a distance (1 - IoU): smaller is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.tracks.clear import add_up
from drivelabel.evaluation.tracks.columns import Overlaps, Tracks
from drivelabel.evaluation.tracks.identity import agreeing_rows
from drivelabel.geometry._kernels import track_scores as kernels


@dataclass(frozen=True, slots=True)
class MotClear:
    """The counts of py-motmetrics; the scores are made of them.

    Attributes:
        n_truth: true rows.
        n_pred: predicted rows.
        n_unique: true tracks.
        matches: rows that match, switches included.
        fp: predicted rows without a match.
        fn: true rows without a match.
        switches: matches with another id than the track's last one.
        fragments: how often a track is lost and found again.
        transfers: newly paired predicted tracks that had another true track before.
        ascends: switches to a predicted track that never matched before.
        migrates: transfers to a true track that never matched before.
        mostly_tracked: tracks matched in at least 80 % of their rows.
        partially_tracked: at least 20 %.
        mostly_lost: the rest.
        distance_sum: over matches.
        idtp: rows that agree under the best pairing of tracks.
    """

    n_truth: int
    n_pred: int
    n_unique: int
    matches: int
    fp: int
    fn: int
    switches: int
    fragments: int
    transfers: int
    ascends: int
    migrates: int
    mostly_tracked: int
    partially_tracked: int
    mostly_lost: int
    distance_sum: float
    idtp: int

    @property
    def mota(self) -> float:
        """1 less the share of misses, false positives and switches; NaN without truth."""
        return 1.0 - _ratio(self.fn + self.switches + self.fp, self.n_truth)

    @property
    def motp(self) -> float:
        """Mean distance of matches; NaN without them."""
        return _ratio(self.distance_sum, self.matches)

    @property
    def recall(self) -> float:
        """Matches over true rows; NaN without them."""
        return _ratio(self.matches, self.n_truth)

    @property
    def precision(self) -> float:
        """Matches over predicted rows; NaN without them."""
        return _ratio(self.matches, self.n_pred)

    @property
    def idf1(self) -> float:
        """Rows that keep one name, of both sides; NaN without any row."""
        return _ratio(2 * self.idtp, self.n_truth + self.n_pred)

    @property
    def idp(self) -> float:
        """Of predicted rows."""
        return _ratio(self.idtp, self.n_pred)

    @property
    def idr(self) -> float:
        """Of true rows."""
        return _ratio(self.idtp, self.n_truth)

    def to_json(self) -> dict[str, Any]:
        """Scores and counts by name."""
        names = ("mota", "motp", "idf1", "idp", "idr", "recall", "precision")
        return {name: getattr(self, name) for name in names} | asdict(self)

    @classmethod
    def combine(cls, logs: Sequence[MotClear]) -> MotClear:
        """One result for several logs: all counts add up.

        Raises:
            InvalidLabelError: there are no logs.
        """
        combined: MotClear = add_up(cls, logs)
        return combined


def mot_clear(
    truth: Tracks, pred: Tracks, overlaps: Overlaps | None = None, *, max_distance: float = 0.5
) -> MotClear:
    """CLEAR and IDF1 of one log.

    Args:
        truth: true tracks.
        pred: predicted tracks over the same frames.
        overlaps: how alike rows are; by default the IoU of their boxes. Distance is 1 - similarity.
        max_distance: rows farther apart never match.

    Raises:
        InvalidLabelError: the two differ in their number of frames, or come without boxes or overlaps.
    """
    overlaps = overlaps or Overlaps.of_boxes(truth, pred)
    n, m = len(truth.track_id), len(pred.track_id)
    distance = 1.0 - overlaps.similarity
    counts, total, matched = kernels.motmetrics_counts(
        truth.track_id,
        truth.n_ids,
        pred.track_id,
        pred.n_ids,
        truth.frame_offsets,
        pred.frame_offsets,
        overlaps.starts,
        overlaps.pred_row,
        distance,
        float(max_distance),
    )
    matches, switches, fragments, transfers, ascends, migrates = counts.tolist()
    share = matched / np.maximum(1, np.bincount(truth.track_id, minlength=truth.n_ids))
    mostly, partly = int((share >= 0.8).sum()), int(((share >= 0.2) & (share < 0.8)).sum())
    return MotClear(
        n,
        m,
        truth.n_ids,
        matches,
        m - matches,
        n - matches,
        switches,
        fragments,
        transfers,
        ascends,
        migrates,
        mostly,
        partly,
        truth.n_ids - mostly - partly,
        total,
        agreeing_rows(truth, pred, overlaps, distance <= max_distance),
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
