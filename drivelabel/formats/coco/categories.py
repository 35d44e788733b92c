"""COCO's list of categories, from a layer's taxonomy."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivelabel.labels import BULBS
from drivelabel.scene import Layer


def coco_categories(layer: Layer) -> list[dict[str, Any]]:
    """One entry per category of the layer's taxonomy; ids count from 1 without gaps."""
    lights = layer.tables.get("traffic_lights")
    light_ids = set() if lights is None else set(np.unique(lights.rows.category_id).tolist())
    entries = []
    for row, category in enumerate(layer.taxonomy):
        entry: dict[str, Any] = {
            "id": row + 1,
            "name": category.name,
            "supercategory": category.parent or category.name,
            "isthing": int(category.is_thing),
            "color": layer.taxonomy.colors[row].tolist(),
        }
        points = category.skeleton or (BULBS if row in light_ids else ())
        if points:
            entry |= {"keypoints": list(points), "skeleton": []}
        entries.append(entry)
    return entries
