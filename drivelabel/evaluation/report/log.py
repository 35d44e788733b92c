"""The report of one drive log, before anybody draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.evaluation.report.areas import AreaFrames, area_frames
from drivelabel.evaluation.report.bands import frame_tags, with_slices
from drivelabel.evaluation.report.columns import Matched
from drivelabel.evaluation.report.cuboid_precision import CuboidColumns, cuboid_columns
from drivelabel.evaluation.report.findings import Finding, chosen, find, order
from drivelabel.evaluation.report.lanes import LaneReport, evaluate_lanes
from drivelabel.evaluation.report.lights import LightReport, evaluate_states
from drivelabel.evaluation.report.objects import ObjectReport, can_project, evaluate_objects
from drivelabel.evaluation.report.settings import Settings
from drivelabel.scene import Layer, Scene
from drivelabel.typing import FloatArray, IntArray

OBJECT_KINDS = ("boxes2d", "boxes3d", "traffic_lights")
LANES, AREAS, LIGHTS = "lane_lines", "label_map", "traffic_lights"


@dataclass(frozen=True, slots=True, eq=False)
class LogReport:
    """One prediction judged on one log.

    Attributes:
        name: of the log.
        truth, pred: the layers' names.
        models: what made the prediction, as its layer says.
        start_ns, stop_ns: of the recording.
        facts: counts of frames, samples, cameras; metres driven.
        path_xy: (k, 2) metres, world coords, where the ego vehicle drove.
        path_ns: (k,) when it was there.
        objects: kind of label to its report.
        cuboids: for nuScenes' numbers; why there are none; None if cuboids are not judged.
        lights, lanes, areas: None if not judged.
        findings: of all kinds, worst first.
        not_judged: kind of label to why it was not judged.
        channels: the scene's sensors, in order; what `camera` of an object counts.
    """

    name: str
    truth: str
    pred: str
    models: Mapping[str, Any]
    start_ns: int
    stop_ns: int
    facts: Mapping[str, Any]
    path_xy: FloatArray
    path_ns: IntArray
    objects: Mapping[str, ObjectReport]
    cuboids: CuboidColumns | str | None
    lights: LightReport | None
    lanes: LaneReport | None
    areas: AreaFrames | None
    findings: list[Finding]
    not_judged: Mapping[str, str]
    channels: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return (self.stop_ns - self.start_ns) / 1e9

    def matched(self) -> dict[str, Matched]:
        """Kind of label to its matches: objects, what lights show, and lane lines."""
        found = {kind: report.matched for kind, report in self.objects.items()}
        if self.lights is not None:
            found["light_states"] = self.lights.states
        if self.lanes is not None:
            found[LANES] = self.lanes.matched
        return found


def evaluate_scene(
    scene: Scene,
    truth: str,
    pred: str,
    settings: Settings | None = None,
    *,
    like: LogReport | None = None,
) -> LogReport:
    """Judge a layer of a scene by another.

    Only frames (samples) that the truth has labelled count; a frame at which nothing was predicted counts as
    empty, and is counted as such. Both layers are compared in the classes of DRIVING. Where both sides have
    traffic lights, these are judged once: boxes of the class traffic_light are left out of the other boxes.

    Args:
        scene: the log.
        truth: name of the layer to judge by.
        pred: name of the layer to judge.
        settings: the rules.
        like: another prediction's report of this log, to be compared with: boxes of traffic lights are left
            out where they were left out there, so that both are judged by the same truth.

    Raises:
        SceneLookupError: there is no such layer.
        InvalidLabelError: the truth has labelled nothing that the prediction has too, or a table is broken.
    """
    settings = settings or Settings()
    theirs, ours, not_judged, judged = _sides(scene, truth, pred)
    others = LIGHTS not in (judged if like is None else like.objects)
    objects = {
        kind: evaluate_objects(scene, theirs, ours, kind, settings, lights=others or kind == LIGHTS)
        for kind in OBJECT_KINDS
        if kind in judged
    }
    lights = None
    if LIGHTS in judged:
        lights = evaluate_states(scene, theirs, ours, objects[LIGHTS].matched, settings)
    lanes = _lanes(scene, theirs, ours, settings) if LANES in judged else None
    areas = _areas(scene, theirs, ours, settings) if AREAS in judged else None
    return LogReport(
        name=scene.name,
        truth=truth,
        pred=pred,
        models=dict(ours.model),
        start_ns=int(_times(scene).min()) if len(_times(scene)) else 0,
        stop_ns=int(_times(scene).max(initial=0)),
        facts=_facts(scene),
        path_xy=np.zeros((0, 2)) if scene.poses is None else scene.poses.translation[:, :2],
        path_ns=np.zeros(0, np.int64) if scene.poses is None else scene.poses.timestamp_ns,
        objects=objects,
        cuboids=cuboid_columns(scene, truth, pred, settings) if "boxes3d" in judged else None,
        lights=lights,
        lanes=lanes,
        areas=areas,
        findings=_findings(objects, lights, lanes, areas),
        not_judged=not_judged,
        channels=tuple(sensor.channel for sensor in scene.sensors),
    )


def _sides(scene: Scene, truth: str, pred: str) -> tuple[Layer, Layer, dict[str, str], set[str]]:
    """Both layers, why some kinds cannot be judged, and the kinds that can."""
    if truth == pred:
        raise InvalidLabelError(
            f"{scene.name}: expected two layers, got {truth!r} as truth and as prediction."
        )
    theirs, ours = scene.layer(truth), scene.layer(pred)
    reasons = _reasons(scene, theirs, ours)
    not_judged = {kind: why for kind, why in reasons.items() if why}
    if all(reasons.values()):
        told = " ".join(f"{kind}: {why}" for kind, why in not_judged.items())
        raise InvalidLabelError(f"{scene.name}: layer {truth!r} can judge nothing of layer {pred!r}. {told}")
    return theirs, ours, not_judged, set(reasons) - set(not_judged)


def _findings(
    objects: Mapping[str, ObjectReport],
    lights: LightReport | None,
    lanes: LaneReport | None,
    areas: AreaFrames | None,
) -> list[Finding]:
    found = [finding for report in objects.values() for finding in report.findings]
    found += find(lights.states) if lights is not None else []
    found += find(lanes.matched, outline=lanes.outline) if lanes is not None else []
    found += areas.findings if areas is not None else []
    return chosen(sorted(found, key=order))


def _reasons(scene: Scene, truth: Layer, pred: Layer) -> dict[str, str]:
    """Kind of label that either layer has, to why it cannot be judged; "" if it can."""
    kinds = [
        *OBJECT_KINDS,
        "lane_lines",
        *sorted({*truth.tables, *pred.tables} - {"lane_lines", *OBJECT_KINDS}),
    ]
    found: dict[str, str] = {}
    for kind in kinds:
        if kind == "tags" or not (kind in truth.tables or kind in pred.tables):
            continue
        found[kind] = _reason(scene, truth, pred, kind)
    if truth.label_maps is not None or pred.label_maps is not None:
        found[AREAS] = _area_reason(truth, pred)
    return found


def _reason(scene: Scene, truth: Layer, pred: Layer, kind: str) -> str:
    if can_project(scene, truth, pred, kind):
        return ""
    if kind not in truth.tables:
        return f"the truth has none; {len(pred.tables[kind].rows):,} labels were not judged."
    if not truth.tables[kind].labelled.any():
        return "the truth has not labelled a single frame."
    if kind not in pred.tables:
        return f"the prediction has none; {len(truth.tables[kind].rows):,} of the truth were not compared."
    if kind not in (*OBJECT_KINDS, "lane_lines"):
        return "the report has no numbers for this kind of label."
    return ""


def _area_reason(truth: Layer, pred: Layer) -> str:
    n = 0 if pred.label_maps is None else int(pred.label_maps.labelled().sum())
    if truth.label_maps is None or not truth.label_maps.labelled().any():
        return f"the truth has none; {n:,} maps were not judged."
    if pred.label_maps is None:
        return f"the prediction has none; {int(truth.label_maps.labelled().sum()):,} maps were not compared."
    return ""


def _lanes(scene: Scene, truth: Layer, pred: Layer, settings: Settings) -> LaneReport:
    report = evaluate_lanes(scene, truth, pred, settings)
    sliced = with_slices(report.matched, scene, [truth, pred, *scene.layers.values()], settings)
    return replace(report, matched=sliced)


def _areas(scene: Scene, truth: Layer, pred: Layer, settings: Settings) -> AreaFrames:
    channels = np.array([sensor.channel for sensor in scene.sensors], object)
    bands = {"camera": channels[scene.frames.sensor], **frame_tags(scene, [truth, pred], "boxes2d")}
    return area_frames(scene, truth, pred, bands, settings)


def _times(scene: Scene) -> IntArray:
    return np.concatenate([scene.frames.timestamp_ns, scene.sweeps.timestamp_ns, scene.samples_ns])


def _facts(scene: Scene) -> dict[str, Any]:
    metres = None
    if scene.poses is not None:
        metres = float(np.linalg.norm(np.diff(scene.poses.translation, axis=0), axis=1).sum())
    return {
        "cameras": len(scene.cameras),
        "frames": len(scene.frames),
        "samples": len(scene.samples_ns),
        "sweeps": len(scene.sweeps),
        "metres_driven": metres,
    }


def matched_of(reports: Sequence[LogReport], kind: str) -> list[Matched]:
    """The matches of one kind in all logs that have them."""
    return [matches[kind] for matches in (report.matched() for report in reports) if kind in matches]


def kinds_of(reports: Sequence[LogReport]) -> list[str]:
    """The kinds that any of the logs has."""
    return list(dict.fromkeys(kind for report in reports for kind in report.matched()))
