"""Scenes in, files of another format out."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drivelabel.errors import FormatError, StoreError
from drivelabel.formats import ConversionReport, Data, Tally, find_format, find_writer
from drivelabel.formats.classes import layer_under, taxonomy_of_names
from drivelabel.formats.loading import read_json
from drivelabel.formats.options import option_types, parse_options, takes_any
from drivelabel.formats.sidecar import sidecar_path, write_sidecar
from drivelabel.labels import Taxonomy, get_taxonomy
from drivelabel.pipeline.import_run import drives_of, read_labels
from drivelabel.pipeline.placing import with_own_names
from drivelabel.pipeline.splits import parse_split, with_splits
from drivelabel.scene import image_set_of, is_image_set
from drivelabel.storage import open_scene


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What a person may say about an export.

    Attributes:
        layer: whose labels.
        images: ``reference``, ``copy``, ``link`` or ``none``; None for what the format does by itself.
        taxonomy: name of a built-in taxonomy whose classes are written; the layer's own when None.
        classes: class name to class name of `taxonomy`; without `taxonomy` just these are written. None
            drops a class.
        split: such as ``val=0.2``: in which part each drive or image is.
        strict: write nothing when something would be approximated or dropped.
        overwrite: replace what is there.
        sidecar: keep beside the export what the format cannot hold, so that importing it again gives
            everything back exactly, but for what was edited in between.
        options: more for the format's writer, name to text, or ``NAME=TEXT`` each.
    """

    layer: str = "auto"
    images: str | None = None
    taxonomy: str | None = None
    classes: Mapping[str, str | None] | None = None
    split: str | None = None
    strict: bool = False
    overwrite: bool = False
    sidecar: bool = False
    options: Mapping[str, str] | Sequence[str] = ()


def export_labels(
    format_name: str,
    locations: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    settings: ExportSettings | None = None,
) -> ConversionReport:
    """Write a layer of stored scenes in another format.

    Args:
        format_name: one of :func:`drivelabel.formats.format_names`.
        locations: the scenes; one that was an image set is written as such.
        out: the file or folder to write.
        settings: the layer, classes, images, ...

    Raises:
        SceneLookupError: a scene has no such layer.
        StoreError: a scene cannot be opened, or `out` is there already or cannot be written.
        FormatError: the format cannot hold the data, `strict` was asked and not met, or the writer has no
            such option.
    """
    find_writer(format_name)  # an unknown name is said before scenes are opened
    scenes = [open_scene(location) for location in locations]
    data = [with_own_names(image_set_of(scene), scene) if is_image_set(scene) else scene for scene in scenes]
    return write_labels(format_name, data, Path(out), settings or ExportSettings())


def write_labels(
    format_name: str, data: Sequence[Data], out: Path, settings: ExportSettings
) -> ConversionReport:
    """Write a layer of scenes and image sets; see :func:`export_labels`."""
    write = find_writer(format_name)
    options = _options(format_name, write, settings)
    if settings.sidecar:
        _check_sidecar(format_name, data)
    tally = Tally()
    if settings.split is not None:
        data = with_splits(data, parse_split(settings.split))
    if settings.taxonomy is not None or settings.classes is not None:
        data = [_under(item, settings, tally) for item in data]
    given = data[0] if len(data) == 1 else list(data)
    before = tally.report(format_name, str(out))
    if settings.strict:
        _rehearse(write, given, out, settings.layer, options, before)
    report = write(given, out, settings.layer, overwrite=settings.overwrite, **options)
    sidecar_path(out).unlink(missing_ok=True)  # of an export that was replaced
    if settings.sidecar:
        _add_sidecar(format_name, data[0], out, settings.layer)
    return report.joined(before)


def _check_sidecar(format_name: str, data: Sequence[Data]) -> None:
    if len(data) != 1:
        raise FormatError(f"a sidecar holds one scene, got {len(data)}. Export them one by one.")
    if find_format(format_name).read is None:
        raise FormatError(
            f"{format_name} cannot be read back, so a sidecar would be of no use. Leave it out."
        )


def _add_sidecar(format_name: str, data: Data, out: Path, layer: str) -> None:
    """Read the export back and keep beside it what that does not give. Nothing stays when that fails."""
    try:
        names = drives_of(format_name, out)
        drive = names[0] if names else None
        decoded = read_labels(format_name, out, layer=layer, scene=drive, sidecar=False)
        write_sidecar(out, format_name, data, layer, decoded)
    except BaseException:
        if out.is_dir():
            shutil.rmtree(out)
        else:
            out.unlink(missing_ok=True)
        raise


def _options(format_name: str, write: Callable[..., Any], settings: ExportSettings) -> dict[str, Any]:
    options = parse_options(format_name, write, settings.options)
    if settings.images is not None:
        if "images" in option_types(write) or takes_any(write):
            options |= parse_options(format_name, write, {"images": settings.images})
        elif settings.images != "none":
            raise FormatError(f"{format_name} has no option 'images': it does not name or hold image files.")
    return options


def _rehearse(
    write: Callable[..., ConversionReport],
    data: Any,
    out: Path,
    layer: str,
    options: Mapping[str, Any],
    before: ConversionReport,
) -> None:
    """Write beside `out`, to see what would be lost, and remove it. Raises FormatError when anything is."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".rehearsal.", suffix=".part", dir=out.parent)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written: {error}") from error
    with folder as name:
        report = write(data, Path(name) / out.name, layer, **options)
    replace(report.joined(before), out=str(out)).check_lossless()


def _under(item: Data, settings: ExportSettings, tally: Tally) -> Data:
    """The data with its layer under the classes that were asked for."""
    layer = item.layer(settings.layer)
    classes = dict(settings.classes or {})
    names = {name: other for name, other in classes.items() if other is not None}
    if settings.taxonomy is not None:
        taxonomy = get_taxonomy(settings.taxonomy)
    else:
        taxonomy = _named(layer.taxonomy, names)
    dropped = [name for name, other in classes.items() if other is None]
    moved = layer_under(layer, taxonomy, tally, names=names, dropped=dropped)
    return replace(item, layers={**item.layers, layer.name: moved})


def _named(own: Taxonomy, names: Mapping[str, str]) -> Taxonomy:
    """The classes that names are given to, in order; a skeleton stays with its class."""
    skeletons = {
        other: own.categories[own.id_of(name)].skeleton for name, other in names.items() if name in own
    }
    return taxonomy_of_names(f"{own.name} renamed", dict.fromkeys(names.values()), skeletons=skeletons)


def read_classes(path: Path) -> dict[str, str | None]:
    """A JSON file of class name to class name, or to null for a class that is left out.

    Raises:
        StoreError: it is missing or cannot be read.
        FormatError: it is no such file.
    """
    found = read_json(path)
    good = isinstance(found, dict) and all(isinstance(v, str) or v is None for v in found.values())
    if not good:
        raise FormatError(f"{path}: expected an object of class name to class name or null.")
    return dict(found)
