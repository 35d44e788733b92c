"""Random image sets and scenes for the laws of formats: what a recording may hold, in sensible ranges.

``image_sets()`` and ``scenes()`` draw everything by default; arguments narrow them to what a format is for.
Nobody looked at some pictures, some are empty, some names are odd, numbers are any float32 inside the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hypothesis import strategies as st

from drivelabel.labels import TABLES, Boxes3D, Grouped, Taxonomy
from drivelabel.scene import (
    NO_SAMPLE,
    Camera,
    Distortion,
    Frames,
    ImageSet,
    Layer,
    MemoryMasks,
    Poses,
    Scene,
    Source,
)
from tests.formats.random_tables import HW as HW
from tests.formats.random_tables import SMALL as SMALL
from tests.formats.random_tables import Numbers as Numbers
from tests.formats.random_tables import any_float32 as any_float32
from tests.formats.random_tables import attribute_rows as attribute_rows
from tests.formats.random_tables import cuboids as cuboids
from tests.formats.random_tables import instance_map as instance_map
from tests.formats.random_tables import label_map as label_map
from tests.formats.random_tables import quarters as quarters
from tests.formats.random_tables import table as table
from tests.formats.random_tables import whole as whole

IMAGE_TABLES = ("boxes2d", "lane_lines", "traffic_lights", "keypoints", "polygons", "tags")
MASKS = ("label_map", "instance_map")
ALL_KINDS = (*IMAGE_TABLES, *MASKS)

T0_NS = 1_600_000_000_000_000_000

PLAIN_NAMES = ("000000.png", "000001.jpg", "a.png", "b/c.jpg", "b/d.png")
ODD_NAMES = (
    "A.png", "a b/ü 中文.png", "b/x.y.z.jpg", "-.png", "con.png", "100%.jpg", "it's.png", "a.png",
    "#1.png", "deep/er/still/k.jpg", "+.jpg", "Größe.PNG",
)  # fmt: skip
"""File names that writers may trip over; ``A.png`` and ``a.png`` are one file on some systems."""


@st.composite
def layers(
    draw: Any, hws: Sequence[HW], kinds: Sequence[str] = ALL_KINDS, name: str = "truth",
    taxonomy: Taxonomy = SMALL, numbers: Numbers = any_float32, plain: bool = False, max_rows: int = 3,
    all_labelled: bool = False,
) -> Layer:  # fmt: skip
    """Labels of pictures of the given sizes. Nobody looked at some pictures for some kinds, some are empty.

    Args:
        all_labelled: somebody looked at every picture for every kind.
    """
    n = len(hws)
    wanted = list(kinds) if all_labelled else [kind for kind in kinds if draw(st.booleans())]
    tables: dict[str, Grouped[Any]] = {}
    maps: dict[str, MemoryMasks] = {}
    things = draw(st.lists(st.integers(1, 8), min_size=1, max_size=3, unique=True))
    for kind in wanted:
        looked = [g for g in range(n) if all_labelled or draw(st.booleans())]
        if kind == "label_map":
            maps[kind] = MemoryMasks({g: draw(label_map(hws[g], taxonomy)) for g in looked}, n)
        elif kind == "instance_map":
            maps[kind] = MemoryMasks({g: draw(instance_map(hws[g], len(things))) for g in looked}, n)
        else:
            rows = {
                g: draw(table(kind, draw(st.integers(0, max_rows)), hws[g], taxonomy, numbers, plain))
                for g in looked
            }
            tables[kind] = Grouped.from_groups(TABLES[kind], n, rows)
    return Layer(
        name,
        taxonomy,
        tables=tables,
        label_maps=maps.get("label_map"),
        instance_maps=maps.get("instance_map"),
        instance_track_id=np.asarray(things if "instance_map" in maps else [], np.int64),
    )


_HWS = ((20, 30), (24, 24), (31, 17))


@st.composite
def image_sets(
    draw: Any, kinds: Sequence[str] = ALL_KINDS, *, names: Sequence[str] = (*PLAIN_NAMES, *ODD_NAMES),
    hws: Sequence[HW] = _HWS, max_images: int = 3, splits: bool = True, **of_layer: Any,
) -> ImageSet:  # fmt: skip
    """Some images with one layer.

    Args:
        kinds: of labels that may be there.
        names: file names to choose from.
        hws: sizes to choose from.
        splits: whether images may be in ``train`` or ``val``.
        of_layer: for :func:`layers`: ``name``, ``taxonomy``, ``numbers``, ``plain``, ``all_labelled``, ...
    """
    chosen = sorted(draw(st.lists(st.sampled_from(names), unique=True, max_size=max_images)))
    sizes = [draw(st.sampled_from(hws)) for _ in chosen]
    layer = draw(layers(sizes, kinds, **of_layer))
    parts: dict[str, Any] = {}
    if splits and draw(st.booleans()):
        of_image = [draw(st.sampled_from(("train", "val", ""))) for _ in chosen]
        parts = {
            part: np.array([row for row, own in enumerate(of_image) if own == part], np.int64)
            for part in ("train", "val")
            if part in of_image
        }
    return ImageSet(
        name="some images",
        sources=tuple(Source(path, "image") for path in chosen),
        image_hw=np.array(sizes, np.int64).reshape(-1, 2),
        taxonomy=layer.taxonomy,
        layers={layer.name: layer},
        splits=parts,
    )


_EGO_FROM_CAMERA = np.array([[0.0, 0, 1, 1.5], [-1, 0, 0, 0], [0, -1, 0, 1.6], [0, 0, 0, 1]])
"""A camera that looks ahead: its z is the ego's x."""


