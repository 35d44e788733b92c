"""Times ByteTrack of Roboflow's `trackers` package over frames from a file; run by bench/tracking.py.

Kept apart because it runs in an environment of its own: ``pip install trackers``.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import supervision as sv
from trackers import ByteTrackTracker


def main() -> int:
    """Print the speed as JSON."""
    frames = np.load(sys.argv[1], allow_pickle=False)
    n_frames, n_boxes = frames["xyxy"].shape[:2]
    score, category = frames["score"], np.zeros(n_boxes, np.int64)
    tracker = ByteTrackTracker()
    ids = []
    start = time.perf_counter()
    for k in range(n_frames):
        found = sv.Detections(xyxy=frames["xyxy"][k], confidence=score[k], class_id=category)
        ids.append(tracker.update(found).tracker_id)
    seconds = time.perf_counter() - start
    print(json.dumps({"frames_per_second": n_frames / seconds, "ids": len({*np.concatenate(ids)} - {-1})}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
