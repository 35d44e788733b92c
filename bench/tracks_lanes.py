"""HOTA + CLEAR + Identity, and lane metrics: ours against their peers, numbers compared first.

TrackEval does not live with numpy 1.26; give the Python of an environment that has it:

    python -m venv /tmp/peers && /tmp/peers/bin/pip install trackeval==1.3.0 motmetrics==1.4.0
    python bench/tracks_lanes.py --peer-python /tmp/peers/bin/python            # MOT17's size
    python bench/tracks_lanes.py --peer-python /tmp/peers/bin/python --crowd    # MOT20-05's size, minutes
    python bench/tracks_lanes.py --only lanes

The lane peers are plain Python: TuSimple's metric with numpy per pair of lines, and CULane's with cv2
pictures of lines, as public ports do it. Times are CPU seconds of one process; ratios are the claim, absolute
times drift by 2x.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from drivelabel.evaluation.lanes import LinePoints, RowLanes, culane_pairs, tusimple, tusimple_frames
from drivelabel.evaluation.tracks import Overlaps, clear, hota, identity, read_mot_text

ROOT = Path(__file__).parents[1]


def best_of(times: int, work: Callable[[], Any]) -> float:
    """CPU seconds of the fastest of some runs, the first one not counted."""
    work()
    seconds = []
    for _ in range(times):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


# Tracks ---------------------------------------------------------------------------------------------------


def crowd(path: Path, n_frames: int, per_frame: int, life: int, area: tuple[int, int]) -> None:
    """Write gt.txt and pred.txt of people who walk through an image, some missed, some renamed."""
    rng = np.random.default_rng(0)
    truth, pred = [], []
    for person in range(n_frames * per_frame // life + per_frame):
        start = int(rng.integers(-life, n_frames))
        frames = np.arange(max(0, start), min(n_frames, start + life))
        height = rng.uniform(80, 220)
        corner = rng.uniform(0, area, 2) + np.outer(frames - start, rng.normal(0, 1.5, 2))
        box = np.column_stack([corner, np.full((len(frames), 2), [0.4 * height, height])])
        truth.append(np.column_stack([frames + 1, np.full(len(frames), person + 1), box]))
        found = rng.random(len(frames)) < 0.85
        name = 10 * person + np.cumsum(rng.random(len(frames)) < 0.004) + 1
        pred.append(np.column_stack([frames + 1, name, box + rng.normal(0, 0.04 * height, box.shape)])[found])
    for name, parts in (("gt", truth), ("pred", pred)):
        rows = np.concatenate(parts)
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        lines = ["%d,%d,%.2f,%.2f,%.2f,%.2f,1,-1,-1,-1" % tuple(row) for row in rows]  # noqa: UP031
        (path / f"{name}.txt").write_text("\n".join(lines) + "\n")


def our_numbers(folder: Path, n_frames: int) -> dict[str, float]:
    """Text files to all three metrics, as the peer's names."""
    truth = read_mot_text(folder / "gt.txt", n_frames=n_frames)
    pred = read_mot_text(folder / "pred.txt", n_frames=n_frames)
    overlaps = Overlaps.of_boxes(truth, pred)
    h, c, i = (metric(truth, pred, overlaps) for metric in (hota, clear, identity))
    mean = h.mean()
    scores = {"HOTA": mean["hota"], "DetA": mean["det_a"], "AssA": mean["ass_a"], "LocA": mean["loc_a"]}
    counts = {"MOTA": c.mota, "MOTP": c.motp, "IDSW": c.idsw, "Frag": c.frag, "MT": c.mt}
    return scores | counts | {"IDF1": i.idf1, "IDTP": i.idtp}


def our_megabytes(folder: Path, n_frames: int) -> float:
    """The most memory that a process of ours takes, imports and compiled kernels included."""
    code = (
        "import re, sys; from pathlib import Path; sys.path.insert(0, 'bench'); import tracks_lanes; "
        f"tracks_lanes.our_numbers(Path({str(folder)!r}), {n_frames}); "
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) / 1024)"
    )
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def bench_tracks(peer: str | None, big: bool) -> bool:
    """MOT17's or MOT20's size, from text files."""
    # The largest sequence of MOT20 has 3315 frames, 751 000 rows, 1200 people.
    size = (3315, 226, 620, (1920, 1080)) if big else (5300, 21, 200, (1920, 1080))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crowd(folder, *size)
        ours = our_numbers(folder, size[0])
        seconds = best_of(3, lambda: our_numbers(folder, size[0]))
        rows = sum(1 for _ in (folder / "gt.txt").open())
        memory = our_megabytes(folder, size[0])
        print(f"tracks, {rows} true rows in {size[0]} frames: ours {seconds * 1e3:.0f} ms, {memory:.0f} MB")
        if peer is None:
            print("  no peer: give --peer-python")
            return True
        command = [
            peer,
            str(ROOT / "bench/peers/trackeval_times.py"),
            str(folder / "gt.txt"),
            str(folder / "pred.txt"),
        ]
        theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    worst = max(abs(theirs["numbers"][k] - ours[k]) for k in ours)
    print(
        f"  TrackEval {theirs['seconds']:.2f} s, {theirs['megabytes']:.0f} MB; largest difference {worst:.1e}"
    )
    print(f"  {theirs['seconds'] / seconds:.0f}x faster, memory 1/{theirs['megabytes'] / memory:.1f}")
    return worst < 1e-9


# Lanes ----------------------------------------------------------------------------------------------------


