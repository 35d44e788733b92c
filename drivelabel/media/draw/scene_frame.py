"""A frame of a scene as one picture: the image with its labels, a header, a legend, the view from above."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from drivelabel.errors import SceneLookupError
from drivelabel.media.draw.birds_eye import draw_birds_eye
from drivelabel.media.draw.canvas import Spans
from drivelabel.media.draw.frame import Painted, paint_frame
from drivelabel.media.draw.gather import labels_of, view_of_frame
from drivelabel.media.draw.layer_labels import LayerLabels
from drivelabel.media.draw.strips import footer, header
from drivelabel.media.draw.style import FAINT, PAPER, Style
from drivelabel.scene import Scene
from drivelabel.typing import AnyArray, UInt8Array

_YEAR_1990_NS = 631_152_000_000_000_000


def draw_scene_frame(
    scene: Scene,
    frame: int,
    image_rgb: UInt8Array,
    *,
    layers: Sequence[str] | None = None,
    points_world: AnyArray | None = None,
    birds_eye: bool = False,
    scale: float = 1.0,
) -> UInt8Array:
    """A frame with its labels, a header saying what it is, and a legend of what is shown.

    Cuboids are those of the frame's sample, moved along their velocity to the frame's own time, and seen
    from where the camera stood at that time.

    Args:
        scene: the log.
        frame: row of its frames.
        image_rgb: (h, w, 3) uint8, the frame's image.
        layers: whose labels; None for the newest layer.
        points_world: (n, 3) lidar points, metres, world coords; see :func:`points_of`.
        birds_eye: add the scene from above beside the image.
        scale: picture pixels per image pixel.

    Returns:
        (h', w', 3) uint8; the strips and the view from above are outside the image.

    Raises:
        SceneLookupError: no such frame or layer, or `birds_eye` and the log has no pose at that time.
    """
    view = view_of_frame(scene, frame)
    names = [newest_layer(scene)] if layers is None else list(layers)
    labels = labels_of(scene, frame, [name for name in names if name])
    painted = paint_frame(image_rgb, labels, view, points_world, scale)
    picture = painted.picture_rgb
    text = Style.of_height(picture.shape[0]).title
    if birds_eye:
        panel_hw = (picture.shape[0], round(0.72 * picture.shape[0]))
        seen = () if view is None else (view,)
        ego = _world_from_ego(scene, frame)
        above = draw_birds_eye(panel_hw, labels, ego, points_world=points_world, views=seen)
        gap = np.zeros((picture.shape[0], 4, 3), np.uint8)
        picture = np.hstack([picture, gap, above])
    width = picture.shape[1]
    top = header(width, text, _who(scene, frame), time_spans(scene, frame, names))
    note = "; ".join(_notes(scene, frame, labels, painted, view is not None))
    bottom = footer(width, text, painted.legend, depth=painted.n_points > 0, note=note)
    return np.vstack([top, picture, bottom])


def newest_layer(scene: Scene) -> str:
    """The layer that was made last, or "" when the scene has none."""
    layers = list(scene.layers.values())
    return max(layers, key=lambda layer: layer.created_ns).name if layers else ""


def _world_from_ego(scene: Scene, frame: int) -> AnyArray:
    if scene.poses is None:
        raise SceneLookupError(f"{scene.name}: the view from above needs poses, and the log has none.")
    return scene.poses.at(int(scene.frames.timestamp_ns[frame]))


def _who(scene: Scene, frame: int) -> Spans:
    camera = scene.camera_of(frame).channel
    own = scene.frames_of(camera)
    return [
        (scene.name, PAPER),
        (f"   {camera}", PAPER),
        (f"   frame {frame - own.start} of {len(own)}", FAINT),
    ]


def time_spans(scene: Scene, frame: int, names: Sequence[str]) -> Spans:
    """When a frame was taken and whose labels are shown, for the right end of a header."""
    time_ns = int(scene.frames.timestamp_ns[frame])
    seconds = (time_ns - int(scene.frames.timestamp_ns.min())) / 1e9
    spans = [(f"{seconds:.3f} s", PAPER)]
    if time_ns > _YEAR_1990_NS:
        clock = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
        spans.append((f"   {clock:%Y-%m-%d %H:%M:%S} UTC", FAINT))
    others = [name for name in scene.layers if name not in names]
    spans.append((f"   {', '.join(filter(None, names)) or 'no layer'}", PAPER))
    if others:
        spans.append((f"  (also {', '.join(others)})", FAINT))
    return spans


def _notes(
    scene: Scene, frame: int, labels: Sequence[LayerLabels], painted: Painted, has_view: bool
) -> list[str]:
    """What was left out of the picture; nothing is left out in silence."""
    notes = []
    if painted.n_unnamed:
        notes.append(f"{painted.n_unnamed} names had no room")
    n_cuboids = sum(0 if layer.cuboids is None else len(layer.cuboids) for layer in labels)
    if n_cuboids and not has_view:
        notes.append(f"{n_cuboids} cuboids not drawn: no calibration or pose")
    return notes
