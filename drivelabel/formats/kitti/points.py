"""Sweeps as KITTI's velodyne files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from drivelabel.errors import StoreError
from drivelabel.formats.kitti.frames import sample_of
from drivelabel.formats.pictures import Picture, Pictures
from drivelabel.formats.report import Tally
from drivelabel.media.frames import source_path
from drivelabel.media.sweeps import KITTI_KIND, read_sweep
from drivelabel.scene import NO_SAMPLE, Scene


def sweep_of(pictures: Pictures, picture: Picture) -> int:
    """The first lidar's sweep of the picture's sample, or -1."""
    data, sample = pictures.data[picture.data], sample_of(pictures, picture)
    if not isinstance(data, Scene) or sample == NO_SAMPLE or not data.lidars:
        return -1
    first = data.sensor_row(data.lidars[0].channel)
    rows = np.flatnonzero((data.sweeps.sample == sample) & (data.sweeps.sensor == first))
    return int(rows[0]) if len(rows) else -1


def write_velodyne(pictures: Pictures, picture: Picture, path: Path, tally: Tally) -> None:
    """Write the points of the picture's sample, where it has any, in the lidar's coords.

    Raises:
        StoreError: the recorded file is missing or damaged.
    """
    sweep = sweep_of(pictures, picture)
    data = pictures.data[picture.data]
    if sweep < 0 or not isinstance(data, Scene):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    source = data.sources[int(data.sweeps.source[sweep])]
    if source.kind == KITTI_KIND:
        try:
            shutil.copyfile(source_path(data, source), path)
        except OSError as error:
            raise StoreError(f"{source.path}: cannot be copied to the export: {error}") from error
    else:
        points = read_sweep(data, sweep).points.astype("<f4")
        points[:, 3] /= 255
        path.write_bytes(points.tobytes())
    tally.keep("sweeps", "points", 1)
