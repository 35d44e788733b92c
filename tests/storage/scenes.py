"""Small scenes for tests of the store, and comparing two scenes in every part."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.labels import DRIVING, Boxes2D, Grouped, InstanceMap, Taxonomy
from drivelabel.scene import Camera, Distortion, Frames, Layer, Lidar, Poses, Scene, Source, Sweeps
from drivelabel.storage import SceneStore
from drivelabel.typing import AnyArray

CAR = DRIVING.id_of("car")
HW = (6, 8)


def scene(n_frames: int = 6, n_samples: int = 4, **more: Any) -> Scene:
    """Two cameras of `n_frames` images each, a lidar, poses."""
    times = np.arange(n_frames, dtype=np.int64) * 10**8 + 1_700_000_000_000_000_000
    matrix = np.array([[9.0, 0, 4], [0, 9, 3], [0, 0, 1]])
    sensors = (
        Camera("cam_front", HW, matrix, Distortion("brown", np.arange(5.0)), np.eye(4)),
        Camera("cam_left", (4, 5)),
        Lidar("lidar_top", np.diag([1.0, -1, -1, 1])),
    )
    frames = Frames(
        np.concatenate([times, times + 5]), np.repeat([0, 1], n_frames), np.repeat([0, 1], n_frames),
        np.tile(np.arange(n_frames), 2), np.full(2 * n_frames, -1),
    )  # fmt: skip
    sweeps = Sweeps(
        times, np.full(n_frames, 2), np.full(n_frames, 2), np.arange(n_frames), np.full(n_frames, -1)
    )
    places = np.arange(3.0 * n_frames).reshape(-1, 3)
    poses = Poses(times, places, np.tile([1.0, 0, 0, 0], (n_frames, 1))) if n_frames else None
    given: dict[str, Any] = {
        "name": "a drive",
        "sensors": sensors,
        "taxonomy": DRIVING,
        "frames": frames,
        "sweeps": sweeps,
        "samples_ns": times[:n_samples],
        "sources": (
            Source("front.mp4", "video", "ab" * 32, 10**12),
            Source("línks/left\n🚗.mp4", "video"),
            Source("/data/sweeps.bin", "sweep", n_bytes=3),
        ),
        "poses": poses,
        "info": {"city": "Zürich", "lanes": [1, 2.5, None, True]},
    }
    return Scene(**(given | more))


def boxes(n: int, seed: int = 0, **more: Any) -> Boxes2D:
    """`n` cars somewhere."""
    corner = np.random.default_rng(seed).uniform(0, 500, (n, 2)).astype(np.float32)
    given: dict[str, Any] = {"xyxy": np.hstack([corner, corner + 20]), "category_id": np.full(n, CAR)}
    return Boxes2D(**(given | more))


def label_map(seed: int, hw: tuple[int, int] = HW) -> AnyArray:
    """Stripes of categories and void."""
    mask = np.random.default_rng(seed).integers(0, len(DRIVING), hw).astype(np.uint8)
    mask[::2] = 255
    return mask


def instance_map(track_ids: list[int], seed: int, hw: tuple[int, int] = HW) -> InstanceMap:
    """Pixels of some things."""
    pixels = np.random.default_rng(seed).integers(0, len(track_ids) + 1, hw).astype(np.uint16)
    return InstanceMap(pixels, np.array(track_ids, np.int64))


def new_store(
    folder: Path, name: str = "a.scene", layers: tuple[str, ...] = ("review",), **more: Any
) -> SceneStore:
    """A store with empty layers in a new folder."""
    store = SceneStore.create(folder / name, scene(**more), author="tester")
    if layers:
        with store.edit("layers", by="import") as edit:
            for layer in layers:
                edit.create_layer(layer, DRIVING)
    return store


def assert_same_scene(a: Scene, b: Scene, *, same_layers: bool = True) -> None:
    """Everything that two scenes hold is equal."""
    assert (a.name, a.taxonomy, a.sources, dict(a.info)) == (b.name, b.taxonomy, b.sources, dict(b.info))
    _assert_same_sensors(a, b)
    for table in ("frames", "sweeps"):
        for column in ("timestamp_ns", "sensor", "source", "source_index", "sample"):
            np.testing.assert_array_equal(
                getattr(getattr(a, table), column), getattr(getattr(b, table), column)
            )
    np.testing.assert_array_equal(a.samples_ns, b.samples_ns)
    assert (a.poses is None) == (b.poses is None)
    if a.poses is not None and b.poses is not None:
        for column in ("timestamp_ns", "translation", "quat_wxyz"):
            np.testing.assert_array_equal(getattr(a.poses, column), getattr(b.poses, column))
    if same_layers:
        assert sorted(a.layers) == sorted(b.layers)
        for name in a.layers:
            assert_same_layer(a.layers[name], b.layers[name], len(a.frames))


def _assert_same_sensors(a: Scene, b: Scene) -> None:
    assert [(type(s), s.channel) for s in a.sensors] == [(type(s), s.channel) for s in b.sensors]
    for one, other in zip(a.sensors, b.sensors, strict=True):
        np.testing.assert_array_equal(one.ego_from_sensor, other.ego_from_sensor)
        if isinstance(one, Camera) and isinstance(other, Camera):
            assert one.image_hw == other.image_hw
            np.testing.assert_array_equal(one.camera_matrix, other.camera_matrix)
            assert one.distortion.model == other.distortion.model
            np.testing.assert_array_equal(one.distortion.coefficients, other.distortion.coefficients)


def assert_same_layer(a: Layer, b: Layer, n_frames: int) -> None:
    """Everything that two layers hold is equal; kinds in which nothing is labelled count as absent."""
    assert (a.taxonomy, a.author, dict(a.model)) == (b.taxonomy, b.author, dict(b.model))
    tables_a, tables_b = _labelled(a), _labelled(b)
    assert sorted(tables_a) == sorted(tables_b)
    for kind in tables_a:
        assert tables_a[kind].rows.equals(tables_b[kind].rows), kind
        np.testing.assert_array_equal(tables_a[kind].offsets, tables_b[kind].offsets)
        np.testing.assert_array_equal(tables_a[kind].labelled, tables_b[kind].labelled)
    for frame in range(n_frames):
        for masks in ("label_maps", "instance_maps"):
            assert _has(a, masks, frame) == _has(b, masks, frame)
        if _has(a, "label_maps", frame):
            np.testing.assert_array_equal(a.label_map(frame).label_map, b.label_map(frame).label_map)
        if _has(a, "instance_maps", frame):
            np.testing.assert_array_equal(things(a, frame), things(b, frame))


def _labelled(layer: Layer) -> dict[str, Grouped[Any]]:
    return {kind: table for kind, table in layer.tables.items() if table.labelled.any()}


def _has(layer: Layer, masks: str, frame: int) -> bool:
    stored = getattr(layer, masks)
    return stored is not None and frame in stored


def things(layer: Layer, frame: int) -> AnyArray:
    """(h, w), the track id of each pixel; -1 for none."""
    found = layer.instance_map(frame)
    return np.concatenate([[-1], found.track_id])[found.instance_map]


def taxonomy_of(store: SceneStore, layer: str) -> Taxonomy:
    """A layer's classes."""
    return store.scene().layer(layer).taxonomy


def unpack(fixture: Path, folder: Path) -> None:
    """Write the files of a scene that an earlier release made."""
    with zipfile.ZipFile(fixture) as archive:
        for name in archive.namelist():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name))
