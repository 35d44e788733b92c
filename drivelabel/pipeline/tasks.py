"""From the names of tasks to the plan that does them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivelabel._check import did_you_mean
from drivelabel.errors import InvalidLabelError
from drivelabel.pipeline.plan import Plan, SequencerFactory
from drivelabel.pipeline.weak import DropWeakBoxes
from drivelabel.scene import Camera
from drivelabel.tasks.annotator import Annotator, Sequencer

TASKS = {
    "boxes": "objects as boxes",
    "tracks": "one id per object through time",
    "road": "road and lane-marking areas",
    "lanes": "lane lines, with one id per line through time",
    "lights": "traffic lights: bulbs and state",
}
"""What the main job can do, in the order in which it is told."""

DEFAULT_TASKS = tuple(TASKS)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which models do the work, and where.

    Attributes:
        detector: a known name, an ``.onnx`` file, or a ``.pt`` file for ultralytics.
        segmenter: a known name or an ``.onnx`` file.
        device: ``cpu`` or ``cuda``.
        threads: of each network; 0 for as many as there are cores.
        trust: load a ``.pt`` file, which can run code of whoever wrote it.
    """

    detector: str | Path = "yolox_nano"
    segmenter: str | Path = "twinlitenet"
    device: str = "cpu"
    threads: int = 0
    trust: bool = False


def make_plan(tasks: Sequence[str] = DEFAULT_TASKS, models: ModelChoice | None = None) -> Plan:
    """The plan for some tasks. A task that builds on another brings it: tracks and lights need boxes.

    Args:
        tasks: names of TASKS.
        models: which models; the small public ones by default.

    Raises:
        InvalidLabelError: a task has no such name.
        StoreError: a weight file is missing or altered.
        MissingExtraError: a library is not installed.
    """
    wanted = set(tasks)
    for task in tasks:
        if task not in TASKS:
            raise InvalidLabelError(f"annotate: no task {task!r}.{did_you_mean(task, TASKS)}")
    if not wanted:
        raise InvalidLabelError(f"annotate: expected at least one task of {', '.join(TASKS)}.")
    if wanted & {"tracks", "lights"}:
        wanted.add("boxes")
    choice = models or ModelChoice()
    annotators = [
        _detector(choice, far="lights" in wanted) if task == "boxes" else _ANNOTATORS[task](choice)
        for task in TASKS
        if task in wanted and (task == "boxes" or task in _ANNOTATORS)
    ]
    # Trackers before the filter of weak boxes: they make use of them.
    order = [task for task in reversed(TASKS) if task in wanted]
    sequencers = [make for task in order for make in _SEQUENCERS.get(task, ())]
    return Plan(tuple(task for task in TASKS if task in wanted), tuple(annotators), tuple(sequencers))


def _detector(choice: ModelChoice, far: bool) -> Annotator:
    """The detector; `far` adds a second, closer look ahead, without which it finds no traffic lights."""
    if str(choice.detector).endswith(".pt"):
        from drivelabel.tasks.detect.ultralytics import UltralyticsDetector

        return UltralyticsDetector(choice.detector, device=choice.device, trust=choice.trust)
    from drivelabel.tasks.detect import WHOLE, WHOLE_AND_AHEAD
    from drivelabel.tasks.detect.onnx_yolo import OnnxDetector

    looks = WHOLE_AND_AHEAD if far else WHOLE
    return OnnxDetector(choice.detector, looks=looks, device=choice.device, threads=choice.threads)


def _segmenter(choice: ModelChoice) -> Annotator:
    from drivelabel.tasks.segment.twinlitenet import TwinLiteNet

    return TwinLiteNet(choice.segmenter, device=choice.device, threads=choice.threads)


def _hough(choice: ModelChoice) -> Annotator:
    from drivelabel.tasks.lanes import HoughLanes

    return HoughLanes()


def _lights(choice: ModelChoice) -> Annotator:
    from drivelabel.tasks.lights import ColourLights

    return ColourLights()


_ANNOTATORS: dict[str, Callable[[ModelChoice], Annotator]] = {
    "road": _segmenter,
    "lanes": _hough,
    "lights": _lights,
}


def _tracker(camera: Camera, camera_row: int) -> Sequencer:
    from drivelabel.tasks.track import IDS_PER_CAMERA, BoxTracker

    return BoxTracker(camera_row * IDS_PER_CAMERA)


def _drop_weak(camera: Camera, camera_row: int) -> Sequencer:
    return DropWeakBoxes()


def _lane_tracker(camera: Camera, camera_row: int) -> Sequencer:
    from drivelabel.tasks.lanes import LaneTracker

    return LaneTracker(camera.image_hw, camera_row)


_SEQUENCERS: dict[str, tuple[SequencerFactory, ...]] = {
    "boxes": (_drop_weak,),
    "tracks": (_tracker,),
    "lanes": (_lane_tracker,),
}
