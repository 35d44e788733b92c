"""Lane lines by CULane's and TuSimple's rules, camera by camera at a named width of image, then added up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from drivelabel.evaluation.effort import Effort, lanes_effort
from drivelabel.evaluation.lanes import LinePoints, RowLanes, culane_pairs, tusimple, tusimple_repaired
from drivelabel.evaluation.lanes.columns import offsets_of
from drivelabel.evaluation.report import columns as c
from drivelabel.evaluation.report.columns import Matched, Objects
from drivelabel.evaluation.report.gather import table_of
from drivelabel.evaluation.report.settings import Settings
from drivelabel.geometry import distance_to_polyline
from drivelabel.labels import LINE_STYLES, Grouped, LaneLines, Ragged
from drivelabel.scene import Layer, Scene
from drivelabel.typing import BoolArray, FloatArray, IntArray

LANE_IOUS = (0.5, 0.75)
NAMES = ("lane line",)
MOST_LINES = 5
"""With more true lines in a frame TuSimple's numbers have no meaning: its accuracy can then exceed 1."""
ROWS_WIDTH, ROWS_STEP, SKY = 1280.0, 10.0, 160 / 720
"""TuSimple's images and rows: 1280 wide, a row every 10 px from 160 of 720 down."""


@dataclass(frozen=True, slots=True, eq=False)
class LaneReport:
    """Lane lines of one log beside those that :class:`Matched` counts at the first width and IoU.

    Attributes:
        matched: true lines found with an IoU above 0.5 at the first width.
        frames, frames_without_lines, pred_unlabelled, low_score: judged frames, and what was left out.
        found: (w, k) lines found at each width and each of LANE_IOUS.
        distance_sum: pixels of the own image, summed over the lines found at the first width and IoU.
        strict: TuSimple's accuracy, FP and FN summed over frames, frames that its rules refuse, and frames
            with more lines than its scheme knows.
        rows: the repaired metric's pairs, false and missed lines; points that agree, and true points.
        effort: of all lines.
        lines: both sides' tables, for drawing.
    """

    matched: Matched
    frames: int
    frames_without_lines: int
    pred_unlabelled: int
    low_score: int
    found: IntArray
    distance_sum: float
    strict: FloatArray
    rows: IntArray
    effort: Effort
    lines: tuple[LaneLines, LaneLines]

    def outline(self, side: str, row: int) -> tuple[str, FloatArray]:
        """The points of one line of the matches."""
        objects, lines = (
            (self.matched.truth, self.lines[0]) if side == "truth" else (self.matched.pred, self.lines[1])
        )
        return "line", lines.points[int(objects.row[row])].astype(np.float64)


