"""An OpenLABEL file as a scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.classes import taxonomy_of_names
from drivelabel.formats.drive_building import DriveBuilder
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields, read_json
from drivelabel.formats.openlabel.coords import Systems, read_systems
from drivelabel.formats.openlabel.shapes import OBJECT_NAME, UID, Row, plain_facts, read_shapes, table_of
from drivelabel.formats.openlabel.streams import (
    MAX_FRAMES,
    Instants,
    read_instants,
    read_poses,
    read_sensors,
    time_ns_of,
)
from drivelabel.formats.report import Tally
from drivelabel.geometry import matrix_to_quat_wxyz
from drivelabel.labels import DRIVING, TABLES, Grouped, Taxonomy
from drivelabel.scene import Camera, Layer, Scene, Source

FILE = "openlabel.json"
UNLABELLED = "unlabelled"
_OTHER_PARTS = ("actions", "events", "contexts", "relations", "tags", "ontologies", "resources")


def looks_like_openlabel(path: Path) -> bool:
    """Whether a path is a JSON file whose root is ``openlabel``, or a folder with openlabel.json."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file() or file.suffix.lower() != ".json":
        return False
    with file.open("rb") as opened:
        return opened.read(4096).lstrip().removeprefix(b"{").lstrip().startswith(b'"openlabel"')


def read_openlabel(
    path: Path, *, layer: str = "truth", on_invalid: Literal["error", "skip"] = "error"
) -> Imported:
    """One OpenLABEL file: streams as sensors, frames as samples, objects with their shapes.

    Args:
        path: the file, or a folder with openlabel.json.
        layer: name of the layer.
        on_invalid: ``skip`` leaves out objects that break a rule and counts them.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: it is no OpenLABEL 1, or a part of it breaks a rule; the message names it.
    """
    path = Path(path)
    file = path / FILE if path.is_dir() else path
    whole = Fields(read_json(file), str(file))
    if "openlabel" not in whole:
        raise FormatError(f"{file}: expected an object with the key openlabel.")
    root = Fields(whole.object("openlabel").value, f"{file}")
    version = root.object("metadata").text("schema_version")
    if not version.startswith("1."):
        raise FormatError(f"{file}: schema_version: expected 1.x, got {version[:20]!r}.")
    tally = Tally()
    for part in _OTHER_PARTS:
        if part in root:
            tally.drop(part, "", len(root.object(part).value), "no place for them")
    systems, instants = read_systems(root), read_instants(root, tally)
    rows = _all_rows(root, instants, on_invalid == "skip", tally)
    scene = _scene(root, file, layer, systems, instants, rows, tally)
    return Imported(scene, tally.report("openlabel", str(path)))


def _all_rows(root: Fields, instants: Instants, skip: bool, tally: Tally) -> list[list[Row]]:
    """The shapes of each frame."""
    rows: list[list[Row]] = [[] for _ in instants.numbers]
    objects = root.object("objects") if "objects" in root else Fields({}, root.where)
    row_of = {number: row for row, number in enumerate(instants.numbers)}
    for place, uid in enumerate(objects.value):
        item = objects.object(uid)
        common = _common(uid, place, item)
        try:
            found = _rows_of(uid, item, common, instants, row_of, tally)
        except FormatError as error:
            if not skip:
                raise
            tally.drop("objects", "", 1, f"invalid: {error}")
            continue
        for row, shape in found:
            rows[row].append(shape)
        tally.drop("objects", "", int(not found), "without a shape that we hold")
    known = set(objects.value)
    for frame in instants.frames:
        others = set(frame.object("objects").value) - known if "objects" in frame else set()
        tally.drop("objects", "", len(others), "in frames, but not among the objects")
    return rows


