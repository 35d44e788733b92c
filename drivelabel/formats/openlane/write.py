"""Lane lines as OpenLane's files, one for each image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.lane_lines import is_plain_line
from drivelabel.formats.loading import safe_name
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.openlane.codes import (
    CODE_OF_POSITION,
    KIND,
    OPENLANE_FROM_CAMERA,
    code_of,
    kind_beside_style,
)
from drivelabel.formats.pictures import Data, Picture, Pictures, pictures_of
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import NO_TRACK, LaneLines
from drivelabel.scene import Scene

_KEPT = frozenset({"points", "category_id", "style", "position", "track_id", "attributes"})


def write_openlane(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    overwrite: bool = False,
) -> ConversionReport:
    """Write lane lines as ``OUT/lane3d/SCENE/IMAGE.json`` with OpenLane's kinds and places.

    Lines have points in the image only; ``xyz`` is empty, since nothing is known of their height.

    Args:
        data: scenes or image sets.
        out: a folder.
        layer: whose lines.
        images: ``copy`` and ``link`` put images below ``OUT/images``.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        StoreError: `out` is there already or cannot be written, or an image is missing.
    """
    pictures = pictures_of(data, layer)
    tally = Tally()
    with (
        new_folder(Path(out), overwrite=overwrite) as place,
        ImageFiles(pictures, place / "images", images, tally) as files,
    ):
        for row in labelled_pictures(pictures, {"lane_lines"}, tally):
            picture = pictures.items[row]
            name = files.referenced(picture) if images == "reference" else files.place(picture)
            target = place / "lane3d" / _file_of(pictures, picture)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(_entry(pictures, picture, name, tally)), encoding="ascii")
    count_losses(pictures, tally, {"lane_lines": _KEPT}, "OpenLane has lane lines only")
    return tally.report("openlane", str(out))


def _file_of(pictures: Pictures, picture: Picture) -> PurePosixPath:
    """Images of a drive are called after their time, as in OpenLane, so that reading finds it again."""
    if picture.timestamp_ns is None or len(_channels(pictures, picture)) > 1:
        return PurePosixPath(f"{picture.name}.json")
    scene = safe_name(pictures.data[picture.data].name)
    return PurePosixPath(scene, f"{picture.timestamp_ns:019d}.json")


def _channels(pictures: Pictures, picture: Picture) -> set[str]:
    data = pictures.data[picture.data]
    return {camera.channel for camera in data.cameras} if isinstance(data, Scene) else set()


def _entry(pictures: Pictures, picture: Picture, name: str, tally: Tally) -> dict[str, Any]:
    lines: LaneLines = pictures.table("lane_lines", picture)
    entry: dict[str, Any] = {"file_path": name}
    data = pictures.data[picture.data]
    if isinstance(data, Scene):
        camera = data.camera(picture.camera)
        if camera.camera_matrix is not None:
            entry["intrinsic"] = camera.camera_matrix.tolist()
            bent = camera.distortion.model != "none"
            tally.drop("sensors", "distortion", int(bent), "OpenLane has pinhole cameras")
        if camera.ego_from_sensor is not None:
            entry["extrinsic"] = (camera.ego_from_sensor @ OPENLANE_FROM_CAMERA.T).tolist()
    entry["lane_lines"] = [_line(pictures, lines, row, tally) for row in range(len(lines))]
    return entry


def _line(pictures: Pictures, lines: LaneLines, row: int, tally: Tally) -> dict[str, Any]:
    points, _ = CORNER.from_points(lines.points[row])
    facts = lines.attributes.row(row)
    code = code_of(int(lines.style[row]), facts.get(KIND))
    position = int(lines.position[row])
    tally.keep("lane_lines")
    if position not in CODE_OF_POSITION:
        tally.drop("lane_lines", "position", 1, "OpenLane has four")
    if not is_plain_line(pictures.taxonomy, int(lines.category_id[row])):
        tally.drop("lane_lines", "category_id", 1, "OpenLane's kinds are those of paint")
    told = kind_beside_style(code)
    for key in facts.keys() - ({KIND} if facts.get(KIND) == told else set()):
        tally.drop("lane_lines", f"attributes.{key}")
    track_id = int(lines.track_id[row])
    line = {
        "category": code,
        "attribute": CODE_OF_POSITION.get(position, 0),
        "uv": np.asarray(points, np.float64).T.tolist(),
        "xyz": [[], [], []],
        "visibility": [],
    }
    return line if track_id == NO_TRACK else line | {"track_id": track_id}
