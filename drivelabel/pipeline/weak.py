"""Boxes that neither a good score nor a track speaks for."""

from __future__ import annotations

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import NO_TRACK
from drivelabel.tasks.annotator import FrameLabels, State


class DropWeakBoxes:
    """Drops boxes without a track whose score is low; a Sequencer without memory.

    Detectors are asked for weak boxes too, since a tracker goes on through them. What it did not use is
    mostly noise.

    Args:
        min_score: boxes without a track need at least this.

    Raises:
        InvalidLabelError: `min_score` lies outside [0, 1].
    """

    name = "drop_weak_boxes"
    provides: tuple[str, ...] = ("boxes2d",)
    needs: tuple[str, ...] = ("boxes2d",)

    def __init__(self, min_score: float = 0.3) -> None:
        if not 0 <= min_score <= 1:
            raise InvalidLabelError(f"min_score: expected a number in [0, 1], got {min_score}.")
        self._min_score = min_score
        self.version = f"1 score>={min_score:g}"

    def step(self, timestamp_ns: int, labels: FrameLabels) -> FrameLabels:
        """The frame's boxes without the weak ones."""
        boxes = labels.boxes2d
        if boxes is None:
            raise InvalidLabelError("drop_weak_boxes: expected boxes2d of the frame, got none.")
        return FrameLabels(boxes2d=boxes[(boxes.score >= self._min_score) | (boxes.track_id != NO_TRACK)])

    def state(self) -> State:
        """Nothing."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to go back to."""
