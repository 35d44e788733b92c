"""Exports that are killed: run as a script, it forks, kills and prints what then stands there as JSON.

python -m reliability.exporting FOLDER KILLS SEED
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import cv2
from security.seeds import small_data

from drivelabel.formats import find_writer
from drivelabel.scene import Scene

FORMATS = ("coco", "yolo", "nuimages", "cvat")
"""Not the tables: the library that writes them has threads, which do not survive a fork."""


def tree_digest(folder: Path) -> str:
    """A digest of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def kill_exports(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """Kill exports at random instants; how many places stood empty, complete and half written then."""
    cv2.setNumThreads(0)
    rng = random.Random(seed)
    data = small_data(folder)[0]
    assert not isinstance(data, Scene)
    counts = {"kills": 0, "in_flight": 0, "absent": 0, "complete": 0, "half": 0}
    seconds, digests = {}, {}
    for name in FORMATS:
        start = time.perf_counter()
        find_writer(name)(data, folder / f"whole-{name}", "truth")
        start = time.perf_counter()
        find_writer(name)(data, folder / f"again-{name}", "truth")
        seconds[name], digests[name] = time.perf_counter() - start, tree_digest(folder / f"whole-{name}")
        assert tree_digest(folder / f"again-{name}") == digests[name], f"{name} writes another file each time"
    for k in range(kills):
        name = FORMATS[k % len(FORMATS)]
        out = folder / f"out-{k}"
        pid = os.fork()
        if pid == 0:
            try:
                find_writer(name)(data, out, "truth")
            finally:
                os._exit(0)
        time.sleep(rng.random() * seconds[name] * 1.2)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        counts["kills"] += 1
        counts["in_flight"] += os.WIFSIGNALED(status)
        if not out.exists():
            counts["absent"] += 1
        elif tree_digest(out) == digests[name]:
            counts["complete"] += 1
        else:
            counts["half"] += 1
    return counts


if __name__ == "__main__":
    print(json.dumps(kill_exports(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