def evaluate_lanes(scene: Scene, truth: Layer, pred: Layer, settings: Settings) -> LaneReport:
    """Pair the lines of every frame that the truth has labelled."""
    lines, made = table_of(scene, truth, "lane_lines"), table_of(scene, pred, "lane_lines")
    assert lines is not None and made is not None, "the caller has seen that both have lines"
    scored, judged = made.rows.score >= settings.min_score, lines.labelled[made.group_of_row]
    own, theirs = _kept(lines, lines.labelled[lines.group_of_row]), _kept(made, scored & judged)
    n = len(own.rows)
    iou = np.zeros((len(settings.lane_widths), n))
    partner = np.full(n, c.NOBODY)
    strict, rows = np.zeros(5), np.zeros(5, np.int64)
    for frames, image_hw in _cameras(scene, lines.labelled):
        t, p = _of_frames(own, frames), _of_frames(theirs, frames)
        for w, (width, of) in enumerate(settings.lane_widths):
            found, with_iou = _paired(own, t, theirs, p, image_hw, width, of)
            iou[w, t.rows] = with_iou
            if w == 0:
                partner[t.rows] = found
        s, r = _by_rows(own, t, theirs, p, image_hw)
        strict, rows = strict + s, rows + r
    at = iou[0] > LANE_IOUS[0]
    partner = np.where(at, partner, c.NOBODY)
    matched = _matched(scene, own, theirs, partner, np.where(at, iou[0], np.nan))
    distance = sum(
        float(np.mean(distance_to_polyline(theirs.rows.points[int(partner[t])], own.rows.points[t])))
        for t in np.flatnonzero(at).tolist()
    )
    return LaneReport(
        matched=matched,
        frames=int(lines.labelled.sum()),
        frames_without_lines=int((lines.labelled & (lines.counts == 0)).sum()),
        pred_unlabelled=int((lines.labelled & ~made.labelled).sum()),
        low_score=int((~scored & judged).sum()),
        found=np.stack([(iou > least).sum(axis=1) for least in LANE_IOUS], axis=1),
        distance_sum=float(distance),
        strict=strict,
        rows=rows,
        effort=lanes_effort(lines, theirs),
        lines=(own.rows, theirs.rows),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Rows of some frames, one frame after the other."""

    rows: IntArray
    offsets: IntArray


def _kept(table: Grouped[LaneLines], rows: BoolArray) -> Grouped[LaneLines]:
    """Some rows of a table."""
    counts = np.bincount(table.group_of_row[rows], minlength=len(table))
    return Grouped(table.rows[rows], offsets_of(counts.tolist()), table.labelled)


def _cameras(scene: Scene, labelled: BoolArray) -> Iterator[tuple[IntArray, tuple[int, int]]]:
    """Judged frames of each camera, and the size of its images."""
    frames = np.flatnonzero(labelled)
    for sensor in np.unique(scene.frames.sensor[frames]).tolist():
        own = frames[scene.frames.sensor[frames] == sensor]
        yield own, scene.camera_of(int(own[0])).image_hw


def _of_frames(table: Grouped[LaneLines], frames: IntArray) -> _Part:
    counts = table.counts[frames]
    offsets = offsets_of(counts.tolist())
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    return _Part(np.repeat(table.offsets[frames], counts) + within, offsets)


def _scaled(table: Grouped[LaneLines], part: _Part, scale: float) -> Ragged:
    """Points of some rows in an image that is `scale` as large."""
    points = table.rows.points[part.rows]
    return Ragged(points.values.astype(np.float64) * scale, points.offsets)


def _paired(
    own: Grouped[LaneLines],
    t: _Part,
    theirs: Grouped[LaneLines],
    p: _Part,
    image_hw: tuple[int, int],
    width: float,
    of: float,
) -> tuple[IntArray, FloatArray]:
    """For each true line the row of its partner, NOBODY without one, and their IoU."""
    scale = of / image_hw[1]
    sides = []
    for table, part in ((own, t), (theirs, p)):
        points = _scaled(table, part, scale)
        sides.append(LinePoints(Ragged(points.values - 0.5, points.offsets), part.offsets))
    canvas = (max(1, round(image_hw[0] * scale)), round(of))
    pairs = culane_pairs(*sides, image_hw=canvas, width_px=max(1, round(width)))
    first = np.repeat(p.offsets[:-1], np.diff(t.offsets))
    has = pairs.partner >= 0
    partner = np.full(len(t.rows), c.NOBODY)
    partner[has] = p.rows[(first + pairs.partner)[has]]
    return partner, np.where(has, pairs.iou, 0.0)


def _by_rows(
    own: Grouped[LaneLines], t: _Part, theirs: Grouped[LaneLines], p: _Part, image_hw: tuple[int, int]
) -> tuple[FloatArray, IntArray]:
    """TuSimple's sums, quirks included, and the repaired counts."""
    scale = ROWS_WIDTH / image_hw[1]
    height = image_hw[0] * scale
    heights = np.arange(round(height * SKY), height, ROWS_STEP)
    sides = []
    for table, part in ((own, t), (theirs, p)):
        lines = Grouped(
            LaneLines(_scaled(table, part, scale), np.zeros(len(part.rows), np.int64)),
            part.offsets,
            np.ones(len(part.offsets) - 1, np.bool_),
        )
        sides.append(RowLanes.of_lane_lines(lines, heights))
    strict, fair = tusimple(sides[0], sides[1], heights), tusimple_repaired(sides[0], sides[1], heights)
    crowded = int((np.diff(t.offsets) > MOST_LINES).sum())
    sums = np.array([strict.accuracy_sum, strict.fp_sum, strict.fn_sum, strict.n_refused, crowded])
    return sums, np.array([fair.tp, fair.fp, fair.fn, fair.points_correct, fair.points_truth])


def _matched(
    scene: Scene, own: Grouped[LaneLines], theirs: Grouped[LaneLines], partner: IntArray, iou: FloatArray
) -> Matched:
    truth, pred = _objects(scene, own), _objects(scene, theirs)
    of_pred = np.full(len(pred), c.NOBODY)
    has = np.flatnonzero(partner >= 0)
    of_pred[partner[has]] = has
    return Matched(
        "lane_lines",
        truth,
        pred,
        np.where(partner >= 0, c.FOUND, c.MISSED),
        partner,
        np.where(of_pred >= 0, c.RIGHT, c.FALSE),
        of_pred,
        iou,
        np.zeros(len(truth), np.int64),
        np.zeros(len(pred), np.int64),
        NAMES,
    )


def _objects(scene: Scene, table: Grouped[LaneLines]) -> Objects:
    group, n = table.group_of_row, len(table.rows)
    points = table.rows.points
    starts = points.offsets[:-1]
    low = np.minimum.reduceat(points.values, starts) if n else np.zeros((0, 2))
    high = np.maximum.reduceat(points.values, starts) if n else np.zeros((0, 2))
    return Objects(
        group=group,
        row=np.arange(n),
        time_ns=scene.frames.timestamp_ns[group],
        camera=scene.frames.sensor[group].astype(np.int64),
        category=np.zeros(n, np.int64),
        score=table.rows.score.astype(np.float64),
        track_id=table.rows.track_id,
        origin=table.rows.origin.astype(np.int64),
        xyxy=np.concatenate([low, high], axis=1).astype(np.float64),
        center=np.full((n, 3), np.nan),
        distance=np.full(n, np.nan),
        ignored_for=np.zeros(n, np.int64),
        bands={"style": np.array(LINE_STYLES, object)[table.rows.style]},
    )
