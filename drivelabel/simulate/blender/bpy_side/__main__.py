"""Renders jobs: reads the path of a job file per line from standard input, answers with a line of JSON each.

Run by ``drivelabel/simulate/blender/worker.py`` with a Python that has bpy. What Blender itself says goes to
standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer jobs until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what Blender writes to standard output must not mix with the answers
    try:
        from .studio import Studio

        studio = Studio(int(sys.argv[1]))
        answers.write(json.dumps({"ready": studio.version}) + "\n")
    except ImportError as error:
        answers.write(json.dumps({"missing": str(error)}) + "\n")
        return
    for line in sys.stdin:
        started = time.perf_counter()
        try:
            studio.render(json.loads(Path(line.strip()).read_text(encoding="utf-8")))
            answer: dict[str, Any] = {"seconds": time.perf_counter() - started}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
