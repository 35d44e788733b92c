"""What every task looks like to the pipeline: frames in, labels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol, TypeAlias, runtime_checkable

from drivelabel.labels import Boxes2D, LabelMap, LaneLines, TrafficLights
from drivelabel.typing import AnyArray, UInt8Array

State: TypeAlias = Mapping[str, AnyArray | int | float | str]
"""What a sequencer must remember to go on: flat, and each value fits in an array or a scalar."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameLabels:
    """The labels of ONE frame; a kind that no task has made yet is None, one that found nothing is empty.

    Attributes:
        boxes2d: objects, or None.
        lane_lines: lane lines, or None.
        traffic_lights: traffic lights, or None.
        label_map: (h, w) areas at the image's own size, or None.
    """

    boxes2d: Boxes2D | None = None
    lane_lines: LaneLines | None = None
    traffic_lights: TrafficLights | None = None
    label_map: LabelMap | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds that are there, in the order of the attributes."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) is not None)

    def merge(self, other: FrameLabels) -> FrameLabels:
        """These labels, with the kinds that `other` has taken from `other`."""
        return replace(self, **{kind: getattr(other, kind) for kind in other.kinds})


LABEL_KINDS = tuple(f.name for f in fields(FrameLabels))
"""What an annotator can need or provide."""


@runtime_checkable
class Annotator(Protocol):
    """Labels frames one by one; knows nothing of the frames before or after.

    Attributes:
        name: short, as the command line spells it.
        version: changes whenever the same image could get other labels: the weights' hash and every
            setting. A resumed run compares it.
        provides: label kinds it makes, of LABEL_KINDS.
        needs: label kinds of the same frame that it reads, of LABEL_KINDS.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> str: ...  # noqa: D102

    @property
    def provides(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def needs(self) -> tuple[str, ...]: ...  # noqa: D102

    def annotate(self, images_rgb: Sequence[UInt8Array], labels: Sequence[FrameLabels]) -> list[FrameLabels]:
        """Label a batch of frames.

        Args:
            images_rgb: (h, w, 3) uint8 RGB each; sizes may differ.
            labels: what is known of each frame already; as many as images.

        Returns:
            One item a frame, with the kinds of `provides` only.
        """
        ...


@runtime_checkable
class Sequencer(Protocol):
    """Works through the frames of one camera in order of time, and remembers; a tracker, for example.

    Attributes:
        name: short, as the command line spells it.
        version: as in :class:`Annotator`.
        provides: label kinds it makes or changes, of LABEL_KINDS.
        needs: label kinds of the same frame that it reads, of LABEL_KINDS.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> str: ...  # noqa: D102

    @property
    def provides(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def needs(self) -> tuple[str, ...]: ...  # noqa: D102

    def step(self, timestamp_ns: int, labels: FrameLabels) -> FrameLabels:
        """Take the next frame; its labels come back with the kinds of `provides` added or changed."""
        ...

    def state(self) -> State:
        """All that the next step depends on, so that an interrupted run can go on exactly."""
        ...

    def restore(self, state: State) -> None:
        """Go back to a state that :meth:`state` gave, in this process or in another one."""
        ...
