"""Lidar points of a scene, from whatever files they are in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError, SceneLookupError, StoreError
from drivelabel.geometry import invert_rigid, transform_points
from drivelabel.labels.masks import VOID
from drivelabel.labels.taxonomies import get_taxonomy
from drivelabel.media._pandaset_files import read_columns
from drivelabel.media.frames import source_path
from drivelabel.media.sweep_files import KITTI_KIND as KITTI_KIND
from drivelabel.media.sweep_files import NPY_KIND as NPY_KIND
from drivelabel.media.sweep_files import NUSCENES_KIND as NUSCENES_KIND
from drivelabel.media.sweep_files import SWEEP_READERS, read_bin, read_npy, read_whole
from drivelabel.scene import Lidar, Scene
from drivelabel.typing import AnyArray, BoolArray, Float32Array, FloatArray, IntArray, UInt8Array

SWEEP_KIND, SEMSEG_KIND = "pandaset_sweep", "pandaset_semseg"
LIDARSEG_KIND = "nuscenes_lidarseg"
"""A .bin file of one uint8 a point of a .pcd.bin sweep: rows of the built-in ``nuscenes`` taxonomy."""
_POINT_COLUMNS = tuple((name, "f") for name in ("x", "y", "z", "i", "t", "d"))


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """One turn of a lidar.

    Attributes:
        channel: which lidar.
        timestamp_ns: of the turn.
        points: (n, 4) float32: x, y, z in metres, lidar coords at `timestamp_ns`, and intensity 0 to 255. The
            motion of the ego during the turn is taken out.
        point_ns: (n,) int64, when each point was measured; the turn's time where the file does not say.
        ring: (n,) int64, the laser that measured each point; None where the file does not say.
    """

    channel: str
    timestamp_ns: int
    points: Float32Array
    point_ns: IntArray
    ring: IntArray | None = None

    def __len__(self) -> int:
        return len(self.points)


def read_sweep(scene: Scene, sweep: int) -> Sweep:
    """The points of one row of ``scene.sweeps``.

    Raises:
        SceneLookupError: there is no such sweep, or no pose at its time.
        StoreError: its file is missing or damaged.
        FormatError: its file holds other data.
    """
    lidar, path = _lidar_and_path(scene, sweep)
    timestamp_ns = int(scene.sweeps.timestamp_ns[sweep])
    kind = scene.sources[scene.sweeps.source[sweep]].kind
    if kind in SWEEP_READERS:
        columns = SWEEP_READERS[kind](path)
        since_ns = np.int64(0) if columns.since_ns is None else columns.since_ns
        point_ns = np.full(len(columns.points), timestamp_ns, np.int64) + since_ns
        return Sweep(lidar.channel, timestamp_ns, columns.points, point_ns, columns.ring)
    table, of_lidar = _points(path, int(scene.sweeps.source_index[sweep]))
    points_world = points_of_table(table)[of_lidar]
    points = np.empty((len(points_world), 4), np.float32)
    points[:, :3] = transform_points(invert_rigid(world_from_lidar(scene, sweep)), points_world)
    points[:, 3] = table["i"][of_lidar]
    point_ns = np.round(table["t"][of_lidar].astype(np.float64) * 1e6).astype(np.int64) * 1000
    return Sweep(lidar.channel, timestamp_ns, points, point_ns)


def world_from_lidar(scene: Scene, sweep: int) -> FloatArray:
    """(4, 4), where the lidar stood at the sweep's time.

    Raises:
        SceneLookupError: there is no such sweep, or no pose at its time.
    """
    lidar, _ = _lidar_and_path(scene, sweep)
    if scene.poses is None:
        raise SceneLookupError(f"{scene.name}: {lidar.channel} has no pose.")
    return scene.poses.at(int(scene.sweeps.timestamp_ns[sweep])) @ lidar.ego_from_sensor


def read_point_labels(scene: Scene, sweep: int) -> UInt8Array:
    """(n,) uint8, rows of the built-in ``pandaset`` taxonomy, one per point of :func:`read_sweep`.

    Of simulated sweeps, rows of ``driving``; of nuScenes' sweeps, rows of ``nuscenes``. They belong to the
    layer ``truth``. VOID (255) where a point has no class.

    Raises:
        SceneLookupError: there is no such sweep, or its points have no labels.
        StoreError: a file is missing or damaged.
        FormatError: a file holds other data, or the labels do not fit the points.
    """
    _, path = _lidar_and_path(scene, sweep)
    if scene.sources[scene.sweeps.source[sweep]].kind == NPY_KIND:
        columns = read_npy(path)
        if columns.shape[1] < 7:
            raise SceneLookupError(f"{scene.name}, sweep {sweep}: its points have no labels.")
        return columns[:, 6].astype(np.uint8)
    if scene.sources[scene.sweeps.source[sweep]].kind == NUSCENES_KIND:
        return _read_lidarseg(scene, sweep, path)
    number = path.name.partition(".")[0]
    files = [source for source in scene.sources if source.kind == SEMSEG_KIND]
    found = [source for source in files if Path(source.path).name.partition(".")[0] == number]
    if not found:
        raise SceneLookupError(f"{scene.name}, sweep {sweep}: its points have no labels.")
    classes = read_columns(source_path(scene, found[0]), [("class", "f")])["class"]
    _, of_lidar = _points(path, int(scene.sweeps.source_index[sweep]))
    if len(classes) != len(of_lidar):
        raise FormatError(f"{found[0].path}: expected {len(of_lidar)} labels, got {len(classes)}.")
    labels: UInt8Array = _taxonomy_rows(scene)[np.clip(classes[of_lidar], 0, VOID)]
    return labels


def points_of_table(table: dict[str, AnyArray]) -> FloatArray:
    """(n, 3) float64, world coords, of both lidars."""
    return np.stack([table[axis] for axis in "xyz"], axis=1).astype(np.float64)


def read_points_world(path: Path) -> FloatArray:
    """(n, 3) float64, world coords, all points of a PandaSet sweep file, of both lidars.

    Raises:
        StoreError: the file is missing or damaged.
        FormatError: it holds other data.
    """
    return points_of_table(read_columns(path, _POINT_COLUMNS))


def _points(path: Path, lidar: int) -> tuple[dict[str, AnyArray], BoolArray]:
    table = read_columns(path, _POINT_COLUMNS)
    return table, table["d"] == lidar


def _read_lidarseg(scene: Scene, sweep: int, path: Path) -> UInt8Array:
    """The classes of a nuScenes sweep's points; ``info["nuscenes"]["lidarseg"]`` names their file."""
    named = scene.info.get("nuscenes", {}).get("lidarseg", {})
    name = named.get(scene.sources[scene.sweeps.source[sweep]].path)
    found = [source for source in scene.sources if source.kind == LIDARSEG_KIND and source.path == name]
    if not found:
        raise SceneLookupError(f"{scene.name}, sweep {sweep}: its points have no labels.")
    labels = np.frombuffer(read_whole(source_path(scene, found[0])), np.uint8)
    n_points = len(read_bin(path, NUSCENES_KIND))
    if len(labels) != n_points:
        raise FormatError(f"{found[0].path}: expected {n_points} labels, got {len(labels)}.")
    known = np.where(labels < len(get_taxonomy("nuscenes")), labels, VOID).astype(np.uint8)
    return known


def _lidar_and_path(scene: Scene, sweep: int) -> tuple[Lidar, Path]:
    if not 0 <= sweep < len(scene.sweeps):
        raise SceneLookupError(f"{scene.name}: no sweep {sweep}. It has {len(scene.sweeps)}.")
    lidar = scene.sensors[scene.sweeps.sensor[sweep]]
    source = scene.sources[scene.sweeps.source[sweep]]
    if not isinstance(lidar, Lidar) or source.kind not in (SWEEP_KIND, *SWEEP_READERS):
        known = ", ".join((SWEEP_KIND, *SWEEP_READERS))
        raise StoreError(f"{scene.name}, sweep {sweep}: expected one of {known}, got {source.kind!r}.")
    return lidar, source_path(scene, source)


def _taxonomy_rows(scene: Scene) -> UInt8Array:
    """(256,), class number of the files to row of the taxonomy; VOID for numbers without a class."""
    taxonomy = get_taxonomy("pandaset")
    rows = np.full(VOID + 1, VOID, np.uint8)
    for number, name in scene.info.get("semseg_classes", {}).items():
        if 0 <= int(number) < VOID and name in taxonomy:
            rows[int(number)] = taxonomy.id_of(name)
    return rows
