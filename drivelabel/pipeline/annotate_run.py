"""The main job: a scene in, labels of every task out. Interrupted anywhere, it goes on where it stopped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from drivelabel.errors import InvalidLabelError, StoreError
from drivelabel.labels import TABLES
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media.frames import FrameReader, open_frames
from drivelabel.pipeline._memory import give_back_memory
from drivelabel.pipeline._progress import CameraProgress
from drivelabel.pipeline.plan import Plan, Stage, describe, run_stages
from drivelabel.scene import Scene
from drivelabel.storage import Edit, SceneStore
from drivelabel.tasks.annotator import FrameLabels, Sequencer
from drivelabel.typing import UInt8Array

CHUNK = 32
"""Frames in one commit. It bounds what an interruption loses and what is held in memory."""

BATCH = 4
"""Frames given to a model at once."""


@dataclass(frozen=True, slots=True)
class AnnotateReport:
    """What a run did.

    Attributes:
        layer: that it wrote.
        frames: labelled in this run.
        earlier: frames that an earlier, interrupted run had done.
        skipped: frames that could not be decoded, over all runs.
        rows: kind of label to rows written in this run.
        kept: frames and kinds that a person had corrected, and that were left alone.
        seconds: of this run.
    """

    layer: str
    frames: int
    earlier: int
    skipped: int
    rows: dict[str, int]
    kept: int
    seconds: float


@dataclass(slots=True)
class _Tally:
    frames: int = 0
    earlier: int = 0
    skipped: int = 0
    kept: int = 0
    rows: Counter[str] = field(default_factory=Counter)


def annotate(
    store: SceneStore,
    plan: Plan,
    *,
    into: str = "auto",
    cameras: Sequence[str] | None = None,
    on_invalid: str = "error",
    command: str = "annotate",
    progress: Callable[[int, int], None] | None = None,
) -> AnnotateReport:
    """Label every frame of a scene, camera by camera, and commit every few frames.

    A run that was interrupted, also by ``kill -9``, goes on when it is started again with the same plan, and
    ends with the same labels as one that was not. What a person corrected is left alone.

    Args:
        store: the scene.
        plan: which models and trackers; see :func:`drivelabel.pipeline.make_plan`.
        into: the layer to write; made when it is not there.
        cameras: which; all when None.
        on_invalid: ``error`` stops at a frame that cannot be decoded, ``skip`` leaves it out and counts it.
        command: what the history says was run.
        progress: called with frames done and frames in all.

    Raises:
        InvalidLabelError: the layer was made by another plan, or by people.
        StoreError: a frame cannot be decoded, or the scene cannot be written.
    """
    if on_invalid not in ("error", "skip"):
        raise InvalidLabelError(f"on_invalid: expected error or skip, got {on_invalid!r}.")
    started = time.perf_counter()
    scene = store.scene()
    channels = [scene.camera(channel).channel for channel in cameras or [c.channel for c in scene.cameras]]
    _prepare_layer(store, scene, plan, into)
    total = sum(len(scene.frames_of(channel)) for channel in channels)
    tally = _Tally()
    with open_frames(scene) as reader:
        for channel in channels:
            run = _CameraRun(store, scene, reader, plan, into, channel, on_invalid, command)
            for done in run.chunks(tally):
                if progress is not None:
                    progress(tally.frames + tally.earlier, total)
                del done
    return AnnotateReport(
        into,
        tally.frames,
        tally.earlier,
        tally.skipped,
        dict(tally.rows),
        tally.kept,
        time.perf_counter() - started,
    )


def _prepare_layer(store: SceneStore, scene: Scene, plan: Plan, into: str) -> None:
    """Make the layer, or check that it is this plan's."""
    facts = dict(describe(plan))
    if into not in scene.layers:
        with store.edit(f"Start layer {into}", by="model", author="drivelabel", command="annotate") as edit:
            edit.create_layer(into, DRIVING, author="drivelabel", model=facts)
        return
    made_by = scene.layer(into).model
    if made_by.get("plan") != facts["plan"]:
        stages = made_by.get("stages")
        what = f"another plan ({stages})" if stages else f"{scene.layer(into).author or 'somebody'}"
        raise InvalidLabelError(
            f"{scene.name}: layer {into!r} was made by {what}. Choose another name with --into."
        )


