"""CULane's folder as an image set of lane lines."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder, image_tags
from drivelabel.formats.imported import Imported
from drivelabel.formats.lane_lines import image_size, lines_table
from drivelabel.formats.loading import read_text
from drivelabel.formats.loading.values import as_numbers
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import Tally
from drivelabel.labels import DRIVING
from drivelabel.typing import FloatArray

IMAGE_HW = (590, 1640)
"""Size of all of CULane's images, taken where the image itself is not there."""

SUFFIX = ".lines.txt"
MASK_FOLDER = "laneseg_label_w16"

LANES = "culane.lanes"
"""Tag of an image: which of the four lanes its list says are there, such as ``0110``."""

_IMAGE_SUFFIXES = (".jpg", ".png", ".jpeg")
_MAX_IMAGES = 1_000_000


def looks_like_culane(path: Path) -> bool:
    """Whether a folder holds .lines.txt files, up to three levels down."""
    if not path.is_dir():
        return False
    levels = ("*", "*/*", "*/*/*", "*/*/*/*")
    return any(next(path.glob(level + SUFFIX), None) is not None for level in levels)


def read_culane(
    path: Path, *, layer: str = "truth", on_invalid: Literal["error", "skip"] = "error"
) -> Imported:
    """Lane lines of a CULane folder, or of any folder of its .lines.txt files.

    Args:
        path: the data set's folder. ``list/*.txt`` become splits and, of ``*_gt.txt``, tags.
        layer: name of the layer.
        on_invalid: ``skip`` leaves out images that break a rule and counts them.

    Raises:
        StoreError: the folder is missing, or a file cannot be read.
        FormatError: a file breaks a rule of the format; the message names file and line.
    """
    path = Path(path)
    if not path.is_dir():
        raise StoreError(f"{path}: no such folder.")
    tally = Tally()
    splits, lanes = _lists(path / "list", tally)
    builder = ImageSetBuilder(path.name, str(path), DRIVING, layer)
    files = sorted(path.rglob(f"*{SUFFIX}"))
    if not files or len(files) > _MAX_IMAGES:
        raise FormatError(f"{path}: expected 1 to {_MAX_IMAGES} files {SUFFIX}, got {len(files)}.")
    for file in files:
        image = _image_of(file, path)
        try:
            lines = _lines(file, tally)
            facts = {LANES: lanes[image]} if image in lanes else {}
            hw = image_size(path / image, IMAGE_HW)
            builder.add(image, hw, lines_table(lines), image_tags(facts), split=splits.get(image, ""))
        except (FormatError, StoreError) as error:
            if on_invalid == "error":
                raise
            tally.drop("images", "", 1, f"invalid: {error}")
            continue
        tally.keep("lane_lines", "", len(lines))
    n_masks = sum(1 for _ in (path / MASK_FOLDER).rglob("*.png"))
    tally.drop("masks", "", n_masks, "drawn from the lines")
    return Imported(builder.build(), tally.report("culane", str(path)))


def _image_of(file: Path, root: Path) -> str:
    """The image's path below the root; .jpg where no image is there."""
    stem = file.name.removesuffix(SUFFIX)
    names = [file.with_name(stem + suffix) for suffix in _IMAGE_SUFFIXES]
    found = next((name for name in names if name.is_file()), names[0])
    return found.relative_to(root).as_posix()


def _lines(file: Path, tally: Tally) -> list[FloatArray]:
    """(k, 2) points of each line, pixels, from near to far."""
    lines = []
    for number, text in enumerate(read_text(file).splitlines(), start=1):
        where = f"{file}, line {number}"
        try:
            numbers = as_numbers([float(word) for word in text.split()], where)
        except ValueError:
            raise FormatError(f"{where}: expected numbers x y x y ..., got {text[:60]!r}.") from None
        if len(numbers) % 2:
            raise FormatError(f"{where}: expected pairs x y, got {len(numbers)} numbers.")
        if len(numbers) < 4:
            tally.drop("lane_lines", "", int(len(numbers) > 0), "fewer than two points")
            continue
        points = CORNER.to_points(numbers.reshape(-1, 2))
        if points[0, 1] < points[-1, 1]:
            points = points[::-1]
            tally.keep("lane_lines", "points", 1, "turned round, so that they go from near to far")
        lines.append(points)
    return lines


def _lists(folder: Path, tally: Tally) -> tuple[dict[str, str], dict[str, str]]:
    """Image to split, and image to its four lane flags, from the list files."""
    splits: dict[str, str] = {}
    lanes: dict[str, str] = {}
    for file in sorted(folder.glob("*.txt")):
        split = file.stem.removesuffix("_gt")
        for text in read_text(file).splitlines():
            words = text.split()
            if not words:
                continue
            image = words[0].lstrip("/")
            splits.setdefault(image, split)
            if len(words) >= 6:
                lanes[image] = "".join(words[2:6])[:8]
    tally.keep("splits", "", len(splits))
    return splits, lanes
