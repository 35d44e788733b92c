"""Programs that stand in for a Python with bpy: each speaks the worker's protocol in its own way."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

OBEDIENT = """
import json, sys
import numpy as np
print(json.dumps({"ready": "0.0"}), flush=True)
for line in sys.stdin:
    job = json.load(open(line.strip()))
    height, width = job["image_hw"]
    truth = {truth}
    np.save(job["light_file"], np.full((height, width, 3), 0.3, np.float32))
    np.savez(job["truth_file"], instance=truth, category=np.zeros((height, width), np.uint8))
    print(json.dumps({"seconds": 1.5}), flush=True)
"""
NO_BPY = """
import json
print(json.dumps({"missing": "No module named 'bpy'"}), flush=True)
"""
DIES_AT_ONCE = """
import sys
sys.exit("libXrender.so.1: cannot open shared object file")
"""
DIES_AT_WORK = """
import json, sys
print(json.dumps({"ready": "0.0"}), flush=True)
sys.stdin.readline()
sys.exit("out of memory while building a tree")
"""
FAILS_AT_WORK = """
import json, sys
print(json.dumps({"ready": "0.0"}), flush=True)
for line in sys.stdin:
    print(json.dumps({"error": "ValueError: expected a job of version 1"}), flush=True)
"""


def python_that(does: str, folder: Path, truth: str = "np.zeros((height, width), np.uint16)") -> str:
    """A program that takes a Python's arguments and does something else."""
    (folder / "fake.py").write_text(does.replace("{truth}", truth))
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/fake.py"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)
