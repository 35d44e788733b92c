"""A drive as an .rrd file: a view, which only the next Rerun release is sure to read; never a store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_file
from drivelabel.formats.losses import count_columns
from drivelabel.formats.pictures import Data
from drivelabel.formats.report import ConversionReport, Tally
from drivelabel.media.rerun_view import JPEG_QUALITY, write_rerun
from drivelabel.scene import ImageSet, Scene

SHOWN = {
    "boxes2d": {"xyxy", "category_id", "track_id"},
    "boxes3d": {"center", "size_lwh", "quat_wxyz", "category_id", "track_id", "timestamp_ns"},
    "lane_lines": {"points", "track_id"},
    "traffic_lights": {"xyxy", "state"},
}
"""The columns of each kind that can be seen."""


def write_rrd(
    data: Data | Sequence[Data],
    out: Path,
    layer: str,
    *,
    max_width: int = 1280,
    lidar: bool = True,
    overwrite: bool = False,
) -> ConversionReport:
    """Write one scene or image set with its images for the Rerun viewer.

    Args:
        data: one scene or image set.
        out: the ``.rrd`` file.
        layer: whose labels.
        max_width: larger images, and their labels with them, are made this wide; pixels.
        lidar: whether to show the sweeps.
        overwrite: replace what is at `out`.

    Raises:
        FormatError: several scenes were given.
        StoreError: `out` is there already or cannot be written, or an image or sweep cannot be read.
        SceneLookupError: there is no such layer.
        MissingExtraError: rerun-sdk is not installed, or does not work here.
    """
    items = [data] if isinstance(data, (Scene, ImageSet)) else list(data)
    if len(items) != 1:
        raise FormatError(f"rerun shows one scene, got {len(items)}. Export them one by one.")
    scene = items[0].as_scene() if isinstance(items[0], ImageSet) else items[0]
    own, tally = scene.layer(layer), Tally()
    with new_file(Path(out), overwrite=overwrite) as place:
        write_rerun(scene, place, layers=[layer], max_width=max_width, lidar=lidar)
    tally.approximate(
        "images", "pixels", len(scene.frames), 255, "grey levels", f"JPEG {JPEG_QUALITY}, for show"
    )
    for kind, grouped in own.tables.items():
        if kind in SHOWN:
            tally.keep(kind, "", len(grouped.rows), "drawn in float32")
            count_columns(grouped.rows, SHOWN[kind], tally)
        else:
            tally.drop(kind, "", len(grouped.rows), "is not drawn")
    if own.label_maps is not None:
        tally.keep("label_map", "", int(own.label_maps.labelled().sum()), "scaled with the images")
    if own.instance_maps is not None:
        tally.drop("instance_map", "", int(own.instance_maps.labelled().sum()), "is not drawn")
    if not lidar:
        tally.drop("sweeps", "", len(scene.sweeps), "left out")
    return tally.report("rerun", str(out))
