"""Scenes and image sets as CVAT's XML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.cvat.read import FILE
from drivelabel.formats.cvat.shapes import ShapeWriter, labels_element, text_of
from drivelabel.formats.cvat.tracks import write_tracks
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.losses import count_loose_masks, count_losses, count_unsaid, labelled_pictures
from drivelabel.formats.pictures import Data, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.sequences import sequences_of
from drivelabel.scene import Scene

_COLUMNS = {
    "boxes2d": {"xyxy"},
    "polygons": {"points", "ring_sizes"},
    "lane_lines": {"points"},
    "keypoints": {"keypoints"},
    "tags": set(),
}
KINDS = frozenset({*_COLUMNS, "traffic_lights", "instance_map"})


def write_cvat(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    mode: Literal["auto", "images", "video"] = "auto",
    images: ImagesMode = "reference",
    keyframe_iou: float = 0.95,
    overwrite: bool = False,
) -> ConversionReport:
    """Write labels for CVAT: boxes, polygons, lane lines, points, masks, traffic lights as boxes, tags.

    Args:
        data: scenes or image sets.
        out: a folder. Mode ``images`` writes ``OUT/annotations.xml``, mode ``video`` one folder for each
            camera of each scene.
        layer: whose labels.
        mode: ``auto`` writes scenes as video and image sets as images.
        images: ``copy`` and ``link`` put images into ``images`` beside the XML.
        keyframe_iou: in video, boxes are keyframes only where a straight line between keyframes misses them
            by more than this IoU; 1 makes every box one.
        overwrite: replace what is at `out`.

    Raises:
        SceneLookupError: there is no such layer.
        FormatError: an option has another value.
        StoreError: `out` is there already or cannot be written, or an image is missing.
    """
    if mode not in ("auto", "images", "video"):
        raise FormatError(f"mode: expected auto, images or video, got {mode!r}.")
    pictures = pictures_of(data, layer)
    if mode == "auto":
        mode = "video" if all(isinstance(item, Scene) for item in pictures.data) else "images"
    tally = Tally()
    with new_folder(Path(out), overwrite=overwrite) as place:
        if mode == "images":
            _write_images(place, pictures, images, tally)
        else:
            sequences = sequences_of(pictures)
            for sequence in sequences:
                folder = place if len(sequences) == 1 else place / sequence.name
                write_tracks(folder, pictures, sequence, images, keyframe_iou, tally)
                late = sequence.jitter_ns / 1e6
                tally.approximate(
                    "frames", "timestamp_ns", int(late > 0), late, "ms", "frames of a steady rate"
                )
    common = {"category_id", "attributes"} | ({"origin", "track_id"} if mode == "video" else set())
    kept = {kind: columns | common for kind, columns in _COLUMNS.items()}
    masks = {"instance_map"} if mode == "images" else set()
    kept["traffic_lights"] = {"xyxy", "category_id", "attributes", "state", "arrow", "relevance"}
    count_losses(pictures, tally, kept, "CVAT has no place for it", masks=masks, times=mode == "video")
    return tally.report("cvat", str(out))


def _write_images(place: Path, pictures: Pictures, images: ImagesMode, tally: Tally) -> None:
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    ElementTree.SubElement(task, "name").text = text_of(pictures.data[0].name, tally)
    ElementTree.SubElement(task, "mode").text = "annotation"
    task.append(labels_element(pictures, tally))
    writer = ShapeWriter(pictures, tally)
    with ImageFiles(pictures, place / "images", images, tally) as files:
        rows = labelled_pictures(pictures, KINDS, tally)
        count_unsaid(pictures, rows, KINDS, tally)
        count_loose_masks(pictures, rows, tally)
        for number, row in enumerate(rows):
            picture = pictures.items[row]
            name = files.referenced(picture) if images == "reference" else files.place(picture)
            facts: dict[str, Any] = {"id": str(number), "name": name}
            facts |= {"width": str(picture.image_hw[1]), "height": str(picture.image_hw[0])}
            if picture.split:
                facts["subset"] = text_of(picture.split, tally)
            element = ElementTree.SubElement(root, "image", facts)
            element.extend(writer.shapes(picture))
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(place / FILE, encoding="utf-8", xml_declaration=True)
