"""How many frames a second the tracker gives ids to, beside ByteTrack of the `trackers` package.

    python bench/tracking.py [--peer-python VENV/bin/python]

Boxes drift over a 1920x1080 image with a pixel of noise; all are seen in every frame. One process and one
core each, in turns, best of three; without a peer only our own numbers are printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from drivelabel.labels import MODEL, Boxes2D
from drivelabel.tasks.annotator import FrameLabels
from drivelabel.tasks.track import BoxTracker

FRAME_NS = 33_333_333
PEER = Path(__file__).parent / "peers" / "bytetrack.py"


def drifting_boxes(n_boxes: int, n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """(frames, boxes, 4) float32 xyxy and (frames, boxes) float32 scores."""
    rng = np.random.default_rng(0)
    place, speed = rng.uniform(0, [1800, 1000], (n_boxes, 2)), rng.normal(0, 2, (n_boxes, 2))
    size = rng.uniform(20, 100, (n_boxes, 2))
    time_steps = np.arange(n_frames)[:, None, None]
    corner = place + time_steps * speed + rng.normal(0, 1, (n_frames, n_boxes, 2))
    xyxy = np.concatenate([corner, corner + size], axis=2).astype(np.float32)
    return xyxy, rng.uniform(0.7, 1, (n_frames, n_boxes)).astype(np.float32)


def ours(xyxy: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Frames a second on columns and on label tables, and how many ids were given."""
    category = np.zeros(xyxy.shape[1], np.int64)
    tracker, ids = BoxTracker(), []
    start = time.perf_counter()
    for k in range(len(xyxy)):
        ids.append(tracker.step_arrays(k * FRAME_NS, xyxy[k], score[k], category)[0])
    columns = time.perf_counter() - start
    origin = np.full(len(category), MODEL, np.uint8)
    tables = [
        FrameLabels(boxes2d=Boxes2D(xyxy=xyxy[k], category_id=category, score=score[k], origin=origin))
        for k in range(len(xyxy))
    ]
    tracker = BoxTracker()
    start = time.perf_counter()
    for k, labels in enumerate(tables):
        tracker.step(k * FRAME_NS, labels)
    whole = time.perf_counter() - start
    n = len(xyxy)
    return {"columns": n / columns, "tables": n / whole, "ids": len({*np.concatenate(ids).tolist()} - {-1})}


def peer(python: str, xyxy: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """The same from ByteTrack in another environment."""
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames.npz"
        np.savez(frames, xyxy=xyxy, score=score)
        run = subprocess.run([python, str(PEER), str(frames)], check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(run.stdout)
    return result


def main() -> int:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peer-python", help="of an environment with `trackers`")
    args = parser.parse_args()
    ours(*drifting_boxes(5, 5))  # compile
    for n_boxes, n_frames in ((30, 1500), (200, 400)):
        frames = drifting_boxes(n_boxes, n_frames)
        mine, theirs = [], []
        for _ in range(3):
            mine.append(ours(*frames))
            if args.peer_python:
                theirs.append(peer(args.peer_python, *frames))
        columns, tables = (max(run[name] for run in mine) for name in ("columns", "tables"))
        print(f"{n_boxes} boxes a frame, {n_frames} frames, {n_boxes} things")
        print(f"  drivelabel, columns     {columns:9.0f} frames/s, {mine[0]['ids']} ids")
        print(f"  drivelabel, label table {tables:9.0f} frames/s")
        if theirs:
            best = max(run["frames_per_second"] for run in theirs)
            print(f"  trackers ByteTrack      {best:9.0f} frames/s, {theirs[0]['ids']} ids")
            print(f"  ratio {columns / best:.0f}x on columns, {tables / best:.0f}x on tables")
    return 0


if __name__ == "__main__":
    sys.exit(main())