@dataclass(slots=True)
class _CameraRun:
    """One camera's way through a plan."""

    store: SceneStore
    scene: Scene
    reader: FrameReader
    plan: Plan
    into: str
    channel: str
    on_invalid: str
    command: str

    def chunks(self, tally: _Tally) -> Iterator[int]:
        """Label and commit chunk after chunk; yields the frames done after each."""
        frames = self.scene.frames_of(self.channel)
        stages = self.plan.stages(self.scene.camera(self.channel), self.scene.sensor_row(self.channel))
        sequencers = [stage for stage in stages if isinstance(stage, Sequencer)]
        progress = self._progress()
        for sequencer in sequencers if progress.states else ():
            sequencer.restore(progress.states[sequencer.name])
        tally.earlier += progress.next_frame
        tally.skipped += progress.skipped
        yield progress.next_frame
        for start in range(progress.next_frame, len(frames), CHUNK):
            chunk = frames[start : start + CHUNK]
            labels = self._label(chunk, stages)
            skipped = progress.skipped + len(chunk) - len(labels)
            tally.skipped += len(chunk) - len(labels)
            states = {sequencer.name: sequencer.state() for sequencer in sequencers}
            progress = CameraProgress(progress.plan, start + len(chunk), skipped, states)
            self._commit(chunk, labels, progress, tally)
            del labels
            give_back_memory()
            tally.frames += len(chunk)
            yield progress.next_frame

    def _progress(self) -> CameraProgress:
        data = self.store.note(self.into, f"annotate-{self.channel}")
        return CameraProgress(self.plan.fingerprint(), 0) if data is None else CameraProgress.from_bytes(data)

    def _label(self, chunk: range, stages: Sequence[Stage]) -> dict[int, FrameLabels]:
        labels: dict[int, FrameLabels] = {}
        frames: list[int] = []
        images: list[UInt8Array] = []
        for frame, image_rgb in self._images(chunk):
            frames.append(frame)
            images.append(image_rgb)
            if len(images) == BATCH:
                labels |= self._run_batch(frames, images, stages)
                frames, images = [], []
        if images:
            labels |= self._run_batch(frames, images, stages)
        return labels

    def _run_batch(
        self, frames: list[int], images: list[UInt8Array], stages: Sequence[Stage]
    ) -> dict[int, FrameLabels]:
        times = [int(self.scene.frames.timestamp_ns[frame]) for frame in frames]
        made = run_stages(stages, images, times, [FrameLabels()] * len(frames))
        return dict(zip(frames, made, strict=True))

    def _images(self, chunk: range) -> Iterator[tuple[int, UInt8Array]]:
        if self.on_invalid == "error":
            yield from zip(chunk, self.reader.iterate(chunk, prefetch=BATCH), strict=True)
            return
        for frame in chunk:
            try:
                image_rgb = self.reader.read(frame)
            except StoreError:
                continue  # counted by the caller, who knows how many frames the chunk has
            yield frame, image_rgb

    def _commit(
        self, chunk: range, labels: dict[int, FrameLabels], progress: CameraProgress, tally: _Tally
    ) -> None:
        first = chunk.start - self.scene.frames_of(self.channel).start
        with self.store.edit(
            f"Annotate {self.channel}, frames {first} to {first + len(chunk) - 1}",
            by="model",
            author="drivelabel",
            command=self.command,
            parameters={"layer": self.into, "plan": progress.plan, "tasks": list(self.plan.tasks)},
        ) as edit:
            for frame, made in labels.items():
                _put(edit, self.into, frame, made, tally)
            edit.set_note(self.into, f"annotate-{self.channel}", progress.to_bytes())
        if edit.result is not None:
            tally.kept += len(edit.result.kept)


def _put(edit: Edit, layer: str, frame: int, labels: FrameLabels, tally: _Tally) -> None:
    """Ask an edit for one frame's labels."""
    for kind in labels.kinds:
        rows = getattr(labels, kind)
        if kind in TABLES:
            edit.set(layer, frame, rows)
            tally.rows[kind] += len(rows)
        else:
            edit.set_label_map(layer, frame, rows)
            tally.rows[kind] += 1
