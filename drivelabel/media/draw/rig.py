"""All cameras of an instant in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.media.draw.canvas import Canvas
from drivelabel.media.draw.chips import draw_chip
from drivelabel.media.draw.frame import paint_frame
from drivelabel.media.draw.gather import labels_of, view_of_frame
from drivelabel.media.draw.legend import LegendEntry
from drivelabel.media.draw.scene_frame import newest_layer, time_spans
from drivelabel.media.draw.strips import footer, header
from drivelabel.media.draw.style import FAINT, PANEL, PAPER, Style
from drivelabel.scene import Camera, Scene
from drivelabel.typing import AnyArray, UInt8Array

MAX_TILE_WIDTH = 960
GAP = 4


def draw_scene_rig(
    scene: Scene,
    frames: Sequence[int],
    images_rgb: Sequence[UInt8Array],
    *,
    layers: Sequence[str] | None = None,
    points_world: AnyArray | None = None,
) -> UInt8Array:
    """Several cameras' frames in one picture, placed as the cameras look: left, ahead, right; behind below.

    Args:
        scene: the log.
        frames: rows of its frames, one of each camera.
        images_rgb: their images, (h, w, 3) uint8.
        layers: whose labels; None for the newest layer.
        points_world: (n, 3) lidar points, metres, world coords.

    Raises:
        SceneLookupError: no such frame or layer.
        InvalidLabelError: no frame is given.
    """
    names = [name for name in ([newest_layer(scene)] if layers is None else layers) if name]
    order = order_of_view([scene.camera_of(frame) for frame in frames])
    tiles, legend, n_points, n_unnamed = [], list[LegendEntry](), 0, 0
    for place in order:
        frame, image_rgb = frames[place], images_rgb[place]
        scale = min(1.0, MAX_TILE_WIDTH / image_rgb.shape[1])
        labels = labels_of(scene, frame, names)
        painted = paint_frame(image_rgb, labels, view_of_frame(scene, frame), points_world, scale)
        tiles.append(_named(painted.picture_rgb, scene.camera_of(frame).channel))
        legend += painted.legend
        n_points += painted.n_points
        n_unnamed += painted.n_unnamed
    picture = draw_mosaic(tiles)
    text = Style.of_height(picture.shape[0]).title
    top = header(picture.shape[1], text, [(scene.name, PAPER)], time_spans(scene, frames[0], names))
    note = f"{n_unnamed} names had no room" if n_unnamed else ""
    bottom = footer(picture.shape[1], text, _together(legend), depth=n_points > 0, note=note)
    return np.vstack([top, picture, bottom])


def order_of_view(cameras: Sequence[Camera]) -> list[int]:
    """Rows of cameras from the left over ahead to the right, then those that look back, again from the left.

    Cameras whose mounting is not known come last, as they are.
    """
    keys = []
    for row, camera in enumerate(cameras):
        if camera.ego_from_sensor is None:
            keys.append((2, 0.0, row))
            continue
        ahead, left, _ = camera.ego_from_sensor[:3, 2].tolist()
        angle = float(np.arctan2(left, ahead))
        is_front = abs(angle) < np.deg2rad(80)
        keys.append((0, -angle, row) if is_front else (1, -float(np.sin(angle)), row))
    return [row for _, _, row in sorted(keys)]


def draw_mosaic(pictures_rgb: Sequence[UInt8Array], columns: int | None = None) -> UInt8Array:
    """Pictures in rows of a grid, each centred in its cell.

    Args:
        pictures_rgb: (h, w, 3) uint8 each.
        columns: of the grid; about as wide as high when None.

    Raises:
        InvalidLabelError: no picture is given.
    """
    if not pictures_rgb:
        raise InvalidLabelError("a mosaic needs at least one picture, got none.")
    columns = columns or int(np.ceil(np.sqrt(len(pictures_rgb))))
    height = max(picture.shape[0] for picture in pictures_rgb)
    width = max(picture.shape[1] for picture in pictures_rgb)
    rows = -(-len(pictures_rgb) // columns)
    grid = np.empty((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), np.uint8)
    grid[...] = PANEL
    for place, picture in enumerate(pictures_rgb):
        y = place // columns * (height + GAP) + (height - picture.shape[0]) // 2
        x = place % columns * (width + GAP) + (width - picture.shape[1]) // 2
        grid[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return grid


def _named(picture_rgb: UInt8Array, channel: str) -> UInt8Array:
    canvas = Canvas(picture_rgb)
    draw_chip(canvas, [(channel, PAPER)], FAINT, (canvas.style.text // 2, canvas.style.text // 2))
    return canvas.pixels


def _together(legend: Sequence[LegendEntry]) -> list[LegendEntry]:
    """Entries of several pictures, each meaning once."""
    sums: dict[tuple[str, str], LegendEntry] = {}
    for entry in legend:
        key = (entry.meaning.shape, entry.meaning.name)
        before = sums.get(key)
        if before is None or entry.count is None or before.count is None:
            sums[key] = entry
        else:
            sums[key] = LegendEntry(before.meaning, before.count + entry.count)
    return sorted(sums.values(), key=lambda entry: -(entry.count or 0))
