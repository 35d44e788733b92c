"""Lane lines as CULane's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.culane.read import LANES, MASK_FOLDER, SUFFIX
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.lane_lines import is_plain_line
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import LaneLines
from drivelabel.typing import AnyArray

POSITIONS = (-2, -1, 1, 2)
"""Places of a line that masks and lists can say, in the order of their values 1 to 4."""

_MASK_WIDTH_PX = 16
_ALL_OF_TAGS = {"score", "origin", "attributes"}  # counted picture by picture


def write_culane(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    masks: bool = False,
    overwrite: bool = False,
) -> ConversionReport:
    """Write lane lines as one ``.lines.txt`` for each image, and ``list/SPLIT.txt``.

    Args:
        data: scenes or image sets.
        out: a folder.
        layer: whose lines.
        images: ``copy`` and ``link`` put the images beside their lines, ``reference`` leaves them.
        masks: draw masks of lines whose position is known, 16 px wide, and write ``list/SPLIT_gt.txt``.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        StoreError: `out` is there already or cannot be written, or an image is missing.
    """
    pictures = pictures_of(data, layer)
    tally = Tally()
    lists: dict[str, list[str]] = {}
    with (
        new_folder(Path(out), overwrite=overwrite) as place,
        ImageFiles(pictures, place, images, tally) as files,
    ):
        for row in labelled_pictures(pictures, {"lane_lines"}, tally):
            picture = pictures.items[row]
            name = files.place(picture)
            lines: LaneLines = pictures.table("lane_lines", picture)
            _write_lines(place / f"{picture.name}{SUFFIX}", lines)
            entry = f"/{name}"
            if masks:
                entry += _write_mask(place, picture, lines)
            lists.setdefault(picture.split or "all", []).append(entry)
            _count(pictures, picture, lines, masks, tally)
        for split, entries in lists.items():
            target = place / "list" / f"{split}{'_gt' if masks else ''}.txt"
            target.parent.mkdir(exist_ok=True)
            target.write_text("\n".join(entries) + "\n", encoding="utf-8")
    kept = {"lane_lines": {"points", "category_id"} | ({"position"} if masks else set())}
    count_losses(pictures, tally, kept | {"tags": _ALL_OF_TAGS}, "CULane has lane lines only")
    return tally.report("culane", str(out))


def _write_lines(target: Path, lines: LaneLines) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    texts = []
    for row in range(len(lines)):
        points, _ = CORNER.from_points(lines.points[row])
        # The shortest digits that give the same float32 back.
        numbers = np.asarray(points, np.float32).reshape(-1)
        texts.append(" ".join(np.format_float_positional(number, trim="-") for number in numbers))
    target.write_text("".join(f"{text}\n" for text in texts), encoding="ascii")


def _write_mask(place: Path, picture: Picture, lines: LaneLines) -> str:
    mask = np.zeros(picture.image_hw, np.uint8)
    for value, position in enumerate(POSITIONS, start=1):
        for row in np.flatnonzero(lines.position == position).tolist():
            _draw(mask, lines.points[row], value)
    name = PurePosixPath(MASK_FOLDER, f"{picture.name}.png")
    target = place / name
    target.parent.mkdir(parents=True, exist_ok=True)
    done, code = cv2.imencode(".png", mask)
    if not done:
        raise FormatError(f"{picture.name}: the mask cannot be written as PNG.")
    target.write_bytes(code.tobytes())
    there = " ".join("1" if (lines.position == position).any() else "0" for position in POSITIONS)
    return f" /{name} {there}"


def _draw(mask: AnyArray, points: AnyArray, value: int) -> None:
    corners = np.clip(np.round(points * 8), -(2**20), 2**20).astype(np.int32)  # in eighths of a pixel
    cv2.polylines(mask, [corners], False, (value,), _MASK_WIDTH_PX, cv2.LINE_8, 3)


def _count(pictures: Pictures, picture: Picture, lines: LaneLines, masks: bool, tally: Tally) -> None:
    tally.keep("lane_lines", "", len(lines))
    if masks:
        known = np.isin(lines.position, POSITIONS)
        tally.keep("lane_lines", "position", int(known.sum()), "value of the mask")
        tally.drop("lane_lines", "position", int((~known & (lines.position != 0)).sum()), "CULane has four")
    special = [row for row in lines.category_id.tolist() if not is_plain_line(pictures.taxonomy, row)]
    tally.drop("lane_lines", "category_id", len(special), "CULane has one class")
    tags = pictures.table("tags", picture)
    for row in range(0 if tags is None else len(tags)):
        note = (
            "the list has what the lines say" if LANES in tags.attributes.row(row) else "CULane has no tags"
        )
        tally.drop("tags", "", 1, note)
