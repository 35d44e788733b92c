"""One layer as LabelMe's files, one beside each image."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.label_images import png_of_mask
from drivelabel.formats.labelme.read import CLASSES
from drivelabel.formats.losses import count_losses, labelled_pictures
from drivelabel.formats.pictures import IMAGE_KINDS, Data, Picture, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.labels import (
    ARROWS,
    LIGHT_STATES,
    LINE_SOURCES,
    LINE_STYLES,
    NO_TRACK,
    ORIGINS,
    RELEVANCES,
    TABLES,
    VOID,
    Boxes2D,
    Keypoints,
    LaneLines,
    Polygons,
    Tags,
    TrafficLights,
)
from drivelabel.typing import AnyArray

VERSION = "5.5.0"
"""The version of the format that we write."""

_MASKS = frozenset({"label_map", "instance_map"})
_KEPT = {kind: frozenset(TABLES[kind].__dataclass_fields__) for kind in IMAGE_KINDS}
Shape = dict[str, Any]


def write_labelme(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    images: ImagesMode = "reference",
    overwrite: bool = False,
) -> ConversionReport:
    """Write one layer as a JSON file an image, for LabelMe and X-AnyLabeling.

    Args:
        data: what to write.
        out: the folder.
        layer: whose labels.
        images: ``copy`` and ``link`` put each image beside its file, as the tools want it.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        StoreError: `out` is there already or cannot be written, or a recorded file is missing or damaged.
    """
    out = Path(out)
    pictures, tally = pictures_of(data, layer), Tally()
    with new_folder(out, overwrite=overwrite) as place, ImageFiles(pictures, place, images, tally) as files:
        for row in labelled_pictures(pictures, {*IMAGE_KINDS, *_MASKS}, tally):
            picture = pictures.items[row]
            name = PurePosixPath(files.place(picture)).name
            content = _content(pictures, picture, name, tally)
            file = place / f"{picture.name}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content, allow_nan=False, indent=1))
        names = "".join(f"{name}\n" for name in pictures.taxonomy.names)
        (place / CLASSES).write_text(names, encoding="utf-8")
    count_losses(pictures, tally, _KEPT, "LabelMe has images only", masks=_MASKS)
    return tally.report("labelme", str(out))


def _content(pictures: Pictures, picture: Picture, name: str, tally: Tally) -> dict[str, Any]:
    shapes = [*_shapes(pictures, picture, tally), *_masks(pictures, picture, tally)]
    content: dict[str, Any] = {
        "version": VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": name,
        "imageData": None,
        "imageHeight": picture.image_hw[0],
        "imageWidth": picture.image_hw[1],
        "labelled": pictures.labelled_kinds(picture),
    }
    if picture.split:
        content["split"] = picture.split
    tags: Tags | None = pictures.table("tags", picture)
    if tags is not None:
        content["tags"] = [
            {
                "score": float(tags.score[row]),
                "origin": ORIGINS[tags.origin[row]],
                "attributes": tags.attributes.row(row),
            }
            for row in range(len(tags))
        ]
        tally.keep("tags", "", len(tags), "extra field of the file")
    return content


def _shapes(pictures: Pictures, picture: Picture, tally: Tally) -> Iterator[Shape]:
    def table(empty: Any) -> Any:
        found = pictures.table(empty.KIND, picture)
        rows = empty.empty() if found is None else found
        tally.keep(empty.KIND, "", len(rows))
        return rows

    names = pictures.taxonomy.names
    boxes, lights = table(Boxes2D), table(TrafficLights)
    for row in range(len(boxes)):
        yield _shape(names, boxes, row, "rectangle", boxes.xyxy[row].reshape(2, 2))
    for row in range(len(lights)):
        yield _shape(names, lights, row, "rectangle", lights.xyxy[row].reshape(2, 2)) | {
            "kind": "traffic_light",
            "keypoints": lights.keypoints[row].astype(np.float64).tolist(),
            "state": LIGHT_STATES[lights.state[row]],
            "arrow": ARROWS[lights.arrow[row]],
            "relevance": RELEVANCES[lights.relevance[row]],
        }
    polygons, lines, skeletons = table(Polygons), table(LaneLines), table(Keypoints)
    for row in range(len(polygons)):
        sizes = polygons.ring_sizes[row].tolist()
        own = {"kind": "polygon", "rings": sizes} if len(sizes) > 1 else {}
        yield _shape(names, polygons, row, "polygon", polygons.points[row]) | own
    for row in range(len(lines)):
        yield _shape(names, lines, row, "linestrip", lines.points[row]) | {
            "kind": "lane_line",
            "style": LINE_STYLES[lines.style[row]],
            "source": LINE_SOURCES[lines.source[row]],
            "position": int(lines.position[row]),
        }
    for row in range(len(skeletons)):
        points = skeletons.keypoints[row]
        if not len(points):
            tally.drop("keypoints", "", 1, "a shape has at least one point")
            continue
        kind = "point" if len(points) == 1 else "points"
        own = {"kind": "keypoints", "visibility": points[:, 2].astype(int).tolist()}
        yield _shape(names, skeletons, row, kind, points[:, :2]) | own


def _masks(pictures: Pictures, picture: Picture, tally: Tally) -> Iterator[Shape]:
    """Pixels of things that have a box, in its group; areas of the label map."""
    layer = pictures.layer_of(picture)
    boxes = pictures.table("boxes2d", picture)
    names = pictures.taxonomy.names
    if layer.instance_maps is not None and picture.group in layer.instance_maps:
        instances = layer.instance_map(picture.group)
        present = np.unique(instances.instance_map)
        rows = {} if boxes is None else {int(t): k for k, t in enumerate(boxes.track_id) if t != NO_TRACK}
        for value in present[present > 0].tolist():
            row = rows.get(int(instances.track_id[value - 1]))
            if row is None:
                tally.drop("instance_map", "", 1, "no box with their track id says their category")
                continue
            tally.keep("instance_map", "", 1, "mask in the group of its box")
            yield _shape(names, boxes, row, "mask", *_cut(instances.instance_map == value))
    if layer.label_maps is not None and picture.group in layer.label_maps:
        label_map = layer.label_maps.read(picture.group)
        for category in np.unique(label_map[label_map != VOID]).tolist():
            points, mask = _cut(label_map == category)
            empty = Boxes2D(xyxy=np.zeros((1, 4), np.float32), category_id=np.array([category], np.int64))
            yield _shape(names, empty, 0, "mask", points, mask) | {"kind": "area"}
        tally.keep("label_map", "", 1, "a mask a class")


def _cut(mask: AnyArray) -> tuple[AnyArray, str]:
    """The first and last pixel of a mask, and what is between them as LabelMe writes it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    text = base64.b64encode(png_of_mask(inside)).decode("ascii")
    return np.array([[columns[0], rows[0]], [columns[-1], rows[-1]]]), text


def _shape(
    names: tuple[str, ...], table: Any, row: int, kind: str, points: AnyArray, mask: str | None = None
) -> Shape:
    facts = table.attributes.row(row)
    description = facts.get("description")
    if isinstance(description, str) and description:
        del facts["description"]
    track_id = int(table.track_id[row])
    shape: Shape = {
        "label": names[table.category_id[row]],
        "points": points.astype(np.float64).tolist(),
        "group_id": None if track_id == NO_TRACK else track_id,
        "description": description if isinstance(description, str) else "",
        "shape_type": kind,
        "flags": {name: value for name, value in facts.items() if isinstance(value, bool)},
        "mask": mask,
        "attributes": {name: value for name, value in facts.items() if not isinstance(value, bool)},
        "score": float(table.score[row]),
        "origin": ORIGINS[table.origin[row]],
    }
    return shape
