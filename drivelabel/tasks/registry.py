"""Annotators by name: our own, and those that installed packages bring."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeAlias

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, SceneLookupError
from drivelabel.tasks.annotator import Annotator

AnnotatorFactory: TypeAlias = Callable[..., Annotator]
"""Settings in, annotator out; a class, mostly."""

ENTRY_POINTS = "drivelabel.annotators"
"""The group of entry points in which packages name their annotators."""


def _ours(module: str, name: str) -> AnnotatorFactory:
    """A factory whose module is imported when it is called, not before."""

    def make(**settings: Any) -> Annotator:
        made: Annotator = getattr(importlib.import_module(f"drivelabel.tasks.{module}"), name)(**settings)
        return made

    return make


ANNOTATORS: dict[str, AnnotatorFactory] = {
    "onnx_yolo": _ours("detect.onnx_yolo", "OnnxDetector"),
    "ultralytics": _ours("detect.ultralytics", "UltralyticsDetector"),
    "twinlitenet": _ours("segment.twinlitenet", "TwinLiteNet"),
    "hough_lanes": _ours("lanes", "HoughLanes"),
    "colour_lights": _ours("lights", "ColourLights"),
}
"""Name to factory; a name of this table comes before a package's."""


def make_annotator(name: str, **settings: Any) -> Annotator:
    """An annotator by name, of ANNOTATORS or of an installed package.

    Args:
        name: as the command line spells it.
        settings: what its factory takes.

    Raises:
        SceneLookupError: there is none of that name; the known ones are listed.
        FormatError: a package's entry point cannot be loaded or gives something else.
    """
    if name in ANNOTATORS:
        return ANNOTATORS[name](**settings)
    foreign = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in foreign:
        raise SceneLookupError(f"no annotator {name!r}.{did_you_mean(name, [*ANNOTATORS, *foreign])}")
    made = _load(foreign[name])(**settings)
    if not isinstance(made, Annotator):
        raise FormatError(f"annotator {name!r}: {foreign[name].value} gives no Annotator but {type(made)}.")
    return made


def annotator_names() -> tuple[str, ...]:
    """Every name that :func:`make_annotator` knows, sorted."""
    return tuple(sorted({*ANNOTATORS, *(point.name for point in entry_points(group=ENTRY_POINTS))}))


def _load(point: EntryPoint) -> AnnotatorFactory:
    try:
        factory: AnnotatorFactory = point.load()
    except Exception as error:  # a plug-in's import can fail in any way
        raise FormatError(f"annotator {point.name!r}: {point.value} cannot be loaded: {error}") from error
    return factory
