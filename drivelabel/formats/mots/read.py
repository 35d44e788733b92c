"""MOTS' text files and PNG folders as scenes of one camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import read_bytes, read_text
from drivelabel.formats.mots.classes import IGNORE_ID, MOTS, PER_CLASS, ROW_OF_CLASS
from drivelabel.formats.painting import InstancePainter, mask_of_rle
from drivelabel.formats.picking import picked_scene
from drivelabel.formats.report import Tally
from drivelabel.formats.sequences import (
    MAX_FRAMES,
    SequenceInfo,
    read_seqinfo,
    sequence_images,
    sequence_scene,
)
from drivelabel.labels import IMPORTED, Boxes2D, Grouped
from drivelabel.media.images import natural_key, read_image_header
from drivelabel.scene import Layer
from drivelabel.typing import AnyArray, BoolArray

_Thing = tuple[int, int, BoolArray]
"""Frame from 0, id, mask."""


def looks_like_mots(path: Path) -> bool:
    """Whether a path is a text file of MOTS' lines, or a folder of its PNG or of text files."""
    if path.is_file():
        return path.suffix == ".txt" and _first_line_fits(path)
    return path.is_dir() and bool(mots_sequences(path))


def _first_line_fits(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            words = file.readline(1 << 20).split()
    except OSError:
        return False
    return len(words) == 6 and all(word.isdigit() for word in words[:5])


def mots_sequences(path: Path) -> list[str]:
    """The sequences in a folder: text files, and folders of 16-bit PNG; ``.`` when it is one itself."""
    if not path.is_dir():
        return []
    if (path / "gt/gt.txt").is_file():
        return ["."] if _first_line_fits(path / "gt/gt.txt") else []
    if _is_png_sequence(path):
        return ["."]
    inside = sorted(path.iterdir(), key=lambda item: natural_key(item.name))
    texts = [item.name for item in inside if item.suffix == ".txt" and _first_line_fits(item)]
    folders = [item.name for item in inside if item.is_dir() and mots_sequences(item) == ["."]]
    return [*texts, *folders]


def _is_png_sequence(folder: Path) -> bool:
    first = next(iter(sorted(folder.glob("*.png"))), None)
    if first is None or not first.stem.isdigit():
        return False
    head = read_bytes(first)[:26]
    return len(head) == 26 and head[24] == 16 and head[25] == 0  # 16 bits, grey


def read_mots(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    first_frame: int | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """One sequence: its masks, and the tight box of each.

    Args:
        path: a text file, a folder of PNG, a MOT-like folder with gt/gt.txt, or a folder with several.
        layer: name of the layer.
        scene: which sequence, when there are several.
        first_frame: number of the first frame; when None, 0 where frame 0 occurs (KITTI), else 1.
        on_invalid: ``skip`` leaves out masks that break a rule and counts them.

    Raises:
        StoreError: a file is missing or damaged.
        FormatError: there are several sequences and none is named, or a mask breaks a rule.
    """
    path = _sequence(Path(path), scene)
    tally = Tally()
    info = SequenceInfo(path.stem, image_folder="")
    if path.is_dir() and (path / "gt/gt.txt").is_file():
        info = read_seqinfo(path)
        things = _of_text(path / "gt/gt.txt", first_frame, on_invalid, tally)
    elif path.is_dir():
        things = _of_images(path, first_frame, on_invalid, tally)
    else:
        things = _of_text(path, first_frame, on_invalid, tally)
    folder = path if path.is_dir() else path.parent
    painter = InstancePainter(tally)
    boxes: dict[int, list[tuple[int, AnyArray]]] = {}
    hw, n_frames = (1, 1), 1
    for frame, ident, mask in things:
        painter.paint(frame, mask, ident)
        boxes.setdefault(frame, []).append((ident, _tight_box(mask)))
        hw, n_frames = (mask.shape[0], mask.shape[1]), max(n_frames, frame + 1)
        tally.keep("instance_map")
    if info.image_folder:
        n_frames = max(n_frames, info.n_frames, len(sequence_images(folder, info)))
    groups = {frame: _boxes(boxes.get(frame, [])) for frame in range(n_frames)}
    for frame in groups:
        painter.look(frame, hw)
    table = Grouped.from_groups(Boxes2D, n_frames, groups)
    filled = Layer(layer, MOTS, tables={"boxes2d": table}, **painter.columns(n_frames))
    built = sequence_scene(folder, replace(info, image_hw=hw), n_frames, hw, filled)
    return Imported(replace(built, info={**built.info, "format": "mots"}), tally.report("mots", str(path)))


def _sequence(path: Path, scene: str | None) -> Path:
    if path.is_file():
        return path
    expected = "MOTS' text files or folders of 16-bit PNG"
    return picked_scene(path, mots_sequences(path), scene, "sequence", expected)


def _of_text(file: Path, first_frame: int | None, on_invalid: str, tally: Tally) -> Iterator[_Thing]:
    lines = [line.split() for line in read_text(file).splitlines()]
    if first_frame is None:
        first_frame = 0 if any(words[:1] == ["0"] for words in lines) else 1
    size: tuple[int, int] | None = None
    seen: set[tuple[int, int]] = set()
    for number, words in enumerate(lines, start=1):
        if not words:
            continue
        try:
            frame, ident, hw, counts = _words(words, first_frame, f"{file}, line {number}")
            size = size or hw
            if hw != size or (frame, ident) in seen:
                raise FormatError(
                    f"{file}, line {number}: another size than before, or its id twice in a frame."
                )
            mask = mask_of_rle({"size": list(hw), "counts": counts}, hw, f"{file}, line {number}")
        except FormatError as error:
            if on_invalid == "error":
                raise
            tally.drop("instance_map", "", 1, f"invalid: {error}")
            continue
        seen.add((frame, ident))
        yield frame, ident, mask


def _words(words: list[str], first_frame: int, where: str) -> tuple[int, int, tuple[int, int], str]:
    if len(words) != 6:
        raise FormatError(
            f"{where}: expected frame, id, class, height, width and code, got {len(words)} words."
        )
    if not all(word.isdigit() and len(word) < 10 for word in words[:5]):
        raise FormatError(f"{where}: expected five whole numbers first, got {words[:5]}.")
    frame, ident, number, height, width = map(int, words[:5])
    if not 0 <= frame - first_frame < MAX_FRAMES:
        raise FormatError(f"{where}: expected a frame from {first_frame}, got {frame}.")
    if number not in ROW_OF_CLASS or number != _class_of(ident):
        raise FormatError(
            f"{where}: class {number} and id {ident} do not fit: ids are class * 1000 + number."
        )
    return frame - first_frame, ident, (height, width), words[5]


def _class_of(ident: int) -> int:
    return 10 if ident == IGNORE_ID else ident // PER_CLASS


def _of_images(folder: Path, first_frame: int | None, on_invalid: str, tally: Tally) -> Iterator[_Thing]:
    files = sorted(folder.glob("*.png"), key=lambda file: natural_key(file.name))
    numbers = [int(file.stem) for file in files if file.stem.isdigit() and len(file.stem) < 10]
    if len(numbers) != len(files):
        raise FormatError(f"{folder}: expected PNG that are called after their frame's number.")
    first = min(numbers) if first_frame is None else first_frame
    for file, number in zip(files, numbers, strict=True):
        pixels = _ids(file)
        for ident in np.unique(pixels[pixels > 0]).tolist():
            if _class_of(ident) not in ROW_OF_CLASS:
                if on_invalid == "error":
                    raise FormatError(f"{file}: id {ident} has no class of MOTS.")
                tally.drop("instance_map", "", 1, f"invalid: {file.name} has the id {ident}")
                continue
            yield number - first, ident, pixels == ident


def _ids(file: Path) -> AnyArray:
    read_image_header(file)  # its size, before decoding
    pixels = cv2.imdecode(np.frombuffer(read_bytes(file), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 2 or pixels.dtype != np.uint16:
        raise FormatError(f"{file}: expected a grey PNG of 16 bits.")
    return pixels


def _tight_box(mask: BoolArray) -> AnyArray:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.zeros(4, np.float32)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def _boxes(things: list[tuple[int, AnyArray]]) -> Boxes2D:
    if not things:
        return Boxes2D.empty()
    idents = np.asarray([ident for ident, _ in things], np.int64)
    return Boxes2D(
        xyxy=np.stack([box for _, box in things]),
        category_id=np.asarray([ROW_OF_CLASS[_class_of(ident)] for ident in idents.tolist()], np.int64),
        track_id=idents,
        origin=np.full(len(things), IMPORTED, np.uint8),
    )