@st.composite
def cameras(draw: Any, channel: str, hw: HW, calibrated: bool | None = None, bent: bool = True) -> Camera:
    """A camera that looks ahead, to the left or back.

    Args:
        calibrated: whether it is; None for either.
        bent: whether its lens may bend the picture.
    """
    if not (draw(st.booleans()) if calibrated is None else calibrated):
        return Camera(channel, hw)
    turn = draw(st.sampled_from((0.0, math.pi / 2, math.pi, 0.3)))
    turned = np.eye(4)
    turned[:2, :2] = [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    focal = draw(st.floats(10, 100))
    matrix = np.array([[focal, 0, hw[1] / 2], [0, focal, hw[0] / 2], [0, 0, 1.0]])
    lens = Distortion("brown", np.array([-0.1, 0.01, 0.001, -0.001, 0.0]))
    straight = Distortion("none", np.zeros(0))
    return Camera(
        channel, hw, matrix, lens if bent and draw(st.booleans()) else straight, turned @ _EGO_FROM_CAMERA
    )


@st.composite
def poses_at(draw: Any, times_ns: Sequence[int]) -> Poses:
    """The ego on a gentle way, at each of the times."""
    n = len(times_ns)
    step, turn = draw(st.floats(0, 5)), draw(st.floats(-0.2, 0.2))
    yaw = np.arange(n) * turn
    start = np.array(draw(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.just(0.0))))
    moved = np.stack([np.cos(yaw), np.sin(yaw), 0 * yaw], axis=-1) * step
    quat = np.stack([np.cos(yaw / 2), 0 * yaw, 0 * yaw, np.sin(yaw / 2)], axis=-1)
    return Poses(np.array(times_ns, np.int64), start + np.cumsum(moved, axis=0), quat)


@st.composite
def scenes(
    draw: Any, kinds: Sequence[str] = (*ALL_KINDS, "boxes3d"), *,
    channels: Sequence[str] = ("cam_front", "cam_back"),
    hw: HW = (20, 30), max_times: int = 3, calibrated: bool | None = None, poses: bool | None = None,
    step_ns: int = 500_000_000, bent: bool = True, **of_layer: Any,
) -> Scene:  # fmt: skip
    """A short drive with one layer: each camera takes an image at each sample.

    Args:
        kinds: of labels that may be there.
        channels: of the cameras.
        max_times: how many samples at most; at least one.
        calibrated: whether the cameras are; None for either.
        poses: whether the ego motion is known; None for either.
        step_ns: from sample to sample.
        of_layer: for :func:`layers`.
    """
    n = draw(st.integers(1, max_times))
    times = [T0_NS + k * step_ns for k in range(n)]
    n_cameras = len(channels)
    layer = draw(layers([hw] * (n * n_cameras), [kind for kind in kinds if kind != "boxes3d"], **of_layer))
    if "boxes3d" in kinds and draw(st.booleans()):
        own = {"taxonomy": layer.taxonomy, "plain": of_layer.get("plain", False)}
        rows = {k: draw(cuboids(draw(st.integers(0, 3)), time, **own)) for k, time in enumerate(times)}
        grouped = Grouped.from_groups(Boxes3D, n, {k: r for k, r in rows.items() if draw(st.booleans())})
        layer = replace(layer, tables={**layer.tables, "boxes3d": grouped})
    return Scene(
        name="drive-1",
        sensors=tuple(draw(cameras(channel, hw, calibrated, bent)) for channel in channels),
        taxonomy=layer.taxonomy,
        frames=Frames(
            timestamp_ns=times * n_cameras,
            sensor=np.repeat(np.arange(n_cameras), n),
            source=np.arange(n * n_cameras),
            source_index=np.zeros(n * n_cameras),
            sample=list(range(n)) * n_cameras if "boxes3d" in kinds else [NO_SAMPLE] * (n * n_cameras),
        ),
        samples_ns=np.array(times if "boxes3d" in kinds else [], np.int64),
        sources=tuple(Source(f"{c}/{k:03d}.png", "image") for c in channels for k in range(n)),
        poses=draw(poses_at(times)) if (draw(st.booleans()) if poses is None else poses) else None,
        layers={layer.name: layer},
    )


def with_files(data: ImageSet | Scene, folder: Path) -> Any:
    """The same data with real small image files below `folder`, which becomes its root."""
    hws: dict[int, HW] = {}
    if isinstance(data, Scene):
        for frame, source in enumerate(data.frames.source.tolist()):
            hws[source] = data.camera_of(frame).image_hw
    else:
        hws = {row: (h, w) for row, (h, w) in enumerate(data.image_hw.tolist())}
    for row, hw in hws.items():
        path = folder / data.sources[row].path
        path.parent.mkdir(parents=True, exist_ok=True)
        shade = np.full((*hw, 3), 40 + row, np.uint8)
        done, code = cv2.imencode(path.suffix.lower(), shade)
        assert done
        path.write_bytes(code.tobytes())
    return replace(data, root=str(folder))
