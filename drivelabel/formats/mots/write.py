"""Masks of tracked things as MOTS' text files or PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.classes import layer_under
from drivelabel.formats.losses import count_losses
from drivelabel.formats.mots.classes import CLASS_OF_ROW, IGNORE_ID, MOTS, PER_CLASS
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.sequences import Sequence as CameraSequence
from drivelabel.formats.sequences import sequences_of
from drivelabel.geometry import mask_to_rle
from drivelabel.labels import NO_TRACK, Boxes2D
from drivelabel.typing import AnyArray

_KEPT = frozenset({"xyxy", "category_id", "track_id"})
_BOX_FROM_MASK = "the tight box of the mask"


def write_mots(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    files: Literal["text", "png"] = "text",
    first_frame: int = 0,
    overwrite: bool = False,
) -> ConversionReport:
    """Write instance maps, for each camera of each scene ``OUT/NAME.txt`` or ``OUT/NAME/*.png``.

    Classes become car and pedestrian by the built-in mappings; things of other classes are dropped.

    Args:
        data: scenes or image sets.
        out: a folder.
        layer: whose masks; the boxes of the same tracks say what class a mask has.
        files: text with run-length codes, or 16-bit PNG.
        first_frame: number of the first frame: 0 as in KITTI, 1 as in MOTSChallenge.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: `files` is neither ``text`` nor ``png``.
        StoreError: `out` is there already or cannot be written.
    """
    if files not in ("text", "png"):
        raise FormatError(f"files: expected text or png, got {files!r}.")
    pictures = pictures_of(data, layer)
    tally = Tally()
    layers = tuple(layer_under(own, MOTS, tally) for own in pictures.layers)
    known = Pictures(pictures.items, pictures.data, layers, MOTS)
    with new_folder(Path(out), overwrite=overwrite) as place:
        for sequence in sequences_of(known):
            _write_sequence(place, known, sequence, files, first_frame, tally)
    count_losses(known, tally, {"boxes2d": _KEPT}, "MOTS has masks only", masks={"instance_map"})
    return tally.report("mots", str(out))


def _write_sequence(
    place: Path, pictures: Pictures, sequence: CameraSequence, files: str, first_frame: int, tally: Tally
) -> None:
    idents = _Idents(tally)
    lines: list[str] = []
    if files == "png":
        (place / sequence.name).mkdir(parents=True)
    for number, row in enumerate(sequence.pictures, start=first_frame):
        picture = pictures.items[row]
        things = _things(pictures, picture, idents, tally)
        if files == "text":
            lines += [_line(number, ident, mask) for ident, mask in things]
        else:
            _write_png(place / sequence.name / f"{number:06d}.png", picture, things)
    if files == "text":
        (place / f"{sequence.name}.txt").write_text("".join(lines), encoding="ascii")


def _line(number: int, ident: int, mask: AnyArray) -> str:
    rle = mask_to_rle(mask)
    kind = 10 if ident == IGNORE_ID else ident // PER_CLASS
    return f"{number} {ident} {kind} {mask.shape[0]} {mask.shape[1]} {rle['counts']}\n"


def _write_png(target: Path, picture: Picture, things: list[tuple[int, AnyArray]]) -> None:
    pixels = np.zeros(picture.image_hw, np.uint16)
    for ident, mask in things:
        pixels[mask] = ident
    done, code = cv2.imencode(".png", pixels)
    if not done:
        raise FormatError(f"{target.name}: the masks cannot be written as PNG.")
    target.write_bytes(code.tobytes())


def _things(
    pictures: Pictures, picture: Picture, idents: _Idents, tally: Tally
) -> list[tuple[int, AnyArray]]:
    """Id and mask of each thing of a picture, in the order of its boxes."""
    layer = pictures.layer_of(picture)
    boxes: Boxes2D | None = pictures.table("boxes2d", picture)
    boxes = Boxes2D.empty() if boxes is None else boxes
    if layer.instance_maps is None or picture.group not in layer.instance_maps:
        tally.drop("boxes2d", "", len(boxes), "no mask")
        return []
    instances = layer.instance_map(picture.group)
    found = []
    for row in range(len(boxes)):
        track_id = int(boxes.track_id[row])
        mask = instances.mask(track_id) if track_id != NO_TRACK else np.zeros(0, np.bool_)
        if not mask.any():
            tally.drop("boxes2d", "", 1, "no mask")
            continue
        found.append((idents.of(track_id, int(boxes.category_id[row])), mask))
        tally.keep("instance_map")
        _count_box(boxes.xyxy[row], mask, tally)
    present = np.unique(instances.instance_map[instances.instance_map > 0])
    loose = np.setdiff1d(instances.track_id[present - 1], boxes.track_id)
    tally.drop("instance_map", "", len(loose), "no box of the same track says its class")
    return found


def _count_box(xyxy: AnyArray, mask: AnyArray, tally: Tally) -> None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    tight = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    error = float(np.abs(tight - xyxy).max())
    if error:
        tally.approximate("boxes2d", "xyxy", 1, error, "px", _BOX_FROM_MASK)
    else:
        tally.keep("boxes2d", "", 1, _BOX_FROM_MASK)


@dataclass(slots=True)
class _Idents:
    """MOTS' ids of one sequence: a track keeps its number where that says its class already."""

    tally: Tally
    _given: dict[tuple[int, int], int] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)

    def of(self, track_id: int, row: int) -> int:
        key = (track_id, row)
        if key not in self._given:
            self._given[key] = self._new(track_id, CLASS_OF_ROW[row])
            self._taken.add(self._given[key])
            renamed = self._given[key] != track_id
            self.tally.drop(
                "boxes2d", "track_id", int(renamed), "tracks numbered anew: class * 1000 + number"
            )
        return self._given[key]

    def _new(self, track_id: int, number: int) -> int:
        if number == 10:
            return IGNORE_ID
        if track_id // PER_CLASS == number and track_id not in self._taken:
            return track_id
        free = (ident for ident in range(number * PER_CLASS + 1, (number + 1) * PER_CLASS))
        found = next((ident for ident in free if ident not in self._taken), None)
        if found is None:
            raise FormatError(
                f"more than {PER_CLASS - 1} things of a class in one sequence, which MOTS cannot say."
            )
        return found
