"""Our geometry kernels beside the libraries people use for the same, on the same input in one run.

    python bench/geometry.py [bev] [points] [masks] [lanes]

Each row is checked to be equal first, then both are timed in turns: processor time of this process, the best
of several, so that other programs on the machine weigh on neither side. Peers that are not installed
(shapely, nuscenes-devkit, pycocotools) leave their rows out. Compile time is not in the numbers.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from drivelabel.geometry import (
    count_points_in_cuboids,
    label_map_to_rle,
    lane_iou,
    lane_mask,
    mask_to_rle,
    pairwise_bev_iou,
    pairwise_cuboid_iou,
    pairwise_rle_iou,
    pairwise_upright_iou,
    points_in_cuboids,
    project,
    quat_of_yaw,
    rle_to_mask,
    sparse_bev_iou,
)


def best_of(function: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest of several calls."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def row(
    name: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int,
    peer_rounds: int,
    scale: float = 1,
) -> None:
    """Time both and print one line; the peer did 1 / `scale` of the work."""
    ours()
    mine, theirs = best_of(ours, rounds), best_of(peer, peer_rounds) * scale
    mine = min(mine, best_of(ours, rounds))
    print(f"{name:62s} {theirs * 1e3:10.3f} ms {mine * 1e3:9.4f} ms {theirs / mine:9.0f}x")


def missing(module: str) -> bool:
    """Whether a peer is absent; says so."""
    if importlib.util.find_spec(module) is not None:
        return False
    print(f"{module} is not installed: its rows are left out")
    return True


def boxes_in_street(n: int, metres: float, seed: int) -> np.ndarray:
    """(n, 5) cars from above."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, metres, (n, 2))
    return np.c_[place, rng.uniform(3, 6, n), rng.uniform(1.5, 2.5, n), rng.uniform(-np.pi, np.pi, n)]


def corners(boxes: np.ndarray) -> np.ndarray:
    """(n, 4, 2)."""
    x, y = boxes[:, 2] / 2, boxes[:, 3] / 2
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    local = signs[None] * np.stack([x, y], axis=1)[:, None]
    cos, sin = np.cos(boxes[:, 4])[:, None], np.sin(boxes[:, 4])[:, None]
    turned = [cos * local[..., 0] - sin * local[..., 1], sin * local[..., 0] + cos * local[..., 1]]
    return np.stack(turned, axis=2) + boxes[:, None, :2]


def bev() -> None:
    """Turned boxes from above and in space, against shapely."""
    if missing("shapely"):
        return
    import shapely

    for name, metres in (("all overlap", 3.0), ("a street", 200.0)):
        bev_of_one_place(f"BEV IoU, 120 x 120, {name}", metres)
    a, b = boxes_in_street(3000, 1000, 3), boxes_in_street(3000, 1000, 4)
    title = "BEV IoU, 3000 x 3000, square kilometre: shapely loop / sparse"
    few = [shapely.polygons(corners(boxes[:120])) for boxes in (a, b)]
    row(title, lambda: sparse_bev_iou(a, b), lambda: shapely_loop(*few), 20, 2, scale=25**2)
    a, b = (boxes_in_street(240, 3.0, seed) for seed in (1, 2))
    few = [shapely.polygons(corners(boxes[:120])) for boxes in (a, b)]
    solids = [np.c_[x[:, :2], np.zeros(len(x)), x[:, 2:4], np.full(len(x), 1.7), x[:, 4]] for x in (a, b)]
    parts = [part for x in solids for part in (x[:, :3], x[:, 3:6], quat_of_yaw(x[:, 6]))]
    expected = pairwise_bev_iou(a, b)  # equal heights: the same in space
    kinds = (
        ("upright", lambda: pairwise_upright_iou(*solids)),
        ("turned any way", lambda: pairwise_cuboid_iou(*parts)),
    )
    for name, ours in kinds:
        np.testing.assert_allclose(ours(), expected, rtol=0, atol=1e-12)
        title = f"3D IoU, 240 x 240, all overlap: shapely loop / {name}"
        row(title, ours, lambda: shapely_loop(*few), 5, 2, scale=4)


def shapely_loop(a: Sequence, b: Sequence) -> np.ndarray:
    """What most evaluation code does."""
    iou = np.zeros((len(a), len(b)))
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            shared = p.intersection(q).area
            iou[i, j] = shared / (p.area + q.area - shared)
    return iou


