"""An export that is killed never looks complete."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_a_killed_export_is_not_there_or_complete(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    done = subprocess.run(
        [sys.executable, "-m", "reliability.exporting", str(tmp_path), "40", "7"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["half"] == 0
    assert counts["in_flight"] >= 10
    assert counts["absent"] >= 5
    assert counts["absent"] + counts["complete"] == counts["kills"] == 40
