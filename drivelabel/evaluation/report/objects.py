"""One kind of object in one log: gathered, matched, sliced, scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from drivelabel.evaluation.effort import Effort
from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.bands import with_slices
from drivelabel.evaluation.report.classes import Translation, judged_categories
from drivelabel.evaluation.report.columns import Matched, Objects
from drivelabel.evaluation.report.counts import Counts, count
from drivelabel.evaluation.report.effort import box_effort, cuboid_effort
from drivelabel.evaluation.report.findings import Finding, Outline, find
from drivelabel.evaluation.report.followed import Track, true_tracks
from drivelabel.evaluation.report.gather import (
    MOTIONS,
    Gathered,
    frames_with_cuboids,
    gather,
    gather_projected,
    table_of,
    what_counts,
)
from drivelabel.evaluation.report.matching import Closeness, match
from drivelabel.evaluation.report.rules import Rule, check_rules
from drivelabel.evaluation.report.settings import Settings
from drivelabel.evaluation.report.tracks import TrackScores, score_tracks
from drivelabel.geometry import box_area, cuboid_corners, pairwise_iou
from drivelabel.labels import INTERPOLATED
from drivelabel.scene import Layer, Scene
from drivelabel.typing import FloatArray, IntArray

PROJECTED = "cuboids, projected into the images"


@dataclass(frozen=True, slots=True, eq=False)
class ObjectReport:
    """One kind of object in one log.

    Attributes:
        matched: all objects.
        truth_from: the truth's kind of label, or PROJECTED.
        judged: counts of frames (samples) and of what was left out.
        truth_classes, pred_classes: how both sides' classes became those of DRIVING.
        tracks: the true ones, frame by frame.
        scores: of tracks; None where there are no tracks to compare.
        effort: the fewest edits.
        findings, rules: see their modules.
        filled: counts with and without interpolated rows, where there are any.
        filled_rows: of truth and prediction.
        motion: (3, 3) found cuboids by true and predicted motion, in the order of MOTIONS; else None.
    """

    matched: Matched
    truth_from: str
    judged: Mapping[str, int]
    truth_classes: Translation
    pred_classes: Translation
    tracks: list[Track]
    scores: TrackScores | None
    effort: Effort
    findings: list[Finding]
    rules: list[Rule]
    filled: dict[str, Counts]
    filled_rows: tuple[int, int]
    motion: IntArray | None


def can_project(scene: Scene, truth: Layer, pred: Layer, kind: str) -> bool:
    """Whether the truth has no image boxes, but cuboids that can stand for them."""
    if kind != "boxes2d" or "boxes2d" in truth.tables or not {"boxes3d"} <= set(truth.tables):
        return False
    return "boxes2d" in pred.tables and bool(frames_with_cuboids(scene, truth).any())


def evaluate_objects(
    scene: Scene, truth: Layer, pred: Layer, kind: str, settings: Settings, *, lights: bool = True
) -> ObjectReport:
    """Judge one kind of object where the truth has labelled it.

    Args:
        scene: the log.
        truth, pred: the layers.
        kind: of label.
        settings: the rules.
        lights: whether boxes of traffic lights count; not where lights are judged on their own.

    Raises:
        InvalidLabelError: a layer has labels of frames that the scene does not have, or a broken score.
        SceneLookupError: cuboids cannot be projected.
    """
    projected = can_project(scene, truth, pred, kind)
    if projected:
        groups = frames_with_cuboids(scene, truth)
        theirs = gather_projected(scene, truth, groups, settings, lights=lights)
    else:
        table = table_of(scene, truth, kind)
        assert table is not None, "the caller has seen that there is one"
        groups = table.labelled.copy()
        theirs = gather(scene, truth, kind, groups, replace(settings, min_score=0.0), lights=lights)
        counting = what_counts(scene, truth, kind, theirs.objects, settings)
        theirs = replace(theirs, objects=counting)
    ours = gather(scene, pred, kind, groups, settings, lights=lights)
    known = judged_categories(truth.taxonomy)
    matched = _match(kind, theirs.objects, ours.objects, settings, known, projected)
    matched = with_slices(matched, scene, [truth, pred, *scene.layers.values()], settings)
    tracks = true_tracks(matched)
    in_3d = kind == "boxes3d"
    return ObjectReport(
        matched=matched,
        truth_from=PROJECTED if projected else kind,
        judged=_judged(matched, int(groups.sum()), int((groups & ~ours.labelled).sum()), theirs, ours),
        truth_classes=theirs.translation,
        pred_classes=ours.translation,
        tracks=tracks,
        scores=score_tracks(matched, settings),
        effort=cuboid_effort(matched, truth.boxes3d.rows, pred.boxes3d.rows, settings)
        if in_3d
        else box_effort(matched, settings.iou if projected else settings.effort_iou),
        findings=find(matched, tracks, _footprints(matched, truth, pred) if in_3d else None),
        rules=check_rules(matched, scene),
        filled=_filled(kind, theirs, ours, settings, known, projected),
        filled_rows=(_interpolated(theirs.objects), _interpolated(ours.objects)),
        motion=_motion(matched, ours.objects) if in_3d else None,
    )


def _footprints(matched: Matched, truth: Layer, pred: Layer) -> Outline:
    """The ground under a cuboid, metres, world coords."""

    def outline(side: str, row: int) -> tuple[str, FloatArray]:
        objects, layer = (matched.truth, truth) if side == "truth" else (matched.pred, pred)
        one = layer.boxes3d.rows[objects.row[row : row + 1]]
        corners = cuboid_corners(one.center, one.size_lwh, one.quat_wxyz)[0]
        low = corners[np.argsort(corners[:, 2], kind="stable")[:4], :2]
        turn = np.arctan2(*(low - low.mean(axis=0)).T[::-1])
        return "ground", low[np.argsort(turn)]

    return outline


def _motion(matched: Matched, pred: Objects) -> IntArray:
    """Found cuboids by true and predicted motion: one taken to stand is refined to a wrong place."""
    rows = np.flatnonzero(matched.truth_error == c.FOUND)
    true, said = matched.truth.bands["motion"][rows], pred.bands["motion"][matched.truth_pred[rows]]
    table = [[int(((true == a) & (said == b)).sum()) for b in MOTIONS] for a in MOTIONS]
    return np.array(table, np.int64)


def _judged(
    matched: Matched, groups: int, unlabelled: int, truth: Gathered, pred: Gathered
) -> dict[str, int]:
    reasons = np.bincount(matched.truth.ignored_for, minlength=len(c.REASONS)).tolist()
    return {
        "groups": groups,
        "pred_unlabelled": unlabelled,
        "low_score": pred.n_low_score,
        "as_lights_truth": truth.n_lights,
        "as_lights_pred": pred.n_lights,
        "unmapped_truth": sum(truth.translation.unmapped.values()),
        "unmapped_pred": sum(pred.translation.unmapped.values()),
        **{f"ignored: {why}": n for why, n in zip(c.REASONS, reasons, strict=True) if why},
    }


def _interpolated(objects: Objects) -> int:
    return int((objects.origin == INTERPOLATED).sum())


def _filled(
    kind: str, truth: Gathered, pred: Gathered, settings: Settings, known: IntArray, projected: bool
) -> dict[str, Counts]:
    """Counts without interpolated truth, without interpolated labels, and without both."""
    true_fill = truth.objects.origin == INTERPOLATED
    pred_fill = pred.objects.origin == INTERPOLATED
    found: dict[str, Counts] = {}
    bare = truth.objects.without(true_fill, c.FILLED)
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
        ignored = np.flatnonzero(truth.ignored)
        extra["inside"] = lambda t, p: metres(ignored[t], p)
        near: Closeness = metres
    else:
        first, loose = settings.iou, min(0.1, settings.iou)
        least = max(settings.min_size_px, settings.min_height_px if projected else 0.0)
        extra |= {"inside": inside, "min_height_px": least}
        near = iou
    return match(kind, truth, pred, near, same=first, loose=loose, **extra)


def share_inside(truth_xyxy: FloatArray, pred_xyxy: FloatArray) -> FloatArray:
    """(n, m) share of each prediction's area that lies in a truth; 0 for boxes without area."""
    corner = np.maximum(truth_xyxy[:, None, :2], pred_xyxy[None, :, :2])
    other = np.minimum(truth_xyxy[:, None, 2:], pred_xyxy[None, :, 2:])
    both = np.prod(np.maximum(other - corner, 0), axis=2)
    area = box_area(pred_xyxy)
    share: FloatArray = both / np.where(area > 0, area, np.inf)
    return share
