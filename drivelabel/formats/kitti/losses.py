"""What KITTI's files leave behind."""

from __future__ import annotations

import numpy as np

from drivelabel.formats.kitti.frames import FrameObjects
from drivelabel.formats.losses import count_columns
from drivelabel.formats.pictures import Pictures
from drivelabel.formats.report import Tally
from drivelabel.labels import ABSENT, Attributes
from drivelabel.scene import Scene

_FLAT = frozenset({"xyxy", "category_id", "score"})
_SOLID = frozenset({"center", "size_lwh", "quat_wxyz", "category_id", "timestamp_ns"})
_FACTS = ("truncated", "occluded", "alpha")


def count_kitti_losses(
    pictures: Pictures, objects: FrameObjects, tally: Tally, *, tracking: bool = False
) -> None:
    """Count what is there and not written: other kinds, columns, times, poses and other sensors."""
    why = "KITTI has boxes and cuboids"
    tracks = {"track_id"} if tracking else set()
    for layer in objects.layers:
        for kind, grouped in layer.tables.items():
            rows = grouped.rows
            if kind == "boxes2d":
                rest = {n: c for n, c in rows.attributes.by_name.items() if n not in _FACTS}
                count_columns(rows.replace(attributes=Attributes(len(rows), rest)), _FLAT | tracks, tally)
                for name in _FACTS:
                    if name in rows.attributes:
                        count = int((rows.attributes[name].codes != ABSENT).sum())
                        tally.keep(kind, f"attributes.{name}", count)
            elif kind == "boxes3d":
                count_columns(rows, _SOLID | tracks, tally)
            else:
                tally.drop(kind, "", len(rows), why)
        for kind, store in (("label_map", layer.label_maps), ("instance_map", layer.instance_maps)):
            if store is not None:
                tally.drop(kind, "", int(store.labelled().sum()), why)
    for data in pictures.data:
        if isinstance(data, Scene):
            tally.drop("frames", "timestamp_ns", len(data.frames), "frames are numbered")
            if not tracking:
                tally.drop("poses", "", 0 if data.poses is None else len(data.poses), "frames have no poses")
            tally.keep("sensors", "calibration", sum(c.is_calibrated for c in data.cameras[:1]))
            tally.drop(
                "sensors", "", len(data.sensors) - len(data.cameras[:1]) - len(data.lidars[:1]), "others"
            )
            bent = sum(c.distortion.model != "none" for c in data.cameras[:1])
            tally.drop("sensors", "distortion", bent, "KITTI's images are straight")
            lost = int((data.sweeps.sample < 0).sum())
            other = int(
                np.isin(data.sweeps.sensor, [data.sensor_row(x.channel) for x in data.lidars[1:]]).sum()
            )
            tally.drop("sweeps", "", max(lost, other), "of no sample, or of other lidars")
