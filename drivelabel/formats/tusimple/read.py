"""TuSimple's label files, also its result files, as an image set of lane lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.formats.imported import Imported
from drivelabel.formats.lane_lines import image_size, lines_table
from drivelabel.formats.loading import Fields, parse_json, read_text, safe_join
from drivelabel.formats.loading.values import as_numbers
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import Tally
from drivelabel.labels import DRIVING
from drivelabel.typing import FloatArray

IMAGE_HW = (720, 1280)
"""Size of all of TuSimple's images, taken where the image itself is not there."""

ROWS = "tusimple.h_samples"
"""Tag of an image: its rows as ``first:last:step``, or all of them with commas."""

_KNOWN = {"lanes", "h_samples", "raw_file", "run_time"}


def looks_like_tusimple(path: Path) -> bool:
    """Whether a path is a file of TuSimple's JSON lines, or a folder with its label files."""
    if path.is_dir():
        return any(_first_line_fits(file) for file in sorted(path.glob("*.json"))[:20])
    return path.is_file() and path.suffix in (".json", ".jsonl", ".txt") and _first_line_fits(path)


def _first_line_fits(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.readline(1 << 20)
    except OSError:
        return False
    return head.lstrip().startswith(b"{") and b'"h_samples"' in head and b'"lanes"' in head


def read_tusimple(
    path: Path,
    *,
    layer: str = "truth",
    root: Path | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Lane lines of a TuSimple file, or of all such files in a folder.

    Args:
        path: a file of JSON lines, or the data set's folder.
        layer: name of the layer.
        root: the folder that ``raw_file`` counts from; that of the label file when None.
        on_invalid: ``skip`` leaves out images that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a line breaks a rule of the format; the message names file and line.
    """
    path = Path(path)
    files = _label_files(path)
    home = Path(root) if root is not None else path if path.is_dir() else path.parent
    tally = Tally()
    builder = ImageSetBuilder(path.stem, str(home), DRIVING, layer)
    for file in files:
        for number, line in enumerate(read_text(file).splitlines(), start=1):
            if not line.strip():
                continue
            where = f"{file}, line {number}"
            try:
                _add_image(builder, Fields(parse_json(line, where), where), home, tally)
            except (FormatError, StoreError) as error:
                if on_invalid == "error":
                    raise
                tally.drop("images", "", 1, f"invalid: {error}")
    return Imported(builder.build(), tally.report("tusimple", str(path)))


def _label_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise StoreError(f"{path}: no such file or folder.")
    files = [file for file in sorted(path.glob("*.json")) if _first_line_fits(file)]
    if not files:
        raise FormatError(f"{path}: expected files of TuSimple's JSON lines, such as label_data_0313.json.")
    return files


def _add_image(builder: ImageSetBuilder, image: Fields, home: Path, tally: Tally) -> None:
    name = image.text("raw_file")
    rows = image.numbers("h_samples")
    if not len(rows) or (np.diff(rows) <= 0).any():
        raise FormatError(f"{image.where}: h_samples: expected rows that rise, got {rows[:5].tolist()}...")
    lines = [
        _points(lane, rows, f"{image.where}, lane {k}", tally) for k, lane in enumerate(image.items("lanes"))
    ]
    kept = [points for points in lines if points is not None]
    facts: dict[str, Any] = {ROWS: _rows_text(rows)}
    if "run_time" in image:
        facts["tusimple.run_time"] = image.number("run_time")
    builder.add(name, image_size(safe_join(home, name), IMAGE_HW), lines_table(kept), image_tags(facts))
    tally.keep("lane_lines", "", len(kept))
    tally.keep("tags", "", 1, "h_samples")
    for key in image.value.keys() - _KNOWN:
        tally.drop("images", key, 1, "not of the format")


def _points(lane: Any, rows: FloatArray, where: str, tally: Tally) -> FloatArray | None:
    """(k, 2) from near to far, or None for a lane of fewer than two points."""
    xs = as_numbers(lane, where, len(rows))
    seen = np.flatnonzero(xs >= 0)
    if len(seen) < 2:
        tally.drop("lane_lines", "", 1, "fewer than two points")
        return None
    n_missing = int(seen[-1] - seen[0]) + 1 - len(seen)
    tally.approximate("lane_lines", "gaps", int(n_missing > 0), n_missing, "rows", "bridged")
    return CORNER.to_points(np.stack([xs[seen], rows[seen]], axis=1)[::-1])


def _rows_text(rows: FloatArray) -> str:
    steps = np.unique(np.diff(rows))
    if len(rows) > 1 and len(steps) == 1:
        return f"{rows[0]:g}:{rows[-1]:g}:{steps[0]:g}"
    return ",".join(f"{row:g}" for row in rows)


def rows_of_text(text: str) -> FloatArray:
    """The image rows that a tag :data:`ROWS` names.

    Raises:
        FormatError: the text is of another form.
    """
    try:
        if ":" in text:
            first, last, step = (float(part) for part in text.split(":"))
            count = round((last - first) / step) + 1
            if not 0 < count <= 100_000:
                raise ValueError
            return first + step * np.arange(count)
        return np.asarray([float(part) for part in text.split(",")], np.float64)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise FormatError(
            f"{ROWS}: expected first:last:step, such as 160:710:10, got {text[:80]!r}."
        ) from None
