"""Tracked boxes as MOT Challenge's sequences or result files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.losses import count_losses
from drivelabel.formats.mot.read import CONFIDENCE, IGNORED, MOT_PIXELS, VISIBILITY
from drivelabel.formats.pictures import Data, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.sequences import Sequence as CameraSequence
from drivelabel.formats.sequences import SequenceInfo, seqinfo_text, sequences_of
from drivelabel.labels import Boxes2D

_KEPT = frozenset({"xyxy", "category_id", "track_id", "score", "attributes"})


def write_mot(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    results: bool = False,
    overwrite: bool = False,
) -> ConversionReport:
    """Write boxes with track ids, one folder for each camera of each scene.

    ``OUT/NAME/gt/gt.txt`` has the boxes, with id -1 where they have no track, ``gt/labels.txt`` the names of
    the class numbers.

    Args:
        data: scenes or image sets.
        out: a folder.
        layer: whose boxes.
        images: ``copy`` and ``link`` fill ``OUT/NAME/img1``.
        results: write ``OUT/NAME.txt`` of ten values with scores instead, as evaluation takes them.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        StoreError: `out` is there already or cannot be written, or an image is missing.
    """
    pictures = pictures_of(data, layer)
    tally = Tally()
    with new_folder(Path(out), overwrite=overwrite) as place:
        for sequence in sequences_of(pictures):
            if results:
                text = "".join(_lines(pictures, sequence, tally, True))
                (place / f"{sequence.name}.txt").write_text(text, encoding="ascii")
            else:
                _write_sequence(place / sequence.name, pictures, sequence, images, tally)
            steady = "frames of a steady rate"
            tally.approximate(
                "frames", "timestamp_ns", int(sequence.jitter_ns > 0), sequence.jitter_ns / 1e6, "ms", steady
            )
        count_losses(pictures, tally, {"boxes2d": _KEPT}, "MOT has boxes only", times=True)
    return tally.report("mot", str(out))


def _write_sequence(
    folder: Path, pictures: Pictures, sequence: CameraSequence, images: ImagesMode, tally: Tally
) -> None:
    for name in ("gt", "img1") if images in ("copy", "link") else ("gt",):
        (folder / name).mkdir(parents=True)
    (folder / "gt/gt.txt").write_text("".join(_lines(pictures, sequence, tally, False)), encoding="ascii")
    (folder / "gt/labels.txt").write_text(
        "".join(f"{name}\n" for name in pictures.taxonomy.names), encoding="utf-8"
    )
    items = [pictures.items[row] for row in sequence.pictures]
    suffix = ".jpg"
    with ImageFiles(pictures, folder / "img1", images, tally) as files:
        for number, picture in enumerate(items, start=1):
            suffix = Path(files.place(picture, name=f"{number:06d}")).suffix
    info = SequenceInfo(sequence.name, sequence.hz, len(items), items[0].image_hw, suffix=suffix)
    (folder / "seqinfo.ini").write_text(seqinfo_text(info), encoding="utf-8")


def _lines(pictures: Pictures, sequence: CameraSequence, tally: Tally, results: bool) -> Iterator[str]:
    for number, row in enumerate(sequence.pictures, start=1):
        boxes: Boxes2D | None = pictures.table("boxes2d", pictures.items[row])
        if boxes is None:
            tally.drop("frames", "labelled", 1, "nobody looked at them, which MOT cannot say")
            continue
        _count(boxes, results, tally)
        for line in _values(boxes, results):
            yield f"{number},{line}\n"


def _values(boxes: Boxes2D, results: bool) -> Iterator[str]:
    theirs, _ = MOT_PIXELS.from_xyxy(boxes.xyxy.astype(np.float64))
    ltwh = np.concatenate([theirs[:, :2], theirs[:, 2:] - theirs[:, :2]], axis=1)
    for row, box in enumerate(ltwh.tolist()):
        place = ",".join(_text(value) for value in box)
        head = f"{int(boxes.track_id[row])},{place}"
        facts = boxes.attributes.row(row)
        if results:
            confidence = facts.get(CONFIDENCE, float(boxes.score[row]))
            yield f"{head},{_text(float(confidence))},-1,-1,-1"
        else:
            flag = 0 if facts.get(IGNORED) is True else 1
            visibility = facts.get(VISIBILITY, -1)
            seen = _text(float(visibility)) if isinstance(visibility, (int, float)) else "-1"
            yield f"{head},{flag},{int(boxes.category_id[row]) + 1},{seen}"


def _text(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _count(boxes: Boxes2D, results: bool, tally: Tally) -> None:
    tally.keep("boxes2d", "", len(boxes))
    carried = {CONFIDENCE} if results else {IGNORED, VISIBILITY}
    if results:
        tally.drop("boxes2d", "category_id", int((boxes.category_id != 0).sum()), "results have no class")
    else:
        tally.drop("boxes2d", "score", int((boxes.score != 1).sum()), "truth has no score")
    for name, column in boxes.attributes.by_name.items():
        if name not in carried:
            tally.drop("boxes2d", f"attributes.{name}", int((column.codes >= 0).sum()))
