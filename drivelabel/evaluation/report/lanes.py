"""Lane lines against lane lines: drawn at named widths and paired, their distance in pixels beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from drivelabel.evaluation.report.counts import ratio
from drivelabel.evaluation.report.gather import table_of
from drivelabel.evaluation.report.settings import Settings
from drivelabel.geometry import distance_to_polyline
from drivelabel.labels import LaneLines
from drivelabel.scene import Layer, Scene
from drivelabel.typing import BoolArray, FloatArray, IntArray, UInt8Array

LANE_IOUS = (0.5, 0.75)
_SHIFT = 3
"""cv2 draws at eighths of a pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class LaneFrames:
    """Lane lines of one log, one row per judged frame.

    Attributes:
        frame: (f,) row of the scene's frames.
        time_ns: (f,).
        n_truth, n_pred: (f,) lines.
        hits: (f, w, k) lines found at each width of the settings and each of LANE_IOUS.
        distance_sum: (f,) pixels, summed over the lines found at the first width and IoU.
        bands: dimension to (f,) the name of the slice.
        pred_labelled: (f,) whether anybody predicted; other frames count as empty.
    """

    frame: IntArray
    time_ns: IntArray
    n_truth: IntArray
    n_pred: IntArray
    hits: IntArray
    distance_sum: FloatArray
    bands: Mapping[str, Any]
    pred_labelled: BoolArray

    def counts(self, widths: Sequence[tuple[float, float]], rows: Any = slice(None)) -> dict[str, Any]:
        """Counts over some frames, and the numbers that follow, as plain JSON values."""
        truth, pred = int(self.n_truth[rows].sum()), int(self.n_pred[rows].sum())
        found = int(self.hits[rows, 0, 0].sum())
        total_px = float(self.distance_sum[rows].sum())
        return {
            "frames": len(self.frame[rows]),
            "frames_without_lines": int((self.n_truth[rows] == 0).sum()),
            "truth": truth,
            "pred": pred,
            "distance_sum_px": total_px,
            "distance_px": ratio(total_px, found),
            "at": [
                {
                    "width_px": width,
                    "of_image_width_px": of,
                    "iou": iou,
                    **_f1(int(self.hits[rows, w, k].sum()), truth, pred),
                }
                for w, (width, of) in enumerate(widths)
                for k, iou in enumerate(LANE_IOUS)
            ],
        }


def _f1(found: int, truth: int, pred: int) -> dict[str, Any]:
    return {
        "found": found,
        "missed": truth - found,
        "false": pred - found,
        "recall": ratio(found, truth),
        "precision": ratio(found, pred),
        "f1": ratio(2 * found, truth + pred),
    }


def lane_frames(
    scene: Scene, truth: Layer, pred: Layer, bands: Mapping[str, Any], settings: Settings
) -> LaneFrames:
    """Pair the lines of every frame that the truth has labelled.

    Args:
        scene: the log.
        truth, pred: layers with lane lines.
        bands: dimension to (n_frames,) the slice of each frame.
        settings: widths and the least score.
    """
    lines, made = table_of(scene, truth, "lane_lines"), table_of(scene, pred, "lane_lines")
    assert lines is not None and made is not None, "the caller has seen that both have lines"
    frames = np.flatnonzero(lines.labelled)
    n_truth, n_pred = np.zeros(len(frames), np.int64), np.zeros(len(frames), np.int64)
    hits = np.zeros((len(frames), len(settings.lane_widths), len(LANE_IOUS)), np.int64)
    distance = np.zeros(len(frames))
    for i, frame in enumerate(frames.tolist()):
        theirs = made[frame]
        theirs = theirs[theirs.score >= settings.min_score]
        n_truth[i], n_pred[i] = len(lines[frame]), len(theirs)
        if n_truth[i] and n_pred[i]:
            image_hw = scene.camera_of(frame).image_hw
            hits[i], distance[i] = _frame(lines[frame], theirs, image_hw, settings)
    return LaneFrames(
        frames, scene.frames.timestamp_ns[frames], n_truth, n_pred, hits, distance,
        {name: values[frames] for name, values in bands.items()}, made.labelled[frames],
    )  # fmt: skip


def _frame(
    truth: LaneLines, pred: LaneLines, image_hw: tuple[int, int], settings: Settings
) -> tuple[IntArray, float]:
    hits = np.zeros((len(settings.lane_widths), len(LANE_IOUS)), np.int64)
    distance = 0.0
    for w, (width, of) in enumerate(settings.lane_widths):
        iou = line_ious(truth, pred, image_hw, width * image_hw[1] / of)
        rows, columns = linear_sum_assignment(iou, maximize=True)
        for k, least in enumerate(LANE_IOUS):
            good = iou[rows, columns] > least
            hits[w, k] = int(good.sum())
            if w == k == 0:
                pairs = zip(rows[good].tolist(), columns[good].tolist(), strict=True)
                distance = sum(_mean_distance(pred.points[j], truth.points[i]) for i, j in pairs)
    return hits, distance


def line_ious(truth: LaneLines, pred: LaneLines, image_hw: tuple[int, int], width_px: float) -> FloatArray:
    """(n, m) overlap of lines drawn at a width, strictly inside the image."""
    a, b = (_drawn(lines, image_hw, width_px) for lines in (truth, pred))
    both = (a.astype(np.float32) @ b.T.astype(np.float32)).astype(np.float64)
    either = a.sum(axis=1, dtype=np.int64)[:, None] + b.sum(axis=1, dtype=np.int64)[None] - both
    iou: FloatArray = both / np.maximum(either, 1)
    return iou


def _drawn(lines: LaneLines, image_hw: tuple[int, int], width_px: float) -> UInt8Array:
    """(n, pixels) at half size; the width is halved with it."""
    height, width = image_hw[0] // 2 + 1, image_hw[1] // 2 + 1
    masks = np.zeros((len(lines), height, width), np.uint8)
    thick = max(1, round(width_px / 2))
    for i in range(len(lines)):
        points = np.round((lines.points[i] / 2 - 0.5) * 2**_SHIFT).astype(np.int32)
        cv2.polylines(masks[i], [points], False, (1,), thick, cv2.LINE_8, _SHIFT)
    return masks.reshape(len(lines), -1)


def _mean_distance(line: Any, other: Any) -> float:
    return float(np.mean(distance_to_polyline(line, other)))
