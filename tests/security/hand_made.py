"""Seeds of formats that we only read: the small files of their tests."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from tests.formats.test_argoverse2 import write_log
from tests.formats.test_dgp import write_scene
from tests.formats.test_light_formats import BOSCH, LISA_HEADER

_LISA_ROW = "dayTraining/dayClip1--00007.jpg;stop;10;20;30;60;dayTraining/clip.mp4;7;track.mp4;7\n"
_DTLD = {
    "images": [
        {
            "image_path": "Berlin/1.tiff", "time_stamp": 1.5,
            "labels": [
                {"x": 10, "y": 20, "w": 8, "h": 24, "track_id": "4711", "unique_id": "u1",
                 "attributes": {"state": "red", "pictogram": "arrow_left", "relevance": "not_relevant"}}
            ],
        }
    ]
}  # fmt: skip
_S2TLD = """<annotation><filename>1.jpg</filename><size><width>64</width><height>48</height><depth>3</depth>
</size><object><name>red</name><difficult>0</difficult><bndbox><xmin>3</xmin><ymin>4</ymin><xmax>9</xmax>
<ymax>20</ymax></bndbox></object></annotation>
"""


def _write_bosch(folder: Path) -> None:
    (folder / "train.yaml").write_text(BOSCH)


def _write_dtld(folder: Path) -> None:
    (folder / "DTLD_test.json").write_text(json.dumps(_DTLD))


def _write_lisa(folder: Path) -> None:
    home = folder / "Annotations/dayTrain/dayClip1"
    home.mkdir(parents=True)
    for name in ("BOX", "BULB"):
        (home / f"frameAnnotations{name}.csv").write_text(LISA_HEADER + _LISA_ROW)


def _write_s2tld(folder: Path) -> None:
    for name in ("Annotations", "JPEGImages"):
        (folder / name).mkdir()
    (folder / "Annotations" / "1.xml").write_text(_S2TLD)
    cv2.imwrite(str(folder / "JPEGImages" / "1.jpg"), np.zeros((48, 64, 3), np.uint8))


_MAKERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "argoverse2": ("log", lambda folder: write_log(folder / "log")),
    "bosch": ("train.yaml", _write_bosch),
    "dgp": ("scene", lambda folder: write_scene(folder / "scene")),
    "dtld": ("DTLD_test.json", _write_dtld),
    "lisa": ("", _write_lisa),
    "s2tld": ("", _write_s2tld),
}
"""Format to the path that its reader is given, and what writes the files."""


def hand_made(name: str) -> tuple[str, dict[str, bytes]] | None:
    """The entry and files of a format's seed; None when it has none."""
    if name not in _MAKERS:
        return None
    entry, make = _MAKERS[name]
    folder = Path(tempfile.mkdtemp())
    try:
        make(folder)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return entry, {str(path.relative_to(folder)): path.read_bytes() for path in files}
    finally:
        shutil.rmtree(folder)