def _common(uid: str, place: int, item: Fields) -> dict[str, Any]:
    """An object's class, track and name; numbers as ids stay, others are numbered."""
    is_number = uid.isascii() and uid.isdecimal() and str(int(uid)) == uid and len(uid) < 18
    facts: dict[str, Any] = {} if is_number else {UID: uid}
    name = item.text("name", "")
    if name:
        facts[OBJECT_NAME] = name
    label = item.text("type", "") or UNLABELLED
    track_id = int(uid) if is_number else 3_000_000_000 + place
    return {"label": label, "track_id": track_id, "facts": facts}


def _rows_of(
    uid: str, item: Fields, common: dict[str, Any], instants: Instants, row_of: dict[int, int], tally: Tally
) -> list[tuple[int, Row]]:
    """Row of the frame and shape: those of frames, and those of the object itself in all of its frames."""
    found: list[tuple[int, Row]] = []
    still = item.object("object_data") if "object_data" in item else Fields({}, item.where)
    facts = plain_facts(still, tally)
    common = {**common, "facts": common["facts"] | facts}
    everywhere = read_shapes(still, common, tally)
    where = _frames_of(item, row_of) if everywhere else []
    for row in where:
        found += [(row, replace(shape, facts=dict(shape.facts))) for shape in everywhere]
    for row, frame in enumerate(instants.frames):
        if "objects" not in frame or uid not in frame.object("objects"):
            continue
        here = frame.object("objects").object(uid)
        if "object_data" in here:
            data = here.object("object_data")
            told = {**common, "facts": common["facts"] | plain_facts(data, tally)}
            found += [(row, shape) for shape in read_shapes(data, told, tally)]
    return found


def _frames_of(item: Fields, row_of: dict[int, int]) -> list[int]:
    """The frames in which an object is, by its intervals; all when it has none."""
    rows: list[int] = []
    intervals = list(item.objects("frame_intervals", [])) if "frame_intervals" in item else []
    for interval in intervals:
        start, stop = interval.integer("frame_start"), interval.integer("frame_end")
        if not 0 <= start <= stop < MAX_FRAMES:
            raise FormatError(
                f"{interval.where}: expected frames of 0 to {MAX_FRAMES - 1}, got {start} to {stop}."
            )
        rows += [row_of[number] for number in range(start, stop + 1) if number in row_of]
    return rows if intervals else list(row_of.values())


def _scene(
    root: Fields,
    file: Path,
    layer: str,
    systems: Systems,
    instants: Instants,
    rows: list[list[Row]],
    tally: Tally,
) -> Scene:
    sensors, streams = read_sensors(root, systems, _hull(rows), tally)
    drive = DriveBuilder()
    frame_of: dict[tuple[str, int], int] = {}
    for (name, sensor), stream in zip(sensors.items(), streams, strict=True):
        row = drive.add_sensor(sensor)
        if isinstance(sensor, Camera):
            for at, number in enumerate(instants.numbers):
                source, time_ns = _source(stream, sensor.channel, name, number, instants.properties[at])
                stamp = int(instants.timestamp_ns[at]) if time_ns is None else time_ns
                drive.add(row, stamp, source, at)
    frames = drive.frames()
    starts = np.flatnonzero(np.r_[True, np.diff(frames.sensor) != 0])
    cameras = [name for name, sensor in sensors.items() if isinstance(sensor, Camera)]
    for name, start in zip(cameras, starts.tolist(), strict=True):
        for at in range(len(instants.numbers)):
            frame_of[name, int(frames.sample[start + at])] = start + at
    taxonomy = _taxonomy(rows)
    tables = _tables(rows, taxonomy, frame_of, cameras, systems, instants, len(frames), tally)
    metadata = root.object("metadata")
    facts = {
        str(key): value for key, value in metadata.value.items() if isinstance(value, (str, bool, int, float))
    }
    return Scene(
        name=metadata.text("name", "") or file.stem,
        sensors=tuple(drive.sensors),
        taxonomy=taxonomy,
        frames=frames,
        samples_ns=instants.timestamp_ns,
        sources=tuple(drive.sources),
        poses=read_poses(instants, systems),
        layers={layer: Layer(layer, taxonomy, tables=tables)},
        root=str(file.parent),
        info={"format": "openlabel", "openlabel": facts},
    )


