"""Which models and trackers make which labels, and in what order they run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from drivelabel.errors import InvalidLabelError
from drivelabel.scene import Camera
from drivelabel.tasks.annotator import Annotator, Sequencer

Stage: TypeAlias = Annotator | Sequencer
SequencerFactory: TypeAlias = Callable[[Camera, int], Sequencer]
"""A fresh sequencer for one camera, given the camera and its row; ids of two cameras never meet."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does to every frame.

    Attributes:
        tasks: what was asked for, such as ``boxes`` and ``lanes``.
        annotators: work on single frames; shared by all cameras.
        sequencers: make the trackers of one camera.
    """

    tasks: tuple[str, ...]
    annotators: tuple[Annotator, ...]
    sequencers: tuple[SequencerFactory, ...]

    def stages(self, camera: Camera, camera_row: int) -> list[Stage]:
        """Annotators and fresh sequencers for one camera, in the order in which they must run.

        Raises:
            InvalidLabelError: a stage needs labels that no stage makes.
        """
        return in_order([*self.annotators, *(make(camera, camera_row) for make in self.sequencers)])

    def versions(self) -> dict[str, str]:
        """Stage name to its version, which changes whenever its labels could."""
        return {stage.name: stage.version for stage in self.stages(Camera("any", (720, 1280)), 0)}

    def fingerprint(self) -> str:
        """16 hex digits that change whenever the run's labels could."""
        text = json.dumps(self.versions(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def in_order(stages: Sequence[Stage]) -> list[Stage]:
    """Stages such that each comes after those whose labels it reads.

    A stage that changes a kind (it both needs and provides it) comes after those that make the kind from
    nothing, and before those that only read it.

    Raises:
        InvalidLabelError: a stage needs labels that no stage makes, or two wait for each other.
    """
    waiting, ready = list(stages), list[Stage]()
    while waiting:
        free = [stage for stage in waiting if not any(_before(o, stage) for o in waiting if o is not stage)]
        if not free:
            names = ", ".join(stage.name for stage in waiting)
            raise InvalidLabelError(f"annotate: {names} wait for each other's labels.")
        ready.append(free[0])
        waiting.remove(free[0])
    made: set[str] = set()
    for stage in ready:
        missing = [kind for kind in stage.needs if kind not in made]
        if missing:
            raise InvalidLabelError(
                f"annotate: {stage.name} needs {', '.join(missing)}, which no chosen task makes."
            )
        made.update(stage.provides)
    return ready


def _before(first: Stage, second: Stage) -> bool:
    """Whether `second` must wait for `first`."""
    for kind in second.needs:
        if kind in first.provides:
            changes_too = kind in first.needs and kind in second.provides
            if not changes_too:
                return True
    return False


def run_stages(
    stages: Sequence[Stage], images_rgb: Sequence[Any], timestamps_ns: Sequence[int], start: Sequence[Any]
) -> list[Any]:
    """The labels of a batch of frames of one camera after all stages."""
    labels = list(start)
    for stage in stages:
        if isinstance(stage, Annotator):
            made = stage.annotate(images_rgb, labels)
        else:
            made = [stage.step(t, own) for t, own in zip(timestamps_ns, labels, strict=True)]
        labels = [own.merge(new) for own, new in zip(labels, made, strict=True)]
    return labels


def describe(plan: Plan) -> Mapping[str, Any]:
    """What a layer's ``model`` says of the run that made it."""
    return {"tasks": list(plan.tasks), "stages": plan.versions(), "plan": plan.fingerprint()}
