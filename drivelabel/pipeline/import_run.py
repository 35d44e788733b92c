"""Other people's labels in, scenes with their stores out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError, StoreError
from drivelabel.formats import ConversionReport, Data, Imported, detect_format, find_format, find_reader
from drivelabel.formats.loading import safe_name
from drivelabel.formats.options import option_types, parse_options, takes_any
from drivelabel.formats.sidecar import restore, sidecar_path
from drivelabel.media import hashed_source
from drivelabel.pipeline.placing import IMAGE_ROOT, copy_sources, relative_to_place
from drivelabel.scene import ImageSet, Scene
from drivelabel.storage import SceneStore

AUTO = "auto"
"""The format's name when it is to be found by looking."""


@dataclass(frozen=True, slots=True)
class ImportedScene:
    """A scene that was made, and what of the source it holds.

    Attributes:
        location: the scene's folder or URL.
        store: the scene.
        report: what was kept, approximated and dropped.
    """

    location: str
    store: SceneStore
    report: ConversionReport


def import_labels(
    format_name: str,
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    layer: str = "truth",
    scene: str | None = None,
    on_invalid: str = "error",
    strict: bool = False,
    copy: bool = False,
    sidecar: bool = True,
    options: Mapping[str, str] | Sequence[str] = (),
    command: str = "import",
) -> list[ImportedScene]:
    """Read labels of another format and make scenes of them; images without a drive become one scene.

    Args:
        format_name: one of :func:`drivelabel.formats.format_names`, or ``auto`` to find it by looking.
        path: the label file or the data set's folder.
        out: where the scene is to lie; of data with several drives the folder of ``NAME.scene`` each.
        layer: name of the layer with the labels.
        scene: which drive, when there are several; all when None.
        on_invalid: ``error`` refuses damaged entries, ``skip`` leaves them out and counts them.
        strict: make nothing when something would be approximated or dropped.
        copy: put the images into the scene's folder; otherwise they are referenced where they are.
        sidecar: use what an export of drivelabel left beside its labels (``drivelabel.sidecar``): what nobody
            edited since comes back exactly.
        options: more for the format's reader, name to text, or ``NAME=TEXT`` each.
        command: what the history says was run.

    Raises:
        StoreError: the source is missing or unreadable, or a scene cannot be written.
        FormatError: the source breaks a rule of its format, has no such drive, `strict` was asked and not
            met, or the reader has no such option.
    """
    path = Path(path)
    name = resolve_format(format_name, path)
    names = drives_of(name, path)
    if scene is not None and names and scene not in names:
        raise FormatError(f"{path}: no drive {scene!r}.{did_you_mean(scene, names)}")
    if scene is not None and not names:
        raise FormatError(f"{path}: {name} data are not split into drives. Leave out the drive's name.")
    chosen: list[str | None] = [scene] if scene is not None else [*names] or [None]
    many = len(chosen) > 1
    found = []
    for drive in chosen:
        read = read_labels(
            name, path, layer=layer, scene=drive, on_invalid=on_invalid, options=options, sidecar=sidecar
        )
        if strict:
            read.report.check_lossless()
        place = f"{os.fspath(out)}/{safe_name(drive or '')}.scene" if many else os.fspath(out)
        store = store_labels(read, place, copy=copy, command=command, source=path, format_name=name)
        found.append(ImportedScene(place, store, read.report))
    return found


def resolve_format(format_name: str, path: Path) -> str:
    """The format's name, found by looking where it is ``auto``.

    Raises:
        StoreError: there is nothing at `path`.
        FormatError: it looks like none or several formats.
    """
    if not os.path.lexists(path):
        raise StoreError(f"{path}: no such file or folder.")
    return detect_format(path) if format_name == AUTO else format_name


def drives_of(format_name: str, path: Path) -> list[str]:
    """Names of the drives in a path; empty when the format does not keep several in one."""
    scenes = find_format(format_name).scenes
    return scenes(path) if scenes is not None else []


def read_labels(
    format_name: str,
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    on_invalid: str = "error",
    options: Mapping[str, str] | Sequence[str] = (),
    sidecar: bool = True,
) -> Imported:
    """One drive or image set of another format; see :func:`import_labels`."""
    read = find_reader(format_name)
    given: dict[str, Any] = parse_options(format_name, read, options)
    known = option_types(read)
    if scene is not None and ("scene" in known or takes_any(read)):
        given.setdefault("scene", scene)
    if "on_invalid" in known:
        given.setdefault("on_invalid", on_invalid)
    elif on_invalid != "error":
        raise FormatError(f"{format_name} reads all or nothing: it has no on_invalid={on_invalid!r}.")
    found = read(path, layer=layer, **given)
    beside = sidecar_path(path)
    return restore(found, beside, format_name, layer) if sidecar and beside.is_file() else found


def store_labels(
    read: Imported, location: str, *, copy: bool, command: str, source: Path, format_name: str
) -> SceneStore:
    """A new scene of what was read. Files that are there get their size and hash."""
    if copy and "://" in location:
        raise StoreError(f"{location}: files are copied into local scenes only. Leave out --copy.")
    scene = with_hashed_sources(read.data)
    parameters = {
        "format": format_name,
        "source": str(source),
        "copy": copy,
        "approximated": [str(entry) for entry in read.report.approximated],
        "dropped": [str(entry) for entry in read.report.dropped],
    }
    return SceneStore.create(
        location,
        relative_to_place(scene, Path(location), copy),
        command=command,
        parameters=parameters,
        message=f"Import {scene.name} from {format_name}",
        prepare=partial(copy_sources, scene) if copy else None,
    )


def with_hashed_sources(data: Data) -> Scene:
    """What was read as a scene; sources have absolute paths, and hashes where the files are there."""
    scene = data.as_scene() if isinstance(data, ImageSet) else data
    root = Path(scene.root)
    sources = tuple(hashed_source(root, source) for source in scene.sources)
    info = dict(scene.info)
    if isinstance(data, ImageSet) and "://" not in data.root:
        info[IMAGE_ROOT] = os.path.normpath(root.absolute())
    return replace(scene, sources=sources, root=".", info=info)
