"""Identity: how many rows keep one name when each true track gets one predicted track; as TrackEval.

Source: Ristani et al., Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking, 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from drivelabel.evaluation.tracks.clear import THRESHOLD, add_up
from drivelabel.evaluation.tracks.columns import Overlaps, Tracks
from drivelabel.geometry._kernels import track_scores as kernels
from drivelabel.typing import BoolArray


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity's counts; the scores are made of them.

    Attributes:
        idtp: rows that agree under the best pairing of tracks.
        idfn: true rows that do not.
        idfp: predicted rows that do not.
    """

    idtp: int
    idfn: int
    idfp: int

    @property
    def idf1(self) -> float:
        """Of `idp` and `idr`."""
        return self.idtp / max(1.0, self.idtp + 0.5 * self.idfp + 0.5 * self.idfn)

    @property
    def idp(self) -> float:
        """Agreeing rows over predicted rows."""
        return self.idtp / max(1, self.idtp + self.idfp)

    @property
    def idr(self) -> float:
        """Agreeing rows over true rows."""
        return self.idtp / max(1, self.idtp + self.idfn)

    def to_json(self) -> dict[str, Any]:
        """Scores and counts by name."""
        return {"idf1": self.idf1, "idp": self.idp, "idr": self.idr} | asdict(self)

    @classmethod
    def combine(cls, logs: Sequence[Identity]) -> Identity:
        """One result for several logs: all counts add up.

        Raises:
            InvalidLabelError: there are no logs.
        """
        combined: Identity = add_up(cls, logs)
        return combined


def identity(
    truth: Tracks, pred: Tracks, overlaps: Overlaps | None = None, *, threshold: float = THRESHOLD
) -> Identity:
    """Identity scores of one log; arguments as for :func:`clear`.

    Raises:
        InvalidLabelError: the two differ in their number of frames, or come without boxes or overlaps.
    """
    n, m = len(truth.track_id), len(pred.track_id)
    if not n or not m:
        return Identity(0, n, m)
    overlaps = overlaps or Overlaps.of_boxes(truth, pred)
    idtp = agreeing_rows(truth, pred, overlaps, overlaps.similarity >= threshold)
    return Identity(idtp, n - idtp, m - idtp)


def agreeing_rows(truth: Tracks, pred: Tracks, overlaps: Overlaps, close: BoolArray) -> int:
    """Rows that agree under the best pairing of tracks, where (e,) `close` says which pairs of rows do."""
    couple, of_truth, of_pred = overlaps.couples(truth, pred)
    rows = kernels.identity_matches(
        truth.n_ids, pred.n_ids, couple, of_truth, of_pred, close.astype(np.int64)
    )
    return int(rows)
