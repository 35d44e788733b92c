"""Where areas differ most, class by class and camera by camera, with the wrong pixels as outlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

from drivelabel.evaluation.report.findings import Finding, order, size_weight
from drivelabel.evaluation.report.shapes import Shape
from drivelabel.labels import DRIVING, NO_TRACK, VOID
from drivelabel.typing import BoolArray, IntArray, UInt8Array

Maps: TypeAlias = Callable[[int], tuple[UInt8Array, UInt8Array]]
"""Frame -> both label maps."""

BAD_IOU = 0.5
"""A frame in which a class overlaps less than this is counted as wrong."""
MAX_PATCHES = 12
MIN_SIDE_PX = 8
TOLERANCE_PX = 1.5


def area_findings(
    tables: IntArray, frames: IntArray, time_ns: IntArray, camera: IntArray, used: IntArray, maps: Maps
) -> list[Finding]:
    """One finding per class that both sides use and camera in which it overlaps badly in a frame.

    Its weight is half the sum, over those frames, of how large the wrong pixels would be as one square.

    Args:
        tables: (f, n + 1, n + 1) pixels by true and predicted class.
        frames, time_ns, camera: (f,) of the judged frames.
        used: the classes.
        maps: to read a frame again.
    """
    found = []
    for k in used.tolist():
        tp = tables[:, k, k]
        missed, false = tables[:, k].sum(axis=1) - tp, tables[:, :-1, k].sum(axis=1) - tp
        bad = tp < BAD_IOU * (tp + missed + false)
        weight = size_weight(np.sqrt(missed + false)) / 2
        for sensor in np.unique(camera[bad]).tolist():
            rows = np.flatnonzero(bad & (camera == sensor))
            best = int(rows[np.argmax(weight[rows])])
            counts = int(tp[best]), int(missed[best]), int(false[best])
            found.append(
                Finding(
                    kind="label_map",
                    error="missed" if counts[1] >= counts[2] else "false",
                    what=_words(DRIVING.names[k], *counts),
                    truth_class=DRIVING.names[k],
                    pred_class=DRIVING.names[k],
                    group=int(frames[best]),
                    camera=sensor,
                    n=len(rows),
                    at_ns=int(time_ns[best]),
                    first_ns=int(time_ns[rows].min()),
                    last_ns=int(time_ns[rows].max()),
                    track_id=NO_TRACK,
                    distance=float("nan"),
                    weight=float(weight[rows].sum()),
                    shapes=_patches(k, *maps(int(frames[best]))),
                )
            )
    return sorted(found, key=order)


def _words(name: str, tp: int, missed: int, false: int) -> str:
    iou = tp / (tp + missed + false)
    lost = missed / max(tp + missed, 1)
    return (
        f"{name.replace('_', ' ')} area: IoU {iou:.2f}; {100 * lost:.0f} % of it is not labelled, "
        f"{false:,} pixels are labelled without it"
    )


def _patches(k: int, truth: UInt8Array, pred: UInt8Array) -> tuple[Shape, ...]:
    """The largest wrong patches as outlines."""
    known = truth != VOID
    false = _outlines((pred == k) & (truth != k) & known, "a-false")
    return (*false, *_outlines((truth == k) & (pred != k), "a-missed"))


def _outlines(mask: BoolArray, look: str) -> list[Shape]:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    large = sorted(contours, key=cv2.contourArea, reverse=True)[:MAX_PATCHES]
    shapes = []
    for contour in large:
        if cv2.contourArea(contour) >= MIN_SIDE_PX**2:
            points = cv2.approxPolyDP(contour, TOLERANCE_PX, True).reshape(-1, 2)
            shapes.append(Shape("area", points.astype(np.float64) + 0.5, look))
    return shapes
