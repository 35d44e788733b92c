"""Metrics beside their reference programs: same input, one run, numbers checked equal first.

    python bench/evaluate.py [--samples 400] [--predictions 200] [--scenes 2] [--folder DIR]

Rows 1 and 2 of the performance goals at their full size (an hour, most of it the devkit's):

    python bench/evaluate.py --samples 6019 --scenes 150

Times are CPU seconds of this process, best of three for ours: both sides run on one core, and a shared
machine's load does not count. Tracking needs motmetrics 1.4.0 beside nuscenes-devkit, or it is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from evaluation.nuscenes import test_detection_equals_devkit as detection_parity
from evaluation.nuscenes import worlds
from evaluation.nuscenes.test_results_file import as_results

from drivelabel.evaluation.nuscenes import (
    Samples,
    detection,
    place,
    read_detections,
    tracking,
)

_MEMORY = """
import sys
def peak():  # not getrusage: it starts from the parent's
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
if sys.argv[1] == "ours":
    import json
    from drivelabel.evaluation.nuscenes import read_detections
    tokens, before = json.load(open(sys.argv[3])), peak()
    read_detections(sys.argv[2], tokens)
else:
    from nuscenes.eval.common.loaders import load_prediction
    from nuscenes.eval.detection.data_classes import DetectionBox
    before = peak()
    load_prediction(sys.argv[2], 10**9, DetectionBox)
print(before, peak())
"""


def timed(work: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Least CPU seconds of some runs, and the last result."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


def report(what: str, ours: float, peer: float, goal: str) -> None:
    """One line of the table."""
    print(f"{what:44} ours {ours:9.4f} s   devkit {peer:9.2f} s   {peer / ours:8.0f}x   goal {goal}")


def bench_detection(n_samples: int, n_predictions: int, folder: Path) -> None:
    """Row 1: JSON to columns, columns to metrics, end to end, memory."""
    rng = np.random.default_rng(0)
    world = worlds.samples(rng, max(n_samples // 40, 1), min(n_samples, 40), 1500)
    truth, pred = worlds.detections(rng, world, 31, n_predictions, reach=28)
    pred = pred[np.argsort(pred.sample, kind="stable")]
    path = folder / "detections.json"
    path.write_text(json.dumps({"meta": {}, "results": as_results(pred, world)}))
    size = path.stat().st_size / 1e6
    print(f"detection: {len(world)} samples, {len(truth)} truths, {len(pred)} predictions, {size:.0f} MB")
    read_detections(path, world.token, max_boxes_per_sample=10**9)  # compile
    detection(place(truth, world), place(pred, world))

    from nuscenes.eval.common.loaders import load_prediction
    from nuscenes.eval.detection.data_classes import DetectionBox

    own_read, found = timed(lambda: read_detections(path, world.token), 3)
    peer_read, boxes = timed(lambda: load_prediction(str(path), 500, DetectionBox))
    assert found.boxes.equals(pred), "the columns are not what the file says"
    del boxes
    own_place, placed = timed(lambda: (place(truth, world), place(found.boxes, world)), 3)
    own_judge, ours = timed(lambda: detection(*placed), 3)
    judge = detection_parity.DevkitJudge(truth, pred, world)
    peer_place, _ = timed(judge.filter)
    peer_judge, theirs = timed(judge.evaluate)
    detection_parity.assert_equal_to_devkit(ours, *theirs)
    print(f"  equal to 1e-9: NDS {ours.nd_score:.6f}, mAP {ours.mean_ap:.6f}")
    report("JSON to columns", own_read, peer_read, "70x")
    report("columns to metrics (filters included)", own_place + own_judge, peer_place + peer_judge, "500x")
    own = own_read + own_place + own_judge
    report("end to end", own, peer_read + peer_place + peer_judge, "200x")
    memory(path, world, folder)


def memory(path: Path, world: Samples, folder: Path) -> None:
    """Peak memory of reading the file, in a process of its own each."""
    (folder / "tokens.json").write_text(json.dumps(world.token))
    peak = {}
    for who in ("ours", "devkit"):
        command = [sys.executable, "-c", _MEMORY, who, str(path), str(folder / "tokens.json")]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        before, after = (int(word) / 1024 for word in run.stdout.split())
        peak[who] = after
        print(f"  {who}: {after:.0f} MB at most, {before:.0f} MB of it before the file is opened")
    print(f"  memory: 1/{peak['devkit'] / peak['ours']:.1f} of the devkit's   goal 1/5")


def bench_tracking(n_scenes: int) -> None:
    """Row 2: columns to metrics."""
    from evaluation.nuscenes import test_tracking_equals_devkit as parity

    rng = np.random.default_rng(1)
    world = worlds.samples(rng, n_scenes, 40, 1500)
    truth, pred = worlds.tracks(rng, world, 60, 40, crowd=45)
    print(f"tracking: {n_scenes} scenes of 40 samples, {len(truth)} truths, {len(pred)} predictions")
    tracking(place(truth, world), place(pred, world), world)  # compile
    own, ours = timed(lambda: tracking(place(truth, world), place(pred, world), world), 3)
    judge = parity.DevkitJudge(truth, pred, world)
    peer_prepare, _ = timed(judge.prepare)
    peer, theirs = timed(judge.evaluate)
    parity.assert_equal_to_devkit(ours, *theirs)
    print(f"  equal to 1e-9: AMOTA {ours.metrics['amota']:.6f}, AMOTP {ours.metrics['amotp']:.6f}")
    report("columns to metrics (gaps filled)", own, peer_prepare + peer, "1000x")


def main() -> int:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, default=400, help="of the detection row; 0 leaves it out")
    parser.add_argument("--predictions", type=int, default=200, help="a sample, on average")
    parser.add_argument("--scenes", type=int, default=2, help="of the tracking row; 0 leaves it out")
    parser.add_argument("--folder", type=Path, help="for the results file; a temporary one when not given")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        if args.samples:
            bench_detection(args.samples, args.predictions, Path(folder))
    if args.scenes and importlib.util.find_spec("motmetrics"):
        bench_tracking(args.scenes)
    elif args.scenes:
        print("tracking: left out, motmetrics is not installed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
