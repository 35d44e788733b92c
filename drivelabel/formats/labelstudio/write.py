"""Scenes and image sets as Label Studio's tasks, with the labelling interface they need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_folder
from drivelabel.formats.image_files import ImageFiles, ImagesMode
from drivelabel.formats.labelstudio.interface import interface_xml
from drivelabel.formats.labelstudio.read import FILE
from drivelabel.formats.labelstudio.results import ResultWriter, task_of
from drivelabel.formats.labelstudio.tracks import video_task
from drivelabel.formats.losses import count_loose_masks, count_losses, count_unsaid, labelled_pictures
from drivelabel.formats.pictures import Data, Pictures, pictures_of
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.formats.sequences import sequences_of
from drivelabel.scene import Scene

_COLUMNS = {
    "boxes2d": {"xyxy"}, "polygons": {"points", "ring_sizes"}, "lane_lines": {"points"},
    "keypoints": {"keypoints"}, "tags": {"attributes"},
    "traffic_lights": {"xyxy", "state", "arrow", "relevance"},
}  # fmt: skip
KINDS = frozenset({*_COLUMNS, "instance_map"})


def write_labelstudio(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    mode: Literal["auto", "images", "video"] = "auto",
    images: ImagesMode = "reference",
    url_prefix: str = "",
    predictions: bool = False,
    keyframe_iou: float = 0.95,
    overwrite: bool = False,
) -> ConversionReport:
    """Write ``OUT/tasks.json`` for the import, and ``OUT/interface.xml``, the labelling interface.

    Args:
        data: scenes or image sets.
        out: a folder.
        layer: whose labels.
        mode: ``auto`` writes scenes whose cameras are videos as video tasks, all else as image tasks.
        images: ``copy`` and ``link`` put images into ``OUT/images``.
        url_prefix: put before the name of each image, such as ``/data/local-files/?d=`` for a local storage.
        predictions: write predictions, with scores, which people then accept or correct; else annotations.
        keyframe_iou: in video, boxes are keyframes only where a straight line between keyframes misses them
            by more than this IoU.
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
        mode = "video" if all(map(_is_video, pictures.data)) else "images"
    tally = Tally()
    with new_folder(Path(out), overwrite=overwrite) as place:
        if mode == "video":
            tasks = [
                video_task(pictures, sequence, row + 1, url_prefix, predictions, keyframe_iou, tally)
                for row, sequence in enumerate(sequences_of(pictures))
            ]
        else:
            tasks = _image_tasks(pictures, place, images, url_prefix, predictions, tally)
        (place / FILE).write_text(json.dumps(tasks, indent=1, allow_nan=False), encoding="ascii")
        (place / "interface.xml").write_text(interface_xml(pictures, mode), encoding="utf-8")
    common = {"category_id", "attributes"} | ({"score"} if predictions else set())
    common |= {"origin", "track_id"} if mode == "video" else set()
    kept = {kind: columns | common for kind, columns in _COLUMNS.items()}
    if mode == "video":
        kept = {"boxes2d": kept["boxes2d"]}
    masks = set() if mode == "video" else {"instance_map"}
    count_losses(
        pictures, tally, kept, "Label Studio has no place for it", masks=masks, times=mode == "video"
    )
    return tally.report("labelstudio", str(out))


def _is_video(data: Data) -> bool:
    return isinstance(data, Scene) and all(source.kind != "image" for source in data.sources)


def _image_tasks(
    pictures: Pictures, place: Path, images: ImagesMode, prefix: str, predictions: bool, tally: Tally
) -> list[dict[str, Any]]:
    writer = ResultWriter(pictures, predictions, tally)
    tasks = []
    with ImageFiles(pictures, place / "images", images, tally) as files:
        rows = labelled_pictures(pictures, KINDS, tally)
        count_unsaid(pictures, rows, KINDS, tally)
        count_loose_masks(pictures, rows, tally)
        for row in rows:
            picture = pictures.items[row]
            tally.drop("images", "split", int(bool(picture.split)), "no place for splits")
            name = files.referenced(picture) if images == "reference" else f"images/{files.place(picture)}"
            results, facts = writer.results(picture)
            height, width = picture.image_hw
            # The size is in the task too: an image without regions would not tell it.
            task = {"image": prefix + quote(name), "height": height, "width": width, **facts}
            tasks.append(task_of(row + 1, task, results, pictures, predictions))
    return tasks
