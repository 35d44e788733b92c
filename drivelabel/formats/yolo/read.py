"""YOLO data sets as image sets."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.formats.building import ImageSetBuilder
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import no_collecting, read_text, safe_join
from drivelabel.formats.report import Tally
from drivelabel.formats.yolo.files import DataSet, find_data_set, images_of, label_path
from drivelabel.formats.yolo.labels import TASKS, parse_lines, tables_of, task_of_columns
from drivelabel.labels import Boxes2D, Keypoints, Polygons, Table
from drivelabel.media.images import read_image_header
from drivelabel.typing import FloatArray

_KINDS: dict[str, tuple[type[Table], ...]] = {
    "detect": (Boxes2D,),
    "segment": (Polygons,),
    "obb": (Polygons,),
    "pose": (Boxes2D, Keypoints),
}


def read_yolo(
    path: Path,
    *,
    layer: str = "truth",
    root: Path | None = None,
    task: Literal["auto", "detect", "segment", "pose", "obb"] = "auto",
    image_size: str = "",
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Images and labels of a YOLO data set.

    Args:
        path: its YAML file, or its folder.
        layer: name of the layer.
        root: the data set's folder; that of the YAML when None.
        task: what label lines are; ``auto`` takes the YAML's word, else goes by the numbers in a line.
        image_size: ``WIDTHxHEIGHT`` of images that are not there; without it a missing image is invalid.
        on_invalid: ``skip`` leaves out images whose label file breaks a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format; the message names file and line.
    """
    path, tally = Path(path), Tally()
    with no_collecting():
        data = find_data_set(path, None if root is None else Path(root), tally)
        return read_data_set(
            data, tally, path, layer=layer, task=task, image_size=image_size, on_invalid=on_invalid
        )


def read_data_set(
    data: DataSet,
    tally: Tally,
    path: Path,
    *,
    layer: str,
    task: str = "auto",
    image_size: str = "",
    on_invalid: Literal["error", "skip"] = "error",
    name: str = "yolo",
) -> Imported:
    """One data set; see :func:`read_yolo`. `name` is the format's, for the report."""
    reader = _Reader(data, layer, _hw_of_text(image_size), tally)
    seen: dict[str, str] = {}
    for split in data.splits:
        for image in images_of(data, split):
            if image in seen:
                tally.drop("images", "split", 1, f"in {seen[image]!r} already")
                continue
            seen[image] = split
            try:
                reader.look_at(image, split)
            except (FormatError, StoreError) as error:
                if on_invalid == "error":
                    raise
                tally.drop("images", "", 1, f"invalid: {error}")
    if task == "auto":
        task = data.task if data.task in TASKS else task_of_columns(reader.counts, data)
    reader.build(task, on_invalid == "skip")
    return Imported(reader.builder.build(), tally.report(name, str(path)))


def _hw_of_text(size: str) -> tuple[int, int] | None:
    if not size:
        return None
    width, _, height = size.partition("x")
    if not (width.isdecimal() and height.isdecimal()) or len(size) > 12:
        raise FormatError(f"image_size: expected WIDTHxHEIGHT such as 1280x720, got {size[:40]!r}.")
    return int(height), int(width)


class _Reader:
    """Looks at all images first, since only all lines together tell what they are."""

    def __init__(self, data: DataSet, layer: str, image_hw: tuple[int, int] | None, tally: Tally) -> None:
        self.data, self.image_hw, self.tally = data, image_hw, tally
        self.builder = ImageSetBuilder(data.root.name or "yolo", str(data.root), data.taxonomy, layer)
        self.counts: set[int] = set()
        self._seen: list[tuple[str, str, tuple[int, int], list[FloatArray] | None]] = []

    def look_at(self, image: str, split: str) -> None:
        """Read an image's header and label file."""
        # Not safe_join: exports link images that lie elsewhere; of them only the header is read.
        file = self.data.root / image
        if file.is_file():
            hw = read_image_header(file).image_hw
        elif self.image_hw is not None:
            hw = self.image_hw
        else:
            raise FormatError(
                f"{file}: no such image, and labels are parts of its size. Pass image_size=WIDTHxHEIGHT."
            )
        labels = safe_join(self.data.root, label_path(image))
        rows = None
        if labels.is_file():
            rows = parse_lines(read_text(labels), str(labels), len(self.data.taxonomy))
            self.counts |= {len(row) for row in rows}
        self._seen.append((image, split, hw, rows))

    def build(self, task: str, skip: bool) -> None:
        """Turn lines into tables. An image without a label file was looked at by nobody."""
        first_track = 1
        for image, split, hw, rows in self._seen:
            tables: list[Table] = []
            if rows is not None:
                where = str(self.data.root / label_path(image))
                try:
                    tables = tables_of(rows, task, hw, self.data, where, first_track, self.tally)
                except (FormatError, InvalidLabelError) as error:
                    if not skip:
                        raise
                    self.tally.drop("images", "", 1, f"invalid: {error}")
                    continue
                tables = tables if rows else [kind.empty() for kind in _KINDS[task]]
                first_track += len(rows)
            self.builder.add(image, hw, *tables, split=split)
            for table in tables:
                self.tally.keep(table.KIND, "", len(table))
