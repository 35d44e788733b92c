"""How good the labels are on real recordings: plain numbers, favourable or not.

    python bench/quality.py ../shared/data      # needs the weights of `drivelabel models`

Boxes: PandaSet's cuboids, moved to each front image's time and projected, against the detector's boxes, all
vehicles as one class. A cuboid counts when it is at least 16 px high in the image, within 60 m, and nearer
cuboids hide less than 70 % of its box; detections on other cuboids are neither right nor wrong.
Lanes: TuSimple's three example images with lane masks; a point is right within 20 px of 1280 (their rule,
without the angle), a lane with 85 % of its points right is found.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from drivelabel.evaluation.report import projected_truth
from drivelabel.geometry import pairwise_iou
from drivelabel.labels import mapping
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media.ingest import ingest
from drivelabel.pipeline import annotate, make_plan
from drivelabel.scene import Scene
from drivelabel.storage import SceneStore
from drivelabel.tasks.lanes import detect_lane_lines

VEHICLES = ("car", "truck", "bus", "trailer", "construction_vehicle", "emergency_vehicle", "other_vehicle")
MIN_HEIGHT_PX, MAX_RANGE, MAX_HIDDEN = 16.0, 60.0, 0.7
RANGES = ((0, 20), (20, 40), (40, 60))


def counted_truth(scene: Scene, frame: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, 4) boxes of the vehicles, (n,) whether each counts, and (n,) metres from the camera."""
    truth = scene.layer("truth")
    cuboids = truth.boxes3d[int(scene.frames.sample[frame])]
    seen = projected_truth(scene, frame, cuboids)
    driving = mapping(truth.taxonomy, DRIVING)[cuboids.category_id[seen.row]]
    tall = (seen.xyxy[:, 3] - seen.xyxy[:, 1]) >= MIN_HEIGHT_PX
    counts = tall & (seen.distance <= MAX_RANGE) & (seen.hidden < MAX_HIDDEN)
    keep = np.isin(driving, DRIVING.ids_of(VEHICLES))
    return seen.xyxy[keep], counts[keep], seen.distance[keep]


def boxes_on_pandaset(folder: Path) -> None:
    """Print AP50, recall by range, and ids per truth vehicle."""
    with tempfile.TemporaryDirectory() as work:
        store = SceneStore.create(Path(work) / "panda.scene", ingest(folder))
        annotate(store, make_plan(["boxes", "tracks"]), cameras=["cam_front"])
        _print_boxes(store.scene())


def _print_boxes(scene: Scene) -> None:
    frames = scene.frames_of("cam_front")
    boxes = scene.layer("auto").boxes2d
    scores, right, n_truth = [], [], 0
    found_at, counted_at = [], []
    for frame in frames:
        truth, counts, depth = counted_truth(scene, frame)
        pred = boxes[frame]
        pred = pred[np.isin(pred.category_id, DRIVING.ids_of(VEHICLES))]
        hit = _match(truth, pred.xyxy, pred.score)
        matched = np.isin(np.arange(len(truth)), hit)
        ignored = (hit >= 0) & ~counts[np.maximum(hit, 0)] if len(truth) else np.zeros(len(pred), bool)
        scores += pred.score[~ignored].tolist()
        right += (hit[~ignored] >= 0).tolist()
        n_truth += int(counts.sum())
        found_at += matched[counts].tolist()
        counted_at += depth[counts].tolist()
    print(f"PandaSet 002, front camera, {len(frames)} frames, {n_truth} vehicles that count")
    print(f"  AP50 {_average_precision(np.array(scores), np.array(right), n_truth):.3f}")
    found, metres = np.array(found_at), np.array(counted_at)
    for low, high in RANGES:
        some = (metres >= low) & (metres < high)
        print(
            f"  {low}-{high} m: {some.sum()} vehicles, recall {found[some].mean() if some.any() else 0:.3f}"
        )


def _match(truth: np.ndarray, pred: np.ndarray, score: np.ndarray) -> np.ndarray:
    """(m,) row of the truth that each prediction takes at IoU 0.5, best score first; -1 for none."""
    hit = np.full(len(pred), -1)
    if not len(truth) or not len(pred):
        return hit
    iou = pairwise_iou(truth, pred)
    for column in np.argsort(-score, kind="stable"):
        free = ~np.isin(np.arange(len(truth)), hit)
        best = int(np.argmax(np.where(free, iou[:, column], -1)))
        if free[best] and iou[best, column] >= 0.5:
            hit[column] = best
    return hit


def _average_precision(scores: np.ndarray, right: np.ndarray, n_truth: int) -> float:
    """Area under the precision envelope, all points."""
    order = np.argsort(-scores, kind="stable")
    true = np.cumsum(right[order])
    precision = true / np.arange(1, len(true) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate([[0.0], true / n_truth])
    return float((np.diff(recall) * envelope).sum())


def lanes_on_tusimple(folder: Path) -> None:
    """Print how many lane points and lanes of the example images are found."""
    examples = folder / "data" / "training_data_example"
    points, right, lanes, found, extra = 0, 0, 0, 0, 0
    for path in sorted((examples / "image").glob("*.png")):
        image_rgb = cv2.imread(str(path))[..., ::-1].copy()
        truth = _mask_lanes(cv2.imread(str(examples / "gt_instance_image" / path.name), cv2.IMREAD_UNCHANGED))
        lines = detect_lane_lines(image_rgb).points
        used = set()
        for rows, columns in truth:
            close = [_close(lines[i], rows, columns) for i in range(len(lines))]
            best = int(np.argmax(close)) if close else -1
            share = close[best] if close else 0.0
            points, right = points + len(rows), right + round(share * len(rows))
            lanes, found = lanes + 1, found + (share >= 0.85)
            if share >= 0.85:
                used.add(best)
        extra += len(lines) - len(used)
    print(
        f"TuSimple examples: {right / points:.3f} of {points} points within 20 px; {found} of {lanes} lanes"
    )
    print(f"  found, {extra} lines more than that (a line on a real but unlabelled marking counts here too)")


def _mask_lanes(mask: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each lane of an instance mask as rows (every 10 px) and its middle column there."""
    mask = mask if mask.ndim == 2 else mask[..., 0]
    lanes = []
    for value in np.unique(mask[mask > 0]):
        rows = [y for y in range(0, mask.shape[0], 10) if (mask[y] == value).any()]
        columns = [np.flatnonzero(mask[y] == value).mean() + 0.5 for y in rows]
        lanes.append((np.array(rows) + 0.5, np.array(columns)))
    return lanes


def _close(line: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> float:
    """The share of a lane's rows at which a line passes within 20 px of its middle."""
    order = np.argsort(line[:, 1])
    at = np.interp(rows, line[order, 1], line[order, 0], left=np.nan, right=np.nan)
    return float((np.abs(at - columns) <= 20).mean())


def main() -> None:
    """Measure what the folder has data for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, help="a folder with pandaset_002 and tusimple")
    args = parser.parse_args()
    boxes_on_pandaset(args.data / "pandaset_002")
    lanes_on_tusimple(args.data / "tusimple")


if __name__ == "__main__":
    main()