def _source(
    stream: Fields, channel: str, name: str, number: int, properties: Fields
) -> tuple[Source, int | None]:
    """The image of a stream in a frame, and its own time where the file tells it."""
    here = properties.object("streams") if "streams" in properties else Fields({}, stream.where)
    own = here.object(name) if name in here else Fields({}, stream.where)
    inner = own.object("stream_properties") if "stream_properties" in own else Fields({}, own.where)
    sync = inner.object("sync") if "sync" in inner else Fields({}, own.where)
    time_ns = time_ns_of(sync.get("timestamp"))
    if own.text("uri", ""):
        return Source(own.text("uri"), "image"), time_ns
    uri = stream.text("uri", "")
    if uri:
        return Source(uri, "video"), time_ns
    return Source(f"{channel}/{number:06d}.jpg", "image"), time_ns


def _hull(rows: list[list[Row]]) -> tuple[int, int]:
    """The smallest image that holds all shapes, for cameras that tell no size."""
    low = np.ones(2)
    for row in (shape for here in rows for shape in here):
        if row.kind == "boxes2d":
            low = np.maximum(low, row.numbers[2:])
        elif row.kind != "boxes3d":
            low = np.maximum(low, row.numbers[:, :2].max(axis=0))
    width, height = np.clip(np.ceil(low), 1, 65_535).astype(np.int64).tolist()
    return height, width


def _taxonomy(rows: list[list[Row]]) -> Taxonomy:
    names = tuple(dict.fromkeys(row.label for here in rows for row in here))
    return (
        DRIVING if names and all(name in DRIVING for name in names) else taxonomy_of_names("openlabel", names)
    )


def _tables(
    rows: list[list[Row]],
    taxonomy: Taxonomy,
    frame_of: dict[tuple[str, int], int],
    cameras: list[str],
    systems: Systems,
    instants: Instants,
    n_frames: int,
    tally: Tally,
) -> dict[str, Grouped[Any]]:
    flat: dict[str, dict[int, list[Row]]] = {}
    for at, here in enumerate(rows):
        for row in here:
            if row.kind == "boxes3d":
                _to_world(row, systems, instants, at, tally)
                flat.setdefault(row.kind, {}).setdefault(at, []).append(row)
            else:
                camera = row.system if row.system in cameras else cameras[0]
                flat.setdefault(row.kind, {}).setdefault(frame_of[camera, at], []).append(row)
    tables: dict[str, Grouped[Any]] = {}
    for kind, groups in flat.items():
        n_groups = len(rows) if kind == "boxes3d" else n_frames
        stamps = instants.timestamp_ns
        filled = {
            group: table_of(
                kind, groups.get(group, []), taxonomy, int(stamps[group]) if kind == "boxes3d" else 0
            )
            for group in range(n_groups)
        }
        tables[kind] = Grouped.from_groups(TABLES[kind], n_groups, filled)
        tally.keep(kind, "", len(tables[kind].rows))
    return tables


def _to_world(row: Row, systems: Systems, instants: Instants, at: int, tally: Tally) -> None:
    """Put a cuboid into the world; where nothing leads there, its own system's root is the world."""
    pose, quat, size = row.numbers
    world_from = instants.transforms[at].world_from(systems, row.system) if row.system else None
    if world_from is None:
        _, world_from = systems.to_root(row.system)
        known = int(not row.system or systems.kinds.get(row.system) not in (None, "scene_cs"))
        tally.keep(
            "boxes3d", "", known, "in the coords that the file gives, since no pose leads to the world"
        )
    if not np.array_equal(world_from, np.eye(4)):
        pose = world_from @ pose
        quat = matrix_to_quat_wxyz(pose)
    row.numbers = (pose, quat, size)
