"""Labels in images beside nuScenes' cuboids: nuImages' tables ``object_ann`` and ``surface_ann``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drivelabel.formats.nuscenes.recorded import Recording, extras_of
from drivelabel.formats.nuscenes.records import Records
from drivelabel.formats.nuscenes.schema import EXTRA
from drivelabel.formats.nuscenes.tables import Tables
from drivelabel.formats.report import Tally
from drivelabel.labels import Boxes3D, Grouped, Taxonomy
from drivelabel.scene import Camera, Layer, Scene

KINDS = ("boxes2d", "label_map", "instance_map", "tags")
"""What the tables hold."""


def write_image_labels(
    records: Records, scene: Scene, layer: Layer, sample_data: list[dict[str, Any]], tally: Tally
) -> None:
    """Add the labels of a scene's frames; `sample_data` are the frames' records, in order."""
    # Here, not above: nuImages' modules stand on those of this package.
    from drivelabel.formats.nuimages.labels import LabelWriter, tags_of
    from drivelabel.formats.pictures import pictures_of

    pictures = pictures_of(replace(scene, layers={layer.name: layer}), layer.name)
    has = [[kind for kind in pictures.labelled_kinds(item) if kind in KINDS] for item in pictures.items]
    if not any(has):
        return
    for table in ("object_ann", "surface_ann"):
        records.rows.setdefault(table, [])
    writer = LabelWriter(records, pictures, tally)
    for picture, kinds, record in zip(pictures.items, has, sample_data, strict=True):
        if kinds:
            writer.add(picture, record["token"])
            tags = tags_of(pictures, picture, tally)
            record[EXTRA] = {"labelled": kinds, **({"tags": tags} if tags else {})}


def read_image_labels(
    tables: Tables,
    recording: Recording,
    taxonomy: Taxonomy,
    boxes3d: Grouped[Boxes3D] | None,
    on_invalid: Any,
    tally: Tally,
) -> dict[str, Any]:
    """The tables and masks of a layer, cuboids included.

    Raises:
        StoreError, FormatError: see :func:`read_nuimages`.
    """
    found: dict[str, Any] = {} if boxes3d is None else {"boxes3d": boxes3d}
    if not tables.path("object_ann").is_file():
        return {"tables": found}
    from drivelabel.formats.nuimages.read import Images, ImageTables, LabelReader

    cameras = [recording.sensors[row] for row in recording.frames.sensor.tolist()]
    images = Images(
        names=[recording.sources[row].path for row in recording.frames.source.tolist()],
        hws=[camera.image_hw for camera in cameras if isinstance(camera, Camera)],
        tokens={token: frame for frame, token in enumerate(recording.tokens["frames"])},
    )
    extras = extras_of(tables.sample_data, recording.frame_rows)
    is_ours = any("labelled" in extra for extra in extras)
    for extra in extras:
        kinds = extra.get("labelled")
        listed = [str(kind) for kind in kinds] if isinstance(kinds, list) else []
        images.labelled.append(listed if is_ours else None)
        tags = extra.get("tags")
        images.tags.append([tag for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else [])
    free = 0 if boxes3d is None else int(boxes3d.rows.track_id.max(initial=-1)) + 1
    elsewhere = set(tables.sample_data.texts["token"].texts())
    reader = LabelReader(
        ImageTables(tables.root, tables.version), on_invalid, tally, images,
        taxonomy=taxonomy, free_from=free, elsewhere=elsewhere,
    )  # fmt: skip
    reader.objects()
    reader.surfaces()
    made = reader.layer("image labels")
    return {
        "tables": {**made.tables, **found},
        "label_maps": made.label_maps,
        "instance_maps": made.instance_maps,
        "instance_track_id": made.instance_track_id,
    }
