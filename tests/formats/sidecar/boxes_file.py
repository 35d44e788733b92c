"""A poor format for tests of sidecars: boxes of whole pixels by class name, one JSON file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from drivelabel.formats import Data, Imported, Tally
from drivelabel.formats.building import ImageSetBuilder
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.pictures import pictures_of
from drivelabel.labels import IMPORTED, Boxes2D


def write_boxes(data: Data, out: Path, layer: str) -> None:
    pictures = pictures_of(data, layer)
    images = {}
    for picture in pictures.items:
        boxes = pictures.table("boxes2d", picture)
        if boxes is not None:
            names = [pictures.taxonomy.names[k] for k in boxes.category_id.tolist()]
            rows = np.round(boxes.xyxy).astype(int).tolist()
            images[picture.name] = {
                "hw": picture.image_hw,
                "boxes": [list(p) for p in zip(names, rows, strict=True)],
            }
    out.write_text(json.dumps(images))


def read_boxes(path: Path, layer: str = "truth") -> Imported:
    images = json.loads(path.read_text())
    names = sorted({name for image in images.values() for name, _ in image["boxes"]})
    builder = ImageSetBuilder("boxes", str(path.parent), taxonomy_of_names("boxes", names), layer)
    for name, image in images.items():
        rows = [row for _, row in image["boxes"]]
        boxes = Boxes2D(
            xyxy=np.array(rows, np.float32).reshape(-1, 4),
            category_id=builder.taxonomy.ids_of([own for own, _ in image["boxes"]]),
            origin=[IMPORTED] * len(rows),
        )
        builder.add(f"{name}.png", tuple(image["hw"]), boxes)
    return Imported(builder.build(), Tally().report("boxes", str(path)))
