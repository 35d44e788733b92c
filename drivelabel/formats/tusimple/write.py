"""Lane lines as a file of TuSimple's JSON lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.lane_lines import is_plain_line, xs_at_rows
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.tusimple.read import ROWS, rows_of_text
from drivelabel.labels import LaneLines, Tags, Taxonomy
from drivelabel.typing import FloatArray

MISSING = -2
"""What stands for "the lane is not in this row"."""

DEFAULT_ROWS = "160:710:10"

_DECIMALS = 3


def write_tusimple(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    h_samples: str = "",
    overwrite: bool = False,
) -> ConversionReport:
    """Write lane lines as ``OUT/label_data.json``, one image a line.

    Args:
        data: scenes or image sets.
        out: a folder.
        layer: whose lines.
        images: ``reference`` names the recorded files; ``copy`` and ``link`` put them below OUT.
        h_samples: the image rows as ``first:last:step``. When empty: those that an image came with, else
            160:710:10 (TuSimple's), scaled to images of another height.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: `h_samples` is of another form.
        StoreError: `out` is there already or cannot be written, or an image is missing.
    """
    pictures = pictures_of(data, layer)
    tally = Tally()
    with (
        new_folder(Path(out), overwrite=overwrite) as place,
        ImageFiles(pictures, place, images, tally) as files,
        (place / "label_data.json").open("w", encoding="ascii", newline="\n") as file,
    ):
        for row in labelled_pictures(pictures, {"lane_lines"}, tally):
            picture = pictures.items[row]
            name = files.referenced(picture) if images == "reference" else files.place(picture)
            file.write(json.dumps(_image(pictures, picture, name, h_samples, tally)) + "\n")
    kept = {
        "lane_lines": {"points", "category_id"},
        "tags": {"attributes"},
    }
    count_losses(pictures, tally, kept, "TuSimple has lane lines only")
    return tally.report("tusimple", str(out))


def _image(pictures: Pictures, picture: Picture, name: str, h_samples: str, tally: Tally) -> dict[str, Any]:
    tags = pictures.table("tags", picture)
    facts = _facts(tags, tally)
    rows = _rows(picture, h_samples or str(facts.get(ROWS, "")))
    lines: LaneLines = pictures.table("lane_lines", picture)
    lanes = [_lane(lines, row, rows, pictures.taxonomy, tally) for row in range(len(lines))]
    entry = {
        "lanes": [lane for lane in lanes if lane is not None],
        "h_samples": _numbers(rows),
        "raw_file": name,
    }
    run_time = facts.get("tusimple.run_time")
    return entry if run_time is None else entry | {"run_time": run_time}


def _facts(tags: Tags | None, tally: Tally) -> dict[str, Any]:
    """What TuSimple can say of an image; the rest is counted."""
    facts: dict[str, Any] = {}
    for row in range(0 if tags is None else len(tags)):
        assert tags is not None
        for name, value in tags.attributes.row(row).items():
            if name in (ROWS, "tusimple.run_time") and name not in facts:
                facts[name] = value
            else:
                tally.drop("tags", f"attributes.{name}")
    return facts


def _rows(picture: Picture, text: str) -> FloatArray:
    if text:
        return rows_of_text(text)
    scaled: FloatArray = np.unique(np.round(rows_of_text(DEFAULT_ROWS) * picture.image_hw[0] / 720))
    return scaled


def _lane(lines: LaneLines, row: int, rows: FloatArray, taxonomy: Taxonomy, tally: Tally) -> list[Any] | None:
    points, _ = CORNER.from_points(lines.points[row])
    xs, error, n_beyond = xs_at_rows(points, rows)
    outside = xs < 0  # the format has no lanes left of the image
    xs[outside] = np.nan
    seen = np.isfinite(xs)
    if seen.sum() < 2:
        tally.drop("lane_lines", "", 1, "reaches fewer than two of the rows")
        return None
    written = np.round(xs, _DECIMALS)
    error = max(error, float(np.nanmax(np.abs(written - xs))))
    _count(lines, row, error, n_beyond + int(outside.sum()), tally)
    if not is_plain_line(taxonomy, int(lines.category_id[row])):
        tally.drop("lane_lines", "category_id", 1, "TuSimple has one class")
    return [x if known else MISSING for x, known in zip(_numbers(written), seen.tolist(), strict=True)]


def _count(lines: LaneLines, row: int, error: float, n_beyond: int, tally: Tally) -> None:
    if error > 0:
        tally.approximate("lane_lines", "points", 1, error, "px", "one x for each of h_samples")
    elif n_beyond == 0:
        tally.keep("lane_lines")
    if n_beyond:
        tally.drop("lane_lines", "points", n_beyond, "beyond the first and last row, or left of the image")


def _numbers(values: FloatArray) -> list[float | int]:
    return [int(value) if value == np.floor(value) else value for value in np.nan_to_num(values).tolist()]
