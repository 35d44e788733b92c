"""A format for tests of the commands: boxes of whole pixels in one JSON file, or a folder of such."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from drivelabel.formats import ConversionReport, Data, Format, Imported, Tally
from drivelabel.formats.aside import new_file
from drivelabel.formats.building import ImageSetBuilder
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.loading import Fields, read_json
from drivelabel.formats.losses import count_losses
from drivelabel.formats.pictures import pictures_of
from drivelabel.labels import IMPORTED, Boxes2D


def write_tiny(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: Literal["reference", "none"] = "reference",
    indent: int | None = None,
    overwrite: bool = False,
) -> ConversionReport:
    pictures, tally = pictures_of(data, layer), Tally()
    entries = []
    for picture in pictures.items:
        boxes = pictures.table("boxes2d", picture)
        if boxes is None:
            tally.drop("images", "", 1, "nobody labelled them")
            continue
        written = np.round(boxes.xyxy)
        error = float(np.abs(written - boxes.xyxy).max(initial=0.0))
        tally.approximate("boxes2d", "xyxy", len(boxes) * (error > 0), error, "px")
        entries.append({
            "file": picture.source.path if images == "reference" else "",
            "hw": list(picture.image_hw),
            "split": picture.split,
            "boxes": [
                [*box, pictures.taxonomy.names[k]]
                for box, k in zip(written.tolist(), boxes.category_id.tolist(), strict=True)
            ],
        })  # fmt: skip
    count_losses(pictures, tally, {"boxes2d": {"xyxy", "category_id"}}, "tiny has only boxes")
    with new_file(out, overwrite=overwrite) as place:
        text = json.dumps({"names": pictures.taxonomy.names, "images": entries}, indent=indent)
        place.write_text(text, encoding="utf-8")
    return tally.report("tiny", str(out))


def read_tiny(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    on_invalid: Literal["error", "skip"] = "error",
    prefix: str = "",
) -> Imported:
    file = path / f"{scene}.json" if scene is not None else path
    whole, tally = Fields(read_json(file), str(file)), Tally()
    builder = ImageSetBuilder(
        file.stem, str(file.parent), taxonomy_of_names("tiny", whole.items("names")), layer
    )
    for image in whole.objects("images"):
        height, width = image.numbers("hw", 2).astype(int).tolist()
        rows = image.items("boxes")
        bad = [row for row in rows if row[2] < row[0]]
        if bad and on_invalid == "error":
            builder.taxonomy.id_of(bad[0][4])
            raise_bad(image.where)
        tally.drop("boxes2d", "", len(bad), "inside out")
        rows = [row for row in rows if row not in bad]
        boxes = Boxes2D(
            xyxy=np.array([row[:4] for row in rows], np.float32).reshape(-1, 4),
            category_id=builder.taxonomy.ids_of([row[4] for row in rows]),
            origin=[IMPORTED] * len(rows),
        )
        builder.add(prefix + image.text("file"), (height, width), boxes, split=image.text("split", ""))
    return Imported(builder.build(), tally.report("tiny", str(path)))


def raise_bad(where: str) -> None:
    from drivelabel.errors import FormatError

    raise FormatError(f'{where}: a box is inside out. Drop it with on_invalid="skip".')


def drives(path: Path) -> list[str]:
    return sorted(file.stem for file in path.glob("*.json")) if path.is_dir() else []


FORMAT = Format(
    write=write_tiny,
    read=read_tiny,
    matches=lambda path: path.suffix == ".json" and '"names"' in path.read_text(),
    scenes=drives,
    about="boxes of whole pixels",
)
