"""CLEAR: MOTA, MOTP, identity switches, as TrackEval computes them.

Source: Bernardin & Stiefelhagen, Evaluating Multiple Object Tracking Performance, 2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.tracks.columns import Overlaps, Tracks
from drivelabel.geometry._kernels import track_scores as kernels

THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Clear:
    """CLEAR's counts; the scores are made of them.

    Attributes:
        tp: matched rows.
        fn: true rows without a match.
        fp: predicted rows without a match.
        idsw: matches with another id than the track's last match.
        mt: tracks matched in more than 80 % of their rows.
        pt: the others with at least 20 %.
        ml: the rest.
        frag: how often a track is matched again after a gap.
        similarity_sum: over matches.
        n_frames: frames; 0 when one side is empty, as TrackEval has it.
    """

    tp: int
    fn: int
    fp: int
    idsw: int
    mt: int
    pt: int
    ml: int
    frag: int
    similarity_sum: float
    n_frames: int

    @property
    def mota(self) -> float:
        """1 less the share of misses, false positives and switches; 0 when one side is empty."""
        return (self.tp - self.fp - self.idsw) / self._n_truth if self.n_frames else 0.0

    @property
    def moda(self) -> float:
        """As MOTA, without switches."""
        return (self.tp - self.fp) / self._n_truth if self.n_frames else 0.0

    @property
    def motp(self) -> float:
        """Mean similarity of matches."""
        return self.similarity_sum / max(1, self.tp)

    @property
    def smota(self) -> float:
        """As MOTA, with each match worth its similarity."""
        return (self.similarity_sum - self.fp - self.idsw) / self._n_truth if self.n_frames else 0.0

    @property
    def recall(self) -> float:
        """Matches over true rows."""
        return self.tp / self._n_truth

    @property
    def precision(self) -> float:
        """Matches over predicted rows."""
        return self.tp / max(1, self.tp + self.fp)

    @property
    def f1(self) -> float:
        """Of precision and recall."""
        return self.tp / max(1.0, self.tp + 0.5 * self.fn + 0.5 * self.fp)

    @property
    def _n_truth(self) -> int:
        return max(1, self.tp + self.fn)

    def to_json(self) -> dict[str, Any]:
        """Scores and counts by name."""
        names = ("mota", "moda", "motp", "smota", "recall", "precision", "f1")
        return {name: getattr(self, name) for name in names} | asdict(self)

    @classmethod
    def combine(cls, logs: Sequence[Clear]) -> Clear:
        """One result for several logs: all counts add up.

        Raises:
            InvalidLabelError: there are no logs.
        """
        combined: Clear = add_up(cls, logs)
        return combined


def clear(
    truth: Tracks, pred: Tracks, overlaps: Overlaps | None = None, *, threshold: float = THRESHOLD
) -> Clear:
    """CLEAR of one log.

    Args:
        truth: true tracks.
        pred: predicted tracks over the same frames.
        overlaps: how alike rows are; by default the IoU of their boxes.
        threshold: the similarity from which on rows match.

    Raises:
        InvalidLabelError: the two differ in their number of frames, or come without boxes or overlaps.
    """
    n, m = len(truth.track_id), len(pred.track_id)
    if not n or not m:
        return Clear(0, n, m, 0, 0, 0, truth.n_ids, 0, 0.0, 0)
    overlaps = overlaps or Overlaps.of_boxes(truth, pred)
    tp, idsw, total, matched, begun = kernels.clear_counts(
        truth.track_id,
        truth.n_ids,
        pred.track_id,
        truth.frame_offsets,
        pred.frame_offsets,
        overlaps.starts,
        overlaps.pred_row,
        overlaps.similarity,
        float(threshold),
    )
    share = matched / np.bincount(truth.track_id)
    mt = int((share > 0.8).sum())
    pt = int((share >= 0.2).sum()) - mt
    frag = int(np.maximum(begun - 1, 0).sum())
    return Clear(tp, n - tp, m - tp, idsw, mt, pt, truth.n_ids - mt - pt, frag, total, len(truth))


def add_up(kind: Any, logs: Sequence[Any]) -> Any:
    """The sum of results that are counts only, field by field."""
    if not logs:
        raise InvalidLabelError("logs: expected at least one, got none.")
    return kind(*(sum(getattr(log, field.name) for log in logs) for field in fields(kind)))