def plain_tusimple(truth: list[Any], pred: list[Any], rows: np.ndarray) -> tuple[float, float, float]:
    """TuSimple's three numbers of one frame, with numpy per pair of lines, the way its script works."""
    limits = []
    for line in truth:
        seen = line >= 0
        slope = np.polyfit(rows[seen], line[seen], 1)[0] if seen.sum() > 1 else 0.0
        limits.append(20 / np.cos(np.arctan(slope)))
    found = []
    for line, limit in zip(truth, limits, strict=True):
        a = np.array([x if x >= 0 else -100 for x in line])
        shares = []
        for guess in pred:
            b = np.array([x if x >= 0 else -100 for x in guess])
            shares.append(np.sum(np.where(np.abs(b - a) < limit, 1.0, 0.0)) / len(a))
        found.append(max(shares, default=0.0))
    missed = sum(share < 0.85 for share in found)
    fp = (len(pred) - len(found) + missed) / len(pred)
    total = sum(found) - (min(found) if len(found) > 4 else 0.0)
    return total / min(4, len(found)), fp, max(0, missed - (len(found) > 4)) / min(4, len(found))


def bench_tusimple(n_frames: int) -> bool:
    """Frames of four lines and 48 rows."""
    rng = np.random.default_rng(1)
    rows = np.arange(240.0, 720.0, 10.0)
    truth, pred = [], []
    for _ in range(n_frames):
        bottom, slope = rng.uniform(100, 1180, 4), rng.uniform(-1.5, 1.5, 4)
        x = np.round(bottom[:, None] + slope[:, None] * (720 - rows))
        x[(x < 0) | (x > 1280) | (rows < rng.uniform(240, 300, (4, 1)))] = -2
        truth.append(list(x))
        pred.append(list(np.where(x >= 0, np.maximum(0, x + np.round(rng.normal(0, 12, (4, 1)))), -2)))
    a, b = RowLanes.from_frames(truth), RowLanes.from_frames(pred)
    theirs = np.array([plain_tusimple(t, p, rows) for t, p in zip(truth, pred, strict=True)])
    same = np.array_equal(tusimple_frames(a, b, rows), theirs)
    peer = (
        best_of(1, lambda: [plain_tusimple(t, p, rows) for t, p in zip(truth, pred, strict=True)]) / n_frames
    )
    ours = best_of(5, lambda: tusimple(a, b, rows)) / n_frames
    ratio = f"{peer / ours:.0f}x, equal {same}"
    print(f"TuSimple: plain {peer * 1e6:.0f} us an image, ours {ours * 1e6:.2f}: {ratio}")
    return same


def port_picture(course: np.ndarray) -> np.ndarray:
    """A line's picture, as Python ports of CULane's program draw it."""
    image = np.zeros((590, 1640, 3), np.uint8)
    for p, q in zip(course[:-1].tolist(), course[1:].tolist(), strict=True):
        cv2.line(image, p, q, (255, 255, 255), 30)
    return image > 0


def bench_culane(n_frames: int) -> bool:
    """Frames of four road-like lines."""
    sys.path.insert(0, str(ROOT / "tests"))
    from reference.culane import spline

    rng = np.random.default_rng(2)
    truth, pred = [], []
    for _ in range(n_frames):
        y = np.arange(590.0, 270.0, -10.0)
        x0, slope, bend = rng.uniform(0, 1640, 4), rng.uniform(-1.5, 1.5, 4), rng.uniform(-1e-3, 1e-3, 4)
        lines = [
            np.stack([a + s * (590 - y) + c * (590 - y) ** 2, y], 1)
            for a, s, c in zip(x0, slope, bend, strict=True)
        ]
        truth.append(lines)
        pred.append([line + np.array([rng.normal(0, 8), 0]) for line in lines])

    def port() -> list[int]:
        counts = []
        for t, p in zip(truth, pred, strict=True):
            drawn = [
                [
                    port_picture(np.rint(spline(line.astype(np.float32).astype(float))[::10]).astype(int))
                    for line in side
                ]
                for side in (t, p)
            ]
            iou = np.array([[(a & b).sum() / (a | b).sum() for b in drawn[1]] for a in drawn[0]])
            counts.append(int((iou[linear_sum_assignment(-iou)] > 0.5).sum()))
        return counts

    a, b = LinePoints.from_frames(truth), LinePoints.from_frames(pred)
    pairs = culane_pairs(a, b)
    ours = [int((pairs.iou[4 * k : 4 * k + 4] > 0.5).sum()) for k in range(n_frames)]
    theirs = port()
    peer = best_of(1, port) / n_frames
    many = LinePoints.from_frames(truth * 10), LinePoints.from_frames(pred * 10)
    seconds = best_of(3, lambda: culane_pairs(*many)) / (10 * n_frames)
    same = ours == theirs
    ratio = f"{peer / seconds:.0f}x, equal {same}"
    print(f"CULane: port {peer * 1e3:.1f} ms an image, ours {seconds * 1e3:.3f}: {ratio}")
    return same


def main(argv: list[str] | None = None) -> int:
    """Run the benches; 1 when a number differs from the peer's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", help="Python of an environment with trackeval")
    parser.add_argument("--crowd", action="store_true", help="the size of MOT20-05")
    parser.add_argument("--only", choices=["tracks", "lanes"])
    parser.add_argument("--frames", type=int, default=20, help="images of the slow lane peer")
    args = parser.parse_args(argv)
    good = True
    if args.only != "lanes":
        good &= bench_tracks(args.peer_python, args.crowd)
    if args.only != "tracks":
        good &= bench_tusimple(50 * args.frames)
        good &= bench_culane(args.frames)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
