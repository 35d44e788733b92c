"""The reliability tests of the store at their long figures: one JSON line for each row of the fault table.

python -m tests.soak                  # every row at its full figure: hours
python -m tests.soak --minutes 30     # each row gets an equal part of it; its line says how far it came
python -m tests.soak --rows kills damages
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from reliability.commands import cases, stop_command
from reliability.crash_points import fail_everywhere
from reliability.damages import damage_scenes
from reliability.kills import kill_lock_holders, kill_makers, kill_writers
from reliability.network import lose_answers, poison_all, short_pauses
from reliability.object_store import object_store
from reliability.power_cuts import cut_power
from reliability.sessions import run_sessions
from reliability.writers import count_together, deliver_thrice, read_beside
from security.fuzzing import fuzz_all

Row = Callable[[Path, float], dict[str, Any]]


def _toxics(folder: Path, seconds: float) -> dict[str, Any]:
    with object_store() as objects, short_pauses():
        return {"toxics": poison_all(objects, 200, seconds)}


def _lost_answers(folder: Path, seconds: float) -> dict[str, Any]:
    with object_store() as objects, short_pauses():
        return lose_answers(objects, 5000, every=7, seconds=seconds)


def _commands(how: int, n: int) -> Row:
    def row(folder: Path, seconds: float) -> dict[str, Any]:
        found = {}
        made = cases(folder)
        for name, case in made.items():
            found[name] = stop_command(folder, case, n, how, seconds=seconds / len(made))
        return {"commands": found}

    return row


def _crash_points(folder: Path, seconds: float) -> dict[str, Any]:
    compiler = shutil.which("cc")
    if compiler is None:
        return {"skipped": "no C compiler"}
    return fail_everywhere(folder, compiler, seconds=seconds)


def _fuzz(folder: Path, seconds: float) -> dict[str, Any]:
    data = Path(os.environ.get("DRIVELABEL_TEST_DATA", Path(__file__).parents[2] / "shared")) / "data"
    found = fuzz_all(data if data.is_dir() else None, min(seconds, 24 * 3600))
    return {"inputs": sum(one["inputs"] for one in found.values()), "readers": found}


ROWS: dict[str, tuple[str, Row]] = {
    "kills": ("1,000 kills", lambda folder, s: kill_writers(folder, 1000, seconds=s)),
    "makers": ("50 kills", lambda folder, s: kill_makers(folder, 50, seconds=s)),
    "crash_points": ("all points x 5 faults", _crash_points),
    "power_cuts": ("all subsets x 3", lambda folder, s: cut_power(folder, s)),
    "commands_killed": ("5 commands x 50 kills", _commands(signal.SIGKILL, 50)),
    "commands_interrupted": ("5 commands x 40 Ctrl-C", _commands(signal.SIGINT, 40)),
    "writers": ("8 x 1,000 commits", lambda folder, s: count_together(folder, 8, 1000, seconds=s)),
    "lock": ("100 kills under lock", lambda folder, s: kill_lock_holders(folder, 100, s)),
    "sessions": ("1,000 x 500", lambda folder, s: run_sessions(1000, 500, seconds=s)),
    "worker_sessions": ("1,000 x 500", lambda folder, s: run_sessions(1000, 500, workers=True, seconds=s)),
    "lost_answers": ("5,000 commits", _lost_answers),
    "toxics": ("6 toxics x 200 runs", _toxics),
    "damages": ("5,000 damages", lambda folder, s: damage_scenes(folder, 5000, seed=7, seconds=s)),
    "deliveries": ("2,000 jobs thrice", lambda folder, s: deliver_thrice(folder, 2000, s)),
    "fuzz": ("10^6 inputs for each reader", _fuzz),
    "readers": ("10 minutes", lambda folder, s: read_beside(folder, min(s, 600))),
}
"""Name to the figure it goes for, and the function that goes for it."""


def main() -> int:
    """Run the rows and print their lines; 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1e6, help="for all rows together")
    parser.add_argument("--rows", nargs="*", choices=sorted(ROWS), default=list(ROWS))
    args = parser.parse_args()
    failed = 0
    for name in args.rows:
        figure, row = ROWS[name]
        folder = Path(tempfile.mkdtemp(prefix=f"soak-{name}-"))
        start = time.monotonic()
        line: dict[str, Any] = {"row": name, "goal": figure}
        try:
            line |= row(folder, args.minutes * 60 / len(args.rows)) | {"ok": True}
        except Exception as error:
            failed += 1
            line |= {"ok": False, "error": f"{type(error).__name__}: {error}"[:500]}
            traceback.print_exc()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        line["seconds"] = round(time.monotonic() - start, 1)
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
