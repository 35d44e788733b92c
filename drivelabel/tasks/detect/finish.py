"""The last step of every detector: from its own classes and boxes to rows of Boxes2D in DRIVING."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.geometry.boxes import clip_boxes, nms
from drivelabel.labels import MODEL, Boxes2D, Taxonomy
from drivelabel.labels.taxonomies import COCO, DRIVING, UNMAPPED, mapping, spelling
from drivelabel.typing import AnyArray, IntArray

MAX_CANDIDATES = 2000
"""More boxes of one image than this never come to non-maximum suppression; the best ones do."""


class ToDriving:
    """Maps a detector's classes by name to DRIVING.

    Attributes:
        dropped: how many boxes of which class had none there, over all frames so far.
    """

    def __init__(self, names: Sequence[str], rows: IntArray) -> None:
        """From the detector's class names, and the row of DRIVING of each (UNMAPPED for none)."""
        self._names = tuple(names)
        self._rows = rows
        self.dropped: Counter[str] = Counter()

    @classmethod
    def of(cls, classes: Taxonomy) -> ToDriving:
        """For a detector with the classes of a taxonomy."""
        return cls(classes.names, mapping(classes, DRIVING))

    @classmethod
    def by_name(cls, names: Sequence[str]) -> ToDriving:
        """For a detector with classes of its own: they mean what COCO means by that name, or DRIVING."""
        known = {name: row for row, name in enumerate(DRIVING.names)}
        known |= zip(COCO.names, mapping(COCO, DRIVING).tolist(), strict=True)
        by_spelling = {spelling(name): row for name, row in known.items()}
        rows = [by_spelling.get(spelling(name), UNMAPPED) for name in names]
        return cls(names, np.array(rows, np.int64))

    def boxes(
        self, xyxy: AnyArray, score: AnyArray, class_id: AnyArray, image_hw: tuple[int, int]
    ) -> Boxes2D:
        """Rows inside the image, best first; boxes without area left and unmapped classes are dropped.

        Args:
            xyxy: (n, 4), pixels of the image, may reach outside.
            score: (n,), in [0, 1].
            class_id: (n,) of the detector's own classes.
            image_hw: size of the image.
        """
        class_id = np.asarray(class_id, np.int64)
        clipped = clip_boxes(np.asarray(xyxy, np.float32), image_hw)
        seen = (clipped[:, 2:] > clipped[:, :2]).all(axis=1)
        category_id = self._rows[class_id]
        unmapped = seen & (category_id == UNMAPPED)
        self.dropped.update(self._names[i] for i in class_id[unmapped])
        rows = np.flatnonzero(seen & ~unmapped)
        rows = rows[np.argsort(-np.asarray(score)[rows], kind="stable")]
        return Boxes2D(
            xyxy=clipped[rows],
            category_id=category_id[rows],
            score=np.asarray(score, np.float32)[rows],
            origin=np.full(len(rows), MODEL, np.uint8),
        )


def keep_best(boxes: Boxes2D, iou_threshold: float, across_classes: bool, max_boxes: int) -> Boxes2D:
    """Boxes after non-maximum suppression, best first.

    Args:
        boxes: rows best first.
        iou_threshold: boxes that overlap a better one by more are dropped.
        across_classes: a better box of any class removes; else only one of the same class.
        max_boxes: how many stay at most.
    """
    boxes = boxes[:MAX_CANDIDATES]
    group = np.zeros(len(boxes), np.int64) if across_classes else boxes.category_id
    return boxes[nms(boxes.xyxy, boxes.score, group, iou_threshold)[:max_boxes]]


def check_fraction(name: str, value: float) -> None:
    """Raise InvalidLabelError unless a threshold lies in [0, 1]."""
    if not 0 <= value <= 1:
        raise InvalidLabelError(f"{name}: expected a number in [0, 1], got {value!r}.")
