"""The plain dict that stands beside a scene in random sessions, and comparing the two."""

from __future__ import annotations

from typing import Any

import numpy as np
from storage.scenes import boxes, label_map

from drivelabel.storage import SceneStore

Model = dict[str, Any]
"""Layer to {"boxes": frame to seed, "maps": frame to seed, "touched": set of (kind, frame)}."""


def empty_layer() -> Model:
    return {"boxes": {}, "maps": {}, "touched": set()}


def make_edit(
    store: SceneStore, *, layer: str, frame: int, seed: int, what: str, by: Any, base: str | None
) -> None:
    """One frame's boxes or label map."""
    with store.edit(f"{by}: {what}", by=by, base=base) as edit:
        if what == "boxes":
            edit.set(layer, frame, boxes(seed, seed))
        else:
            edit.set_label_map(layer, frame, label_map(seed))


def assert_equals_model(store: SceneStore, model: Model, snapshot: str | None = None) -> None:
    """A state of the scene holds exactly what the model says."""
    scene = store.scene(snapshot)
    assert sorted(scene.layers) == sorted(model)
    for name, expected in model.items():
        layer = scene.layers[name]
        table = layer.tables.get("boxes2d")
        found = {} if table is None else {int(f): table[int(f)] for f in np.flatnonzero(table.labelled)}
        assert sorted(found) == sorted(expected["boxes"])
        for frame, seed in expected["boxes"].items():
            np.testing.assert_array_equal(found[frame].xyxy, boxes(seed, seed).xyxy)
        if table is not None:
            assert len(set(table.rows.row_id.tolist())) == len(table.rows)
        masks = layer.label_maps
        frames = [] if masks is None else np.flatnonzero(masks.labelled()).tolist()
        assert frames == sorted(expected["maps"])
        for frame, seed in expected["maps"].items():
            np.testing.assert_array_equal(layer.label_map(frame).label_map, label_map(seed))
