"""Simulated sweeps are read like recorded ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from simulate.test_simulate import small

from drivelabel.errors import FormatError
from drivelabel.geometry import transform_points
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media.sweeps import read_point_labels, read_sweep, world_from_lidar
from drivelabel.simulate import simulate


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return simulate(small(6), tmp_path_factory.mktemp("sweeps"))


def test_points_on_the_road_lie_at_height_nought_in_the_world(scene):
    for sweep in range(len(scene.sweeps)):
        points = read_sweep(scene, sweep).points
        road = read_point_labels(scene, sweep) == DRIVING.id_of("road")
        world = transform_points(world_from_lidar(scene, sweep), points[road, :3].astype(np.float64))
        assert road.any() and np.abs(world[:, 2]).max() < 0.1


def test_points_were_measured_around_the_sweeps_time(scene):
    sweep = read_sweep(scene, 1)
    away = np.abs(sweep.point_ns - sweep.timestamp_ns)
    assert (
        0 < away.max() <= 50_000_000 and (sweep.points[:, 3] >= 0).all() and (sweep.points[:, 3] <= 255).all()
    )


@pytest.mark.parametrize("content", [b"", b"no numbers", b"\x93NUMPY\x01\x00"])
def test_a_damaged_sweep_is_a_format_error(scene, content):
    path = Path(scene.root) / scene.sources[int(scene.sweeps.source[0])].path
    good = path.read_bytes()
    try:
        path.write_bytes(content)
        with pytest.raises(FormatError):
            read_sweep(scene, 0)
    finally:
        path.write_bytes(good)
