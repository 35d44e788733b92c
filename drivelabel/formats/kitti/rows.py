"""The lines of KITTI's label files: an object each, in 15 values, or 16 with a score.

Source: readme of KITTI's object development kit; of its tracking kit for frame and track id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import read_text
from drivelabel.typing import FloatArray

DONT_CARE = "DontCare"
NO_SIZE, NO_LOCATION, NO_ANGLE = -1.0, -1000.0, -10.0
"""What a row has where an object has no cuboid."""
UNKNOWN_OCCLUSION = 3
NO_TRUNCATION = -1.0

_MAX_BYTES = 1 << 30
_MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Row:
    """One object.

    Attributes:
        name: its class.
        numbers: (14,) truncated, occluded, alpha, left, top, right, bottom, height, width, length,
            x, y, z (bottom centre, rectified camera coords), rotation_y.
        score: None where the file has none.
        frame, track: of tracking files; -1 elsewhere.
    """

    name: str
    numbers: FloatArray
    score: float | None = None
    frame: int = -1
    track: int = -1

    @property
    def has_cuboid(self) -> bool:
        """Whether size and place are known."""
        return bool((self.numbers[7:10] > 0).all() and self.numbers[10] != NO_LOCATION)


def read_rows(path: Path, *, tracking: bool = False) -> Iterator[Row | FormatError]:
    """The objects of a file; for a damaged line the error that says so.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no text.
    """
    for number, line in enumerate(read_text(path, max_bytes=_MAX_BYTES).splitlines(), 1):
        words = line.split()
        if words:
            try:
                yield _row(words, f"{path}, line {number}", tracking)
            except FormatError as error:
                yield error


def _row(words: list[str], where: str, tracking: bool) -> Row:
    frame = track = -1
    if tracking:
        if len(words) < 2:
            raise FormatError(f"{where}: expected a frame and a track id.")
        frame, track = _integer(words[0], where, "frame"), _integer(words[1], where, "track id")
        words = words[2:]
    if len(words) not in (15, 16):
        raise FormatError(f"{where}: expected a class and 14 or 15 numbers, got {len(words)} values.")
    if len(words[0]) > _MAX_NAME:
        raise FormatError(f"{where}: expected a class of at most {_MAX_NAME} letters.")
    numbers = np.array([_number(word, where) for word in words[1:]], np.float64)
    left, top, right, bottom = numbers[3:7].tolist()
    if right < left or bottom < top:
        raise FormatError(f"{where}: box has negative size {right - left:g} x {bottom - top:g} px.")
    score = float(numbers[14]) if len(numbers) > 14 else None
    return Row(words[0], numbers[:14], score, frame, track)


def _number(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise FormatError(f"{where}: expected a number, got {word[:40]!r}.") from None
    if not abs(value) <= 1e15:  # false for NaN too
        raise FormatError(f"{where}: expected a finite number, got {word[:40]!r}.")
    return value


def _integer(word: str, where: str, what: str) -> int:
    value = _number(word, where)
    if not value.is_integer() or not -1 <= value < 2**31:
        raise FormatError(f"{where}: {what}: expected a whole number, got {word[:40]!r}.")
    return int(value)


def write_rows(path: Path, rows: Iterable[Row], *, tracking: bool = False) -> None:
    """One line an object."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{_line(row, tracking)}\n" for row in rows), encoding="utf-8")


def _line(row: Row, tracking: bool) -> str:
    words = [str(row.frame), str(row.track)] if tracking else []
    words += [row.name.replace(" ", "_"), *(_text(value) for value in row.numbers)]
    return " ".join([*words, *([] if row.score is None else [_text(row.score)])])


def _text(value: float) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
