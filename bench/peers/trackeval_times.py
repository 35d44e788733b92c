"""Times TrackEval and py-motmetrics over two MOT text files; run by bench/tracks_lanes.py.

Kept apart because it runs in an environment of its own: ``pip install trackeval==1.3.0 motmetrics==1.4.0``.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import time
from pathlib import Path

import numpy as np
from trackeval.datasets._base_dataset import _BaseDataset
from trackeval.metrics import CLEAR, HOTA, Identity


def load(path):
    """Frame, id and xywh of each line, as TrackEval's loader: one csv row at a time."""
    with Path(path).open() as file:
        rows = [line.split(",") for line in file]
    return np.array([[float(v) for v in row[:6]] for row in rows])


def columns(truth, pred):
    """The dict of lists of arrays that TrackEval's metrics take."""
    n = int(max(truth[:, 0].max(), pred[:, 0].max()))
    data, parts = {"num_timesteps": n}, {}
    for side, rows in (("gt", truth), ("tracker", pred)):
        ids, dense = np.unique(rows[:, 1], return_inverse=True)
        order = np.argsort(rows[:, 0], kind="stable")
        cuts = np.searchsorted(rows[order, 0], np.arange(2, n + 1))
        data[f"{side}_ids"] = np.split(dense.reshape(-1)[order], cuts)
        parts[side] = np.split(rows[order, 2:6], cuts)
        data[f"num_{side}_ids"], data[f"num_{side}_dets"] = len(ids), len(rows)
    data["similarity_scores"] = [
        _BaseDataset._calculate_box_ious(a, b, box_format="xywh")
        for a, b in zip(parts["gt"], parts["tracker"], strict=True)
    ]
    return data


def main() -> int:
    """Print seconds, memory and numbers as JSON."""
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        data = columns(load(sys.argv[1]), load(sys.argv[2]))
        scores = {}
        for metric in (HOTA(), CLEAR({"PRINT_CONFIG": False}), Identity({"PRINT_CONFIG": False})):
            scores |= metric.eval_sequence(data)
    seconds = time.process_time() - start
    names = ("HOTA", "DetA", "AssA", "LocA", "MOTA", "MOTP", "IDSW", "Frag", "MT", "IDF1", "IDTP")
    numbers = {name: float(np.mean(scores[name])) for name in names}
    # Not getrusage: a child starts with its parent's peak.
    memory = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    print(json.dumps({"seconds": seconds, "megabytes": memory, "numbers": numbers}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
