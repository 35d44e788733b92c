"""``tracklet_labels.xml``: things of a fixed size with a pose a frame, velodyne coords, bottom centre.

Source: readme of KITTI's raw development kit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import read_xml
from drivelabel.typing import FloatArray

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

POSE = ("tx", "ty", "tz", "rx", "ry", "rz")
FACTS = (
    "state",
    "occlusion",
    "occlusion_kf",
    "truncation",
    "amt_occlusion",
    "amt_border_l",
    "amt_border_r",
    "amt_occlusion_kf",
    "amt_border_kf",
)
UNSET = -1.0
"""A fact that nobody set."""
MAX_FRAMES = 1_000_000
_NAME = "boost_serialization"


@dataclass(slots=True)
class Tracklet:
    """One thing.

    Attributes:
        name: its class.
        size_hwl: (3,) metres.
        first_frame: of the first pose.
        poses: (n, 6) POSE, metres and radians, a row a frame.
        facts: (n, 9) FACTS.
    """

    name: str
    size_hwl: FloatArray
    first_frame: int
    poses: FloatArray = field(default_factory=lambda: np.zeros((0, 6)))
    facts: FloatArray = field(default_factory=lambda: np.full((0, len(FACTS)), UNSET))


def read_tracklets(path: Path) -> Iterator[Tracklet | FormatError]:
    """The things of a file; for a damaged one the error that says so.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no file of tracklets.
    """
    root = read_xml(path, bare_doctype=_NAME)
    found = root.find("tracklets") if root.tag == _NAME else None
    if found is None:
        raise FormatError(f"{path}: expected {_NAME} with tracklets.")
    for number, item in enumerate(found.findall("item")):
        try:
            yield _tracklet(item, f"{path}, tracklet {number}")
        except FormatError as error:
            yield error


def _tracklet(item: Element, where: str) -> Tracklet:
    name = (item.findtext("objectType") or "").strip()
    if not name:
        raise FormatError(f"{where}: objectType is missing.")
    size = np.array([_number(item, key, where) for key in ("h", "w", "l")])
    if size.min() <= 0:
        raise FormatError(f"{where}: expected positive h, w and l, got {size.tolist()} m.")
    first = _number(item, "first_frame", where)
    poses = item.find("poses")
    rows = [] if poses is None else poses.findall("item")
    if not first.is_integer() or not first >= 0 or first + len(rows) > MAX_FRAMES:
        raise FormatError(f"{where}: first_frame: expected a frame from 0 on, got {first:g}.")
    return Tracklet(
        name,
        size,
        int(first),
        np.array([[_number(row, key, where) for key in POSE] for row in rows]).reshape(-1, len(POSE)),
        np.array([[_number(row, key, where, UNSET) for key in FACTS] for row in rows]).reshape(
            -1, len(FACTS)
        ),
    )


def _number(item: Element, key: str, where: str, default: float | None = None) -> float:
    text = item.findtext(key)
    if text is None and default is not None:
        return default
    try:
        value = float(text or "")
    except ValueError:
        raise FormatError(f"{where}: {key}: expected a number, got {(text or '')[:40]!r}.") from None
    if not abs(value) <= 1e15:
        raise FormatError(f"{where}: {key}: expected a finite number, got {text!r}.")
    return value


def write_tracklets(path: Path, tracklets: Iterable[Tracklet]) -> None:
    """Write a file of tracklets, as the development kit's own tools do."""
    given = list(tracklets)
    lines = ['<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>', f"<!DOCTYPE {_NAME}>"]
    lines.append(f'<{_NAME} signature="serialization::archive" version="9">')
    lines += ['<tracklets class_id="0" tracking_level="0" version="0">', f"<count>{len(given)}</count>"]
    lines.append("<item_version>1</item_version>")
    for tracklet in given:
        lines += _lines(tracklet)
    lines += ["</tracklets>", f"</{_NAME}>", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _lines(tracklet: Tracklet) -> list[str]:
    height, width, length = tracklet.size_hwl.tolist()
    lines = ["<item>", f"<objectType>{escape(tracklet.name)}</objectType>"]
    lines += [f"<h>{height!r}</h>", f"<w>{width!r}</w>", f"<l>{length!r}</l>"]
    lines += [f"<first_frame>{tracklet.first_frame}</first_frame>", "<poses>"]
    lines += [f"<count>{len(tracklet.poses)}</count>", "<item_version>2</item_version>"]
    for pose, facts in zip(tracklet.poses.tolist(), tracklet.facts.tolist(), strict=True):
        lines.append("<item>")
        lines += [f"<{key}>{value!r}</{key}>" for key, value in zip(POSE, pose, strict=True)]
        lines += [f"<{key}>{_whole(value)}</{key}>" for key, value in zip(FACTS, facts, strict=True)]
        lines.append("</item>")
    return [*lines, "</poses>", "<finished>1</finished>", "</item>"]


def _whole(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
