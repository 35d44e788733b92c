"""Names of Cityscapes' files: ``gtFine/SPLIT/CITY/CITY_SEQUENCE_FRAME_gtFine_polygons.json``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from drivelabel.formats.pictures import Picture, Pictures

SPLITS = ("train", "val", "test", "train_extra")
KINDS = ("gtFine", "gtCoarse")
IMAGES = "leftImg8bit"
POLYGONS, LABELS, TRAIN_LABELS, INSTANCES = (
    "polygons.json",
    "labelIds.png",
    "labelTrainIds.png",
    "instanceIds.png",
)

_FILE = re.compile(r"(?P<base>.+)_(?P<kind>gtFine|gtCoarse)_(polygons\.json|\w+\.png)")
_OFFICIAL = re.compile(r"([A-Za-z0-9-]+)_[0-9]+_[0-9]+")


@dataclass(frozen=True, slots=True)
class Place:
    """One image: its folders below ``gtFine`` and ``leftImg8bit`` (``train/aachen``), and its name."""

    kind: str
    folder: str
    base: str

    @property
    def image(self) -> str:
        """The image's path below the root."""
        return f"{IMAGES}/{self.folder}/{self.base}_{IMAGES}.png".replace("//", "/")

    def labels(self, what: str) -> str:
        """The path of one of its label files below the root."""
        return f"{self.kind}/{self.folder}/{self.base}_{self.kind}_{what}".replace("//", "/")

    @property
    def split(self) -> str:
        """The split that its folder is in, or ""."""
        first = self.folder.partition("/")[0]
        return first if first in SPLITS else ""


def places_in(root: Path) -> list[Place]:
    """Every image that has a file of labels."""
    found: set[tuple[str, str, str]] = set()
    for kind in KINDS:
        for file in (root / kind).rglob("*") if (root / kind).is_dir() else []:
            match = _FILE.fullmatch(file.name)
            if match is not None and match["kind"] == kind:
                folder = file.parent.relative_to(root / kind).as_posix().strip(".")
                found.add((kind, folder, match["base"]))
    fine = {(folder, base) for kind, folder, base in found if kind == "gtFine"}
    return [
        Place(*one)
        for one in sorted(found, key=lambda one: one[1:])
        if one[0] == "gtFine" or one[1:] not in fine
    ]


def place_of(pictures: Pictures, picture: Picture) -> Place:
    """Where a picture is written: under its own name where that is one of Cityscapes', else numbered."""
    stem = picture.name.rpartition("/")[2].removesuffix(f"_{IMAGES}")
    match = _OFFICIAL.fullmatch(stem)
    if match is None:
        city = re.sub(r"[^A-Za-z0-9-]+", "-", pictures.data[picture.data].name).strip("-") or "city"
        stem = f"{city}_{picture.data:06d}_{picture.group:06d}"
    else:
        city = match[1]
    return Place("gtFine", f"{picture.split if picture.split in SPLITS else 'train'}/{city}", stem)
