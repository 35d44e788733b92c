"""A small simulated drive with two cameras and a lidar, and how it looks to nuScenes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from drivelabel.scene import Camera, Scene
from drivelabel.simulate import (
    Rig,
    RigCamera,
    RigLidar,
    SimulateSettings,
    WorldSettings,
    default_rig,
    simulate,
)

VERSION = "v1.0-mini"


def small_rig(hz: float = 4.0) -> Rig:
    """Two cameras of 160x90 and a coarse lidar."""
    rig = default_rig()
    cameras = []
    for entry in rig.cameras[:2]:
        camera = entry.camera
        assert camera.camera_matrix is not None
        scale = 160 / camera.image_hw[1]
        matrix = np.diag([scale, scale, 1.0]) @ camera.camera_matrix
        small = Camera(camera.channel, (90, 160), matrix, camera.distortion, camera.ego_from_sensor)
        cameras.append(RigCamera(small, hz=2.0))
    lidar = rig.lidars[0]
    sparse = RigLidar(lidar.lidar, lidar.elevations[::4], azimuth_steps=180, hz=hz)
    return Rig(tuple(cameras), (sparse,))


@lru_cache(maxsize=4)
def _drive(folder: str, seed: int, seconds: float) -> Scene:
    settings = SimulateSettings(world=WorldSettings(seed=seed, seconds=seconds), rig=small_rig(), threads=1)
    return replace(simulate(settings, folder, name=f"drive-{seed}"), root=folder)


def simulated_drive(folder: Path, seed: int = 3, seconds: float = 3.0) -> Scene:
    """A drive of some seconds; its files are in the folder."""
    return _drive(str(folder), seed, seconds)


def read_tables(root: Path) -> dict[str, list[dict[str, Any]]]:
    return {path.stem: json.loads(path.read_text()) for path in (root / VERSION).glob("*.json")}


def change_table(root: Path, table: str, change: Any) -> Path:
    """Edit a table's records in place; the folder."""
    path = root / VERSION / f"{table}.json"
    records = json.loads(path.read_text())
    change(records)
    path.write_text(json.dumps(records))
    return root
