"""Write a layer of one scene or several as nuScenes: a folder of its tables.

    python tools/export_nuscenes.py drive.scene out --layer truth
    python tools/export_nuscenes.py a.scene b.scene out --images copy --overwrite

The same as ``drivelabel export nuscenes``, for schedulers that run scripts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drivelabel.errors import DriveLabelError
from drivelabel.pipeline import ExportSettings, export_labels


def main(argv: Sequence[str] | None = None) -> int:
    """Export; 0 done, 1 our error in one line, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scene", nargs="+", help="a scene's folder or s3://bucket/prefix")
    parser.add_argument("out", type=Path, help="the file or folder to write")
    parser.add_argument("--layer", default="auto", help="whose labels")
    parser.add_argument("--images", choices=("reference", "copy", "link", "none"), help="their files")
    parser.add_argument("--strict", action="store_true", help="fail when something would be lost")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    args = parser.parse_args(argv)
    settings = ExportSettings(
        layer=args.layer, images=args.images, strict=args.strict, overwrite=args.overwrite
    )
    try:
        report = export_labels("nuscenes", args.scene, args.out, settings)
    except DriveLabelError as error:
        print(f"export_nuscenes: {error}", file=sys.stderr)
        return 1
    print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
