"""Judge a layer of one log or several by another layer: metrics.json and report.html.

    python tools/evaluate_log.py drive.scene --out report
    python tools/evaluate_log.py a.scene b.scene --pred review --compare auto --out report

The same as ``drivelabel evaluate``, for schedulers that run scripts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drivelabel.cli.evaluating import evaluate_scenes
from drivelabel.errors import DriveLabelError
from drivelabel.evaluation.report import Settings, changed
from drivelabel.evaluation.report.html.headline import verdict


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate; 0 done, 1 our error in one line, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scene", nargs="+", help="a scene's folder or s3://bucket/prefix")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--truth", default="truth", help="the layer to judge by")
    parser.add_argument("--pred", default="auto", help="the layer to judge")
    parser.add_argument("--compare", help="another layer to set beside it")
    parser.add_argument("--baseline", type=Path, help="an earlier metrics.json")
    parser.add_argument("--no-pictures", action="store_true", help="leave images out of the report")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a rule; see docs/metrics.md"
    )
    args = parser.parse_args(argv)
    try:
        metrics = evaluate_scenes(
            args.scene,
            args.truth,
            args.pred,
            args.out,
            compare=args.compare,
            baseline=args.baseline,
            pictures=not args.no_pictures,
            settings=changed(Settings(), args.set),
        )
    except DriveLabelError as error:
        print(f"evaluate_log: {error}", file=sys.stderr)
        return 1
    print(verdict(metrics["total"], args.pred))
    print(args.out / "report.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
