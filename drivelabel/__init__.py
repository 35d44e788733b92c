"""Labels for autonomous-driving logs: one scene for every sensor, task and author.

The names below are the public ones. They are loaded on first use, so ``import drivelabel`` is quick and
never loads torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from drivelabel.labels import Attributes as Attributes
    from drivelabel.labels import Boxes2D as Boxes2D
    from drivelabel.labels import Boxes3D as Boxes3D
    from drivelabel.labels import Category as Category
    from drivelabel.labels import Grouped as Grouped
    from drivelabel.labels import InstanceMap as InstanceMap
    from drivelabel.labels import Keypoints as Keypoints
    from drivelabel.labels import LabelMap as LabelMap
    from drivelabel.labels import LaneLines as LaneLines
    from drivelabel.labels import Polygons as Polygons
    from drivelabel.labels import Ragged as Ragged
    from drivelabel.labels import Tags as Tags
    from drivelabel.labels import Taxonomy as Taxonomy
    from drivelabel.labels import TrafficLights as TrafficLights
    from drivelabel.pipeline import annotate as annotate
    from drivelabel.pipeline import ingest as ingest
    from drivelabel.pipeline import make_plan as make_plan
    from drivelabel.scene import Camera as Camera
    from drivelabel.scene import Frames as Frames
    from drivelabel.scene import ImageSet as ImageSet
    from drivelabel.scene import Layer as Layer
    from drivelabel.scene import Lidar as Lidar
    from drivelabel.scene import Poses as Poses
    from drivelabel.scene import Scene as Scene
    from drivelabel.scene import Sweeps as Sweeps
    from drivelabel.storage import SceneStore as SceneStore
    from drivelabel.storage import open_scene as open_scene

_HOMES = {
    "labels": "Attributes Boxes2D Boxes3D Category Grouped InstanceMap Keypoints LabelMap LaneLines Polygons "
    "Ragged Tags Taxonomy TrafficLights",
    "scene": "Camera Frames ImageSet Layer Lidar Poses Scene Sweeps",
    "storage": "SceneStore open_scene",
    "pipeline": "annotate ingest make_plan",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = ["__version__", *sorted(_HOME_OF)]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'drivelabel' has no attribute {name!r}")
    return getattr(importlib.import_module(f"drivelabel.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
