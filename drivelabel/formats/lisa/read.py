"""LISA's folder of traffic lights as an image set: housings, with the bulb that is lit."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats.building import ImageSetBuilder
from drivelabel.formats.imported import Imported
from drivelabel.formats.lane_lines import image_size
from drivelabel.formats.loading import read_text, safe_join
from drivelabel.formats.loading.values import as_numbers
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import Tally
from drivelabel.formats.traffic_lights import Light, lights_table, state_and_arrow
from drivelabel.labels import DRIVING

IMAGE_HW = (960, 1280)
"""Size of all of LISA's images, taken where the image itself is not there."""

BOX_FILE, BULB_FILE = "frameAnnotationsBOX.csv", "frameAnnotationsBULB.csv"
_HEADER = ("Filename", "Annotation tag", "Upper left corner X")
_N_COLUMNS = 10
_MAX_IMAGES = 1_000_000

_Row = tuple[str, str, tuple[float, float, float, float], dict[str, str], str]
"""File name, tag, xyxy, further facts, place for errors."""


def looks_like_lisa(path: Path) -> bool:
    """Whether a path is one of LISA's CSV files, or a folder with some up to four levels down."""
    if path.is_file():
        return path.name in (BOX_FILE, BULB_FILE)
    levels = ("", "*/", "*/*/", "*/*/*/", "*/*/*/*/")
    return path.is_dir() and any(next(path.glob(level + BOX_FILE), None) is not None for level in levels)


def read_lisa(
    path: Path, *, layer: str = "truth", on_invalid: Literal["error", "skip"] = "error"
) -> Imported:
    """Traffic lights of LISA: the housings of all BOX files below a folder, joined with their BULB files.

    A bulb belongs to the housing of the same image and tag that holds its middle; it becomes the keypoint of
    its colour. Images without lights have no row in the files, so nothing is known of them.

    Args:
        path: the data set's folder, or one BOX file.
        layer: name of the layer.
        on_invalid: ``skip`` leaves out rows that break a rule and counts them.

    Raises:
        StoreError: the folder is missing, or a file cannot be read.
        FormatError: a row breaks a rule of the format; the message names file and line.
    """
    path = Path(path)
    files = [path] if path.is_file() else sorted(path.rglob(BOX_FILE))
    if not files:
        raise StoreError(f"{path}: expected files {BOX_FILE}, found none.")
    home = path.parent if path.is_file() else path
    tally = Tally()
    images: dict[str, list[Light]] = {}
    for file in files:
        _read_pair(file, images, on_invalid, tally)
    places = _image_files(home)
    builder = ImageSetBuilder(home.name, str(home), DRIVING, layer)
    for name, lights in images.items():
        place = places.get(PurePosixPath(name).name, name)
        builder.add(place, image_size(safe_join(home, place), IMAGE_HW), lights_table(lights))
        tally.keep("traffic_lights", "", len(lights))
    return Imported(builder.build(), tally.report("lisa", str(path)))


def _image_files(home: Path) -> dict[str, str]:
    """Image name to its path below the folder: the paths in the CSV files have a prefix of their own."""
    found: dict[str, str] = {}
    for count, file in enumerate(home.rglob("*--*.jpg")):
        if count >= _MAX_IMAGES:
            raise FormatError(f"{home}: expected at most {_MAX_IMAGES} images.")
        found[file.name] = file.relative_to(home).as_posix()
    return found


def _read_pair(file: Path, images: dict[str, list[Light]], on_invalid: str, tally: Tally) -> None:
    own: dict[str, list[tuple[str, Light]]] = {}
    for name, tag, xyxy, facts, where in _rows(file, on_invalid, tally):
        state, arrow = state_and_arrow(tag, where)
        light = Light(xyxy, state, arrow, attributes=facts)
        own.setdefault(name, []).append((tag, light))
        images.setdefault(name, []).append(light)
    bulbs = file.with_name(BULB_FILE)
    if not bulbs.is_file():
        return
    for name, tag, xyxy, _, _ in _rows(bulbs, on_invalid, tally):
        _join(own.get(name, []), tag, xyxy, tally)


def _join(lights: list[tuple[str, Light]], tag: str, xyxy: tuple[float, ...], tally: Tally) -> None:
    u, v = (xyxy[0] + xyxy[2]) / 2, (xyxy[1] + xyxy[3]) / 2
    for own_tag, light in lights:
        left, top, right, bottom = light.xyxy
        inside = left <= u <= right and top <= v <= bottom
        if own_tag == tag and inside and light.state in ("red", "yellow", "green") and not light.bulbs:
            light.bulbs[light.state] = (u, v)
            tally.keep("bulbs", "", 1, "middle of the bulb's box, as keypoint")
            tally.drop("bulbs", "size", 1, "keypoints have none")
            return
    tally.drop("bulbs", "", 1, "no housing of the same tag around it")


def _rows(file: Path, on_invalid: str, tally: Tally) -> Iterator[_Row]:
    lines = read_text(file).splitlines()
    if not lines or tuple(lines[0].split(";")[:3]) != _HEADER:
        raise FormatError(f"{file}, line 1: expected {';'.join(_HEADER)};..., got {lines[:1]}.")
    names = lines[0].split(";")
    for number, cells in enumerate(csv.reader(lines[1:], delimiter=";"), start=2):
        where = f"{file}, line {number}"
        try:
            if len(cells) == _N_COLUMNS:
                yield _row(cells, names, where)
            elif cells:
                raise FormatError(f"{where}: expected {_N_COLUMNS} values, got {len(cells)}.")
        except FormatError as error:
            if on_invalid == "error":
                raise
            tally.drop("traffic_lights", "", 1, f"invalid: {error}")


def _row(cells: list[str], names: list[str], where: str) -> _Row:
    try:
        numbers = as_numbers([float(cell) for cell in cells[2:6]], where)
    except ValueError:
        raise FormatError(f"{where}: expected four numbers, got {cells[2:6]}.") from None
    box = CORNER.to_xyxy(numbers[None])[0]
    if (box[2:] < box[:2]).any():
        raise FormatError(f"{where}: box has negative size {np.subtract(box[2:], box[:2]).tolist()}.")
    facts = {f"lisa.{name.lower()}": cell for name, cell in zip(names[6:], cells[6:], strict=False)}
    return cells[0], cells[1], (box[0], box[1], box[2], box[3]), facts, where