def bev_of_one_place(title: str, metres: float) -> None:
    """Dense and sparse against shapely's loop and its arrays."""
    import shapely

    a, b = boxes_in_street(120, metres, 1), boxes_in_street(120, metres, 2)
    p, q = (shapely.polygons(corners(boxes)) for boxes in (a, b))
    expected = shapely_loop(p, q)
    np.testing.assert_allclose(pairwise_bev_iou(a, b), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(sparse_bev_iou(a, b).dense(), expected, rtol=0, atol=1e-12)

    def arrays() -> np.ndarray:
        shared = shapely.area(shapely.intersection(p[:, None], q[None]))
        return shared / (shapely.area(p)[:, None] + shapely.area(q)[None] - shared)

    row(f"{title}: shapely loop / dense", lambda: pairwise_bev_iou(a, b), lambda: shapely_loop(p, q), 30, 2)
    row(f"{title}: shapely arrays / dense", lambda: pairwise_bev_iou(a, b), arrays, 30, 2)


def points() -> None:
    """Points in cuboids and in images, against the nuScenes devkit."""
    if missing("nuscenes"):
        return
    from nuscenes.utils.data_classes import Box
    from nuscenes.utils.geometry_utils import points_in_box, view_points
    from pyquaternion import Quaternion

    rng = np.random.default_rng(0)
    cloud = rng.uniform([-60, -60, -2], [60, 60, 4], (100_000, 3))
    center, size = (
        rng.uniform([-50, -50, -1], [50, 50, 1], (100, 3)),
        rng.uniform([1, 1, 1], [8, 3, 3], (100, 3)),
    )
    quat = quat_of_yaw(rng.uniform(-np.pi, np.pi, 100))
    boxes = [Box(c, s[[1, 0, 2]], Quaternion(q)) for c, s, q in zip(center, size, quat, strict=True)]
    columns = np.ascontiguousarray(cloud.T)
    expected = np.array([points_in_box(box, columns) for box in boxes])
    np.testing.assert_array_equal(points_in_cuboids(cloud, center, size, quat), expected)
    np.testing.assert_array_equal(count_points_in_cuboids(cloud, center, size, quat), expected.sum(axis=1))
    row(
        "100k points in 100 cuboids: devkit / counts",
        lambda: count_points_in_cuboids(cloud, center, size, quat),
        lambda: [points_in_box(box, columns) for box in boxes],
        20,
        3,
    )
    matrix = np.array([[1200, 0, 800], [0, 1200, 450], [0, 0, 1.0]])
    million = rng.uniform([-40, -5, 1], [40, 5, 80], (1_000_000, 3))
    columns = np.ascontiguousarray(million.T)
    expected = view_points(columns, matrix, normalize=True)[:2].T
    np.testing.assert_allclose(project(million, matrix)[0], expected, rtol=0, atol=1e-9)
    row(
        "1M points into an image: devkit / project",
        lambda: project(million, matrix),
        lambda: view_points(columns, matrix, normalize=True),
        10,
        10,
    )


def scene_map() -> np.ndarray:
    """A 1280x720 label map of 17 classes: ellipses over each other."""
    rng, label_map = np.random.default_rng(0), np.zeros((720, 1280), np.uint8)
    for _ in range(3):
        for value in range(1, 17):
            middle, axes = rng.integers([1280, 720]), rng.integers(20, [200, 120])
            cv2.ellipse(label_map, middle.tolist(), axes.tolist(), rng.uniform(0, 180), 0, 360, value, -1)
    return label_map


def masks() -> None:
    """COCO's run-length code, against pycocotools."""
    if missing("pycocotools"):
        return
    from pycocotools import mask as coco

    label_map = scene_map()
    values = np.unique(label_map).tolist()

    def their_map() -> dict:
        return {v: coco.encode(np.asfortranarray(label_map == v)) for v in values}

    def text(code: dict) -> dict:
        return {"size": list(code["size"]), "counts": code["counts"].decode()}

    theirs = their_map()
    assert label_map_to_rle(label_map) == {v: text(code) for v, code in theirs.items()}
    title = f"label map of {len(values)} classes, 1280x720: pycocotools / label_map_to_rle"
    row(title, lambda: label_map_to_rle(label_map), their_map, 100, 10)
    mask = label_map == 3
    columns, code = np.asfortranarray(mask.view(np.uint8)), theirs[3]
    ours, out = text(code), np.zeros_like(mask)
    assert mask_to_rle(mask) == mask_to_rle(np.asfortranarray(mask)) == ours
    assert (rle_to_mask(ours) == mask).all() and (coco.decode(code) == mask).all()
    row("encode by rows", lambda: mask_to_rle(mask), lambda: coco.encode(columns), 300, 100)
    flags = columns.view(np.bool_)
    row("encode by columns", lambda: mask_to_rle(flags), lambda: coco.encode(columns), 300, 100)
    row("decode into a fresh mask", lambda: rle_to_mask(ours), lambda: coco.decode(code), 300, 100)
    row("decode into a mask at hand", lambda: rle_to_mask(ours, out), lambda: coco.decode(code), 300, 100)
    crowd = list(theirs.values()) * 3
    mine = [text(code) for code in crowd]
    none = [0] * len(crowd)
    np.testing.assert_array_equal(pairwise_rle_iou(mine, mine), coco.iou(crowd, crowd, none))
    title = f"IoU of {len(crowd)} x {len(crowd)} codes"
    row(title, lambda: pairwise_rle_iou(mine, mine), lambda: coco.iou(crowd, crowd, none), 20, 5)


def lanes() -> None:
    """Lines drawn 30 px wide at CULane's size, against whole images of pixels as the Python tools have it."""
    rng, rows = np.random.default_rng(0), np.arange(280.0, 590, 5)

    def line(start: float, slope: float) -> np.ndarray:
        return np.c_[start + slope * (rows - 280) + rng.normal(0, 1, len(rows)), rows]

    slopes = [-1, -0.3, 0.4, 1]
    lines = [list(map(line, starts, slopes)) for starts in ([300, 600, 900, 1300], [305, 590, 910, 1310])]

    def drawn() -> np.ndarray:
        a, b = ([lane_mask(line, (590, 1640), 30) for line in side] for side in lines)
        return np.array([[(p & q).sum() / (p | q).sum() for q in b] for p in a])

    np.testing.assert_array_equal(lane_iou(*lines, (590, 1640)), drawn())
    title = "lane IoU, 4 x 4 lines, 1640x590: whole images / lane_iou"
    row(title, lambda: lane_iou(*lines, (590, 1640)), drawn, 30, 5)


PARTS = {"bev": bev, "points": points, "masks": masks, "lanes": lanes}


def main() -> int:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)}; all by default")
    wanted = parser.parse_args().part or list(PARTS)
    print(f"{'':62s} {'peer':>13s} {'drivelabel':>12s} {'ratio':>10s}")
    for part in wanted:
        PARTS[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
