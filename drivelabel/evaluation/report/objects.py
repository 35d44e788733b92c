"""One kind of object in one log: gathered, matched, sliced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from drivelabel.evaluation.report.bands import with_slices
from drivelabel.evaluation.report.classes import Translation, judged_categories
from drivelabel.evaluation.report.columns import Matched, Objects
from drivelabel.evaluation.report.counts import Counts, count
from drivelabel.evaluation.report.findings import Finding, find
from drivelabel.evaluation.report.gather import (
    Gathered,
    frames_with_cuboids,
    gather,
    gather_projected,
    table_of,
)
from drivelabel.evaluation.report.matching import Closeness, match
from drivelabel.evaluation.report.rules import Rule, check_rules
from drivelabel.evaluation.report.settings import Settings
from drivelabel.evaluation.report.tracks import Track, true_tracks
from drivelabel.geometry import box_area, pairwise_iou
from drivelabel.labels import INTERPOLATED
from drivelabel.scene import Layer, Scene
from drivelabel.typing import FloatArray, IntArray

COCO_IOUS = np.round(np.arange(0.5, 1.0, 0.05), 2)
CUBOID_METRES = (0.5, 1.0, 2.0, 4.0)
PROJECTED = "cuboids, projected into the images"


@dataclass(frozen=True, slots=True, eq=False)
class ObjectReport:
    """One kind of object in one log.

    Attributes:
        kind: of label.
        truth_from: the truth's kind of label, or PROJECTED.
        matched: all objects.
        groups: frames (samples) that the truth has labelled.
        pred_unlabelled: those of them at which no prediction was made; they count as empty.
        truth_classes, pred_classes: how both sides' classes became those of DRIVING.
        low_score: predictions left out for their score.
        tracks, findings, rules: see their modules.
        filled: counts with and without interpolated rows, or None where there are none.
    """

    kind: str
    truth_from: str
    matched: Matched
    groups: int
    pred_unlabelled: int
    truth_classes: Translation
    pred_classes: Translation
    low_score: int
    tracks: list[Track]
    findings: list[Finding]
    rules: list[Rule]
    filled: dict[str, Counts]
    filled_rows: tuple[int, int]


def can_project(scene: Scene, truth: Layer, pred: Layer, kind: str) -> bool:
    """Whether the truth has no image boxes, but cuboids that can stand for them."""
    if kind != "boxes2d" or "boxes2d" in truth.tables or not {"boxes3d"} <= set(truth.tables):
        return False
    return "boxes2d" in pred.tables and bool(frames_with_cuboids(scene, truth).any())


def evaluate_objects(scene: Scene, truth: Layer, pred: Layer, kind: str, settings: Settings) -> ObjectReport:
    """Judge one kind of object where the truth has labelled it.

    Raises:
        InvalidLabelError: a layer has labels of frames that the scene does not have, or a broken score.
        SceneLookupError: cuboids cannot be projected.
    """
    projected = can_project(scene, truth, pred, kind)
    if projected:
        groups = frames_with_cuboids(scene, truth)
        theirs = gather_projected(scene, truth, groups, settings)
    else:
        table = table_of(scene, truth, kind)
        assert table is not None, "the caller has seen that there is one"
        groups = table.labelled.copy()
        theirs = gather(scene, truth, kind, groups, replace(settings, min_score=0.0))
    ours = gather(scene, pred, kind, groups, settings)
    known = judged_categories(truth.taxonomy)
    matched = _match(kind, theirs.objects, ours.objects, settings, known, projected)
    layers = [truth, pred, *scene.layers.values()]
    matched = with_slices(matched, scene, layers, settings)
    filled_rows = tuple(int((s.objects.origin == INTERPOLATED).sum()) for s in (theirs, ours))
    return ObjectReport(
        kind=kind,
        truth_from=PROJECTED if projected else kind,
        matched=matched,
        groups=int(groups.sum()),
        pred_unlabelled=int((groups & ~ours.labelled).sum()),
        truth_classes=theirs.translation,
        pred_classes=ours.translation,
        low_score=ours.n_low_score,
        tracks=true_tracks(matched),
        findings=find(matched),
        rules=check_rules(matched, scene),
        filled=_filled(kind, theirs, ours, settings, known, projected),
        filled_rows=(filled_rows[0], filled_rows[1]),
    )


def _filled(
    kind: str, truth: Gathered, pred: Gathered, settings: Settings, known: IntArray, projected: bool
) -> dict[str, Counts]:
    """Counts without interpolated truth, without interpolated labels, and without both."""
    true_fill = truth.objects.origin == INTERPOLATED
    pred_fill = pred.objects.origin == INTERPOLATED
    found: dict[str, Counts] = {}
    bare = replace(truth.objects, ignored=truth.objects.ignored | true_fill)
    seen = pred.objects.take(~pred_fill)
    if true_fill.any():
        found["without_filled_truth"] = count(_match(kind, bare, pred.objects, settings, known, projected))
    if pred_fill.any():
        found["without_filled_pred"] = count(_match(kind, truth.objects, seen, settings, known, projected))
    if true_fill.any() and pred_fill.any():
        found["without_both"] = count(_match(kind, bare, seen, settings, known, projected))
    return found


def _match(
    kind: str, truth: Objects, pred: Objects, settings: Settings, known: IntArray, projected: bool
) -> Matched:
    def metres(t: IntArray, p: IntArray) -> FloatArray:
        apart: FloatArray = -np.linalg.norm(truth.center[t, None, :2] - pred.center[None, p, :2], axis=2)
        return apart

    def iou(t: IntArray, p: IntArray) -> FloatArray:
        return pairwise_iou(truth.xyxy[t], pred.xyxy[p])

    def inside(t: IntArray, p: IntArray) -> FloatArray:
        return share_inside(truth.xyxy[truth.ignored][t], pred.xyxy[p])

    extra: dict[str, Any] = {"judged_categories": known}
    if kind == "boxes3d":
        first, loose = -settings.metres, -2 * settings.metres
        thresholds = np.array([first, *(-value for value in CUBOID_METRES)])
        ignored = np.flatnonzero(truth.ignored)
        extra["inside"] = lambda t, p: metres(ignored[t], p)
        near: Closeness = metres
    else:
        first, loose = settings.iou, min(0.1, settings.iou)
        thresholds = np.array([first, *COCO_IOUS])
        extra |= {"inside": inside, "min_height_px": settings.min_height_px if projected else 0.0}
        near = iou
    return match(kind, truth, pred, near, same=first, loose=loose, thresholds=thresholds, **extra)


def share_inside(truth_xyxy: FloatArray, pred_xyxy: FloatArray) -> FloatArray:
    """(n, m) share of each prediction's area that lies in a truth; 0 for boxes without area."""
    corner = np.maximum(truth_xyxy[:, None, :2], pred_xyxy[None, :, :2])
    other = np.minimum(truth_xyxy[:, None, 2:], pred_xyxy[None, :, 2:])
    both = np.prod(np.maximum(other - corner, 0), axis=2)
    area = box_area(pred_xyxy)
    share: FloatArray = both / np.where(area > 0, area, np.inf)
    return share
