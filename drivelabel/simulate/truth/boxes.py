"""Tight boxes of what is seen of things, and how much of each is hidden or cut off."""

from __future__ import annotations

import numpy as np

from drivelabel.geometry._kernels.sim_boxes import silhouette_areas
from drivelabel.labels import IMPORTED, Attributes, Boxes2D
from drivelabel.simulate.geometry3d import SOLID, Surfaces
from drivelabel.simulate.truth.view import MIN_PIXELS, View, rounded
from drivelabel.simulate.world.world import World
from drivelabel.typing import FloatArray, IntArray


def boxes_in(world: World, view: View, surfaces: Surfaces, found: IntArray) -> Boxes2D:
    """Tight boxes of the visible pixels.

    Attributes of each row: ``pixels`` seen; ``occlusion``, the share of the thing's pixels inside the image
    that something hides; ``truncation``, the share of its full box outside the image; ``full_x0`` to
    ``full_y1``, the box that it would have alone and in an endless image; ``distance``, metres to its middle.

    Args:
        world: that was seen.
        view: what each pixel shows.
        surfaces: that were seen.
        found: (n + 1, 5), boxes and pixels of each instance.
    """
    rows = np.flatnonzero(found[1:, 4] >= MIN_PIXELS)
    areas, full = _alone(view, surfaces, rows + 1, len(world.things))
    pixels = found[rows + 1, 4]
    occlusion = np.clip(1.0 - pixels / np.maximum(areas[rows + 1], pixels), 0.0, 1.0)
    attributes = {
        "pixels": pixels.tolist(),
        "occlusion": rounded(occlusion),
        "truncation": rounded(_outside(full, view.camera.image_hw)),
    }
    for k, name in enumerate(("full_x0", "full_y0", "full_x1", "full_y1")):
        attributes[name] = rounded(full[:, k], 1)
    n = len(rows)
    return Boxes2D(
        xyxy=found[rows + 1, :4].astype(np.float32),
        category_id=world.things.category_id[rows],
        score=np.ones(n, np.float32),
        track_id=world.things.track_id[rows],
        origin=np.full(n, IMPORTED, np.uint8),
        attributes=Attributes.of(attributes, n),
    )


def _alone(view: View, surfaces: Surfaces, instances: IntArray, n: int) -> tuple[IntArray, FloatArray]:
    """(n + 1,) pixels that things would have alone, and (k, 4) boxes of `instances` in an endless image."""
    chosen = np.isin(surfaces.instance, instances) & (surfaces.layer == SOLID)
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(surfaces.instance[rows], kind="stable")]
    instance = surfaces.instance[rows].astype(np.int32)
    corners = surfaces.triangles[rows].reshape(-1, 3).astype(np.float64) + surfaces.origin
    uv, _, _ = view.project(corners)
    uv = uv.reshape(-1, 3, 2)
    whole = np.isfinite(uv).all(axis=(1, 2))
    height, width = view.camera.image_hw
    areas = silhouette_areas(uv[whole], instance[whole], (height, width), n)
    # What reaches behind the camera has no end; one image beyond each side is enough to tell.
    uv = np.clip(np.where(np.isfinite(uv), uv, np.nan), [-width, -height], [2 * width, 2 * height])
    full = np.zeros((len(instances), 4))
    starts = np.searchsorted(instance, instances)
    low = (
        np.minimum.reduceat(np.nan_to_num(uv, nan=np.inf).min(axis=1), starts)
        if len(rows)
        else np.zeros((0, 2))
    )
    high = (
        np.maximum.reduceat(np.nan_to_num(uv, nan=-np.inf).max(axis=1), starts)
        if len(rows)
        else np.zeros((0, 2))
    )
    full[:, :2], full[:, 2:] = low, high
    return areas, full


def _outside(full: FloatArray, image_hw: tuple[int, int]) -> FloatArray:
    """(k,) the share of boxes that lies outside the image."""
    height, width = image_hw
    low, high = np.maximum(full[:, :2], 0), np.minimum(full[:, 2:], [width, height])
    inside = np.maximum(high - low, 0).prod(axis=1)
    whole = np.maximum(full[:, 2:] - full[:, :2], 1e-6).prod(axis=1)
    share: FloatArray = np.clip(1.0 - inside / whole, 0.0, 1.0)
    return share
