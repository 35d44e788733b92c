"""S2TLD's XML files as an image set of traffic lights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.imported import Imported
from drivelabel.formats.report import Entry
from drivelabel.formats.voc import read_voc
from drivelabel.labels import BULBS, DRIVING, LIGHT_STATES, Boxes2D, Grouped, TrafficLights
from drivelabel.scene import ImageSet

STATE_OF_CLASS = {"red": "red", "yellow": "yellow", "green": "green", "off": "off", "wait_on": "unknown"}
"""Class in the files to state. ``wait_on`` stays as an attribute too: a sign that asks to wait.

Source: github.com/Thinklab-SJTU/S2TLD.
"""

CLASS = "s2tld.class"
"""Attribute of lights whose class says more than their state."""

_N_LOOKED_AT = 20


def looks_like_s2tld(path: Path) -> bool:
    """Whether a folder has VOC files whose objects all have classes of S2TLD, and some have any."""
    if not path.is_dir():
        return False
    home = path / "Annotations" if (path / "Annotations").is_dir() else path
    files = sorted(home.glob("*.xml"))[:_N_LOOKED_AT]
    names: set[bytes] = set()
    for file in files:
        with file.open("rb") as opened:
            head = opened.read(1 << 16)
        objects = head.split(b"<object>")[1:]
        names |= {
            item.split(b"<name>")[1].split(b"</name>")[0].strip() for item in objects if b"<name>" in item
        }
    return bool(names) and names <= {name.encode() for name in STATE_OF_CLASS}


def read_s2tld(
    path: Path,
    *,
    layer: str = "truth",
    pixels: Literal["voc", "corner"] = "voc",
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """Traffic lights of S2TLD.

    Args:
        path: a folder with ``Annotations`` and ``JPEGImages``, a folder of XML files, or one file.
        layer: name of the layer.
        pixels: how the numbers count, as for ``voc``.
        on_invalid: ``skip`` leaves out files and objects that break a rule and counts them.

    Raises:
        StoreError: a file is missing or cannot be read.
        FormatError: a file breaks a rule of the format, or has another class.
    """
    read = read_voc(path, layer=layer, pixels=pixels, on_invalid=on_invalid)
    assert isinstance(read.data, ImageSet), "VOC is read as an image set"
    boxes = read.data.layer(layer).boxes2d
    names = read.data.layer(layer).taxonomy.names
    unknown = [name for name in names if name not in STATE_OF_CLASS]
    if unknown:
        raise FormatError(f"{path}: expected the classes {', '.join(STATE_OF_CLASS)}, got {unknown[0]!r}.")
    lights = Grouped(_lights(boxes.rows, names), boxes.offsets, boxes.labelled)
    own = read.data.layer(layer)
    tables: dict[str, Any] = {kind: table for kind, table in own.tables.items() if kind != "boxes2d"}
    filled = replace(own, taxonomy=DRIVING, tables=tables | {"traffic_lights": lights})
    kept = tuple(_renamed(entry) for entry in read.report.kept)
    report = replace(read.report, format="s2tld", kept=kept)
    return Imported(replace(read.data, taxonomy=DRIVING, layers={layer: filled}), report)


def _renamed(entry: Entry) -> Entry:
    return replace(entry, object="traffic_lights") if entry.object == "boxes2d" else entry


def _lights(boxes: Boxes2D, names: tuple[str, ...]) -> TrafficLights:
    n = len(boxes)
    classes = [names[row] for row in boxes.category_id.tolist()]
    facts = [boxes.attributes.row(row) for row in range(n)]
    for row, name in enumerate(classes):
        if name == "wait_on":
            facts[row][CLASS] = name
    return TrafficLights(
        xyxy=boxes.xyxy,
        keypoints=np.zeros((n, len(BULBS), 3), np.float32),
        category_id=np.full(n, DRIVING.id_of("traffic_light")),
        state=np.asarray([LIGHT_STATES.index(STATE_OF_CLASS[name]) for name in classes], np.uint8),
        origin=boxes.origin,
        attributes=type(boxes.attributes).from_rows(facts),
    )
