"""One scene of nuScenes' tables as a scene of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields
from drivelabel.formats.nuscenes import schema
from drivelabel.formats.nuscenes.annotations import OnInvalid, read_boxes, read_taxonomy
from drivelabel.formats.nuscenes.image_labels import read_image_labels
from drivelabel.formats.nuscenes.recorded import Recording, read_lidarseg, read_recording
from drivelabel.formats.nuscenes.tables import Tables, open_tables
from drivelabel.formats.report import Tally
from drivelabel.scene import Layer, Scene


def read_nuscenes(
    path: Path | str | Tables,
    *,
    layer: str = "truth",
    scene: str | None = None,
    version: str | None = None,
    on_invalid: OnInvalid = "error",
) -> Imported:
    """A scene of a folder in nuScenes' layout: images, sweeps, poses, and cuboids in one layer.

    Tokens are kept, as attributes of boxes and in ``info["nuscenes"]``, so that writing gives them again.
    Velocities are those of the devkit's ``box_velocity``. Files of images and sweeps need not be there.

    Args:
        path: the data's root, the folder of its tables, or tables that were opened before.
        layer: name of the layer with the labels.
        scene: which; may be None when there is only one.
        version: name of the folder with the tables; may be None when there is only one.
        on_invalid: ``error`` refuses damaged annotations, ``skip`` leaves them out and counts them.

    Returns:
        The scene, and what was kept, approximated and dropped.

    Raises:
        StoreError: a table is missing or cannot be read.
        SceneLookupError: there is no such scene.
        FormatError: the tables are damaged or contradict themselves, or scene or version must be named.
    """
    tables = path if isinstance(path, Tables) else open_tables(Path(path), version)
    tally = Tally()
    record = tables.scene(scene)
    recording = read_recording(tables, record, tally)
    taxonomy, taxonomy_rows = read_taxonomy(tables)
    extra = Fields(record.get(schema.EXTRA) or {}, f"{record.where}, {schema.EXTRA}")
    boxes = read_boxes(
        tables,
        recording,
        taxonomy_rows,
        taxonomy,
        on_invalid,
        tally,
        keep_tokens=not extra.flag("hashed_tokens", False),
        is_ours="writer" in extra,
    )
    in_images = read_image_labels(tables, recording, taxonomy, boxes, on_invalid, tally)
    lidarseg = dict(read_lidarseg(tables, recording, tally))
    info = _info(tables, record, extra, recording, lidarseg)
    tally.keep("frames", "", len(recording.frames))
    tally.keep("sweeps", "", len(recording.sweeps))
    tables.count_unknown(tally)
    made = Layer(
        layer,
        taxonomy,
        author=extra.text("author", "nuScenes"),
        **in_images,
    )
    result = Scene(
        name=record.text("name"),
        sensors=recording.sensors,
        taxonomy=taxonomy,
        frames=recording.frames,
        sweeps=recording.sweeps,
        samples_ns=recording.samples_ns,
        sources=recording.sources,
        poses=recording.poses,
        layers={layer: made},
        root=str(tables.root.absolute()),
        info=info,
    )
    return Imported(result, tally.report("nuscenes", str(tables.root / tables.version)))


def _info(
    tables: Tables, scene: Fields, extra: Fields, recording: Recording, lidarseg: dict[str, str]
) -> dict[str, Any]:
    """Facts about the log, and all that a later export writes again."""
    log = tables.small("log").get(scene.text("log_token"), scene.where)
    maps = [
        dict(record.value)
        for record in tables.small("map").records.values()
        if log.text("token") in record.items("log_tokens")
    ]
    kept = extra.object("info").value if "info" in extra else {}
    return {
        "format": "nuscenes",
        "description": scene.text("description", ""),
        "location": log.text("location", ""),
        **kept,
        "nuscenes": {
            "version": tables.version,
            "scene": {"token": scene.text("token")},
            "log": {name: log.get(name) for name in schema.SMALL_KEYS["log"]},
            "map": [{name: item.get(name) for name in ("token", "category", "filename")} for item in maps],
            **{
                table: [
                    {name: record.get(name) for name in schema.SMALL_KEYS[table] if name in record}
                    for record in tables.small(table).records.values()
                ]
                for table in ("category", "attribute", "visibility")
            },
            "lidarseg": lidarseg,
            **{name: value for name, value in recording.tokens.items() if name != "unlabelled"},
        },
    }


def scene_names(path: Path) -> list[str]:
    """The names of the scenes in a folder. Raises StoreError and FormatError as :func:`read_nuscenes`."""
    return open_tables(path).scene_names()


def is_nuscenes(path: Path) -> bool:
    """Whether a path looks like a folder in nuScenes' layout, or its folder of tables."""
    folders = [path, *path.glob("v*.*")] if path.is_dir() else []
    return any((folder / "sample_annotation.json").is_file() for folder in folders)
