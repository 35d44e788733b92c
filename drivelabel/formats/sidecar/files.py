"""Sidecars beside exports: all that a format cannot hold, and how to tell what was edited elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drivelabel.errors import FormatError
from drivelabel.formats.aside import new_file
from drivelabel.formats.imported import Imported
from drivelabel.formats.loading import Fields
from drivelabel.formats.pictures import Data, Pictures, pictures_of
from drivelabel.formats.sidecar.archive import read_archive, write_archive
from drivelabel.formats.sidecar.contents import pack, unpack
from drivelabel.formats.sidecar.digests import KINDS, picture_digest, table_digest
from drivelabel.formats.sidecar.matching import match_pictures
from drivelabel.formats.sidecar.restoring import Known, Restoring
from drivelabel.scene import Scene

VERSION = 1
FOLDER_NAME = "drivelabel.sidecar"
FILE_SUFFIX = ".drivelabel"


def sidecar_path(out: Path) -> Path:
    """Where an export's sidecar is: in the folder, or beside the file."""
    return out / FOLDER_NAME if out.is_dir() else out.with_name(out.name + FILE_SUFFIX)


def write_sidecar(out: Path, format_name: str, data: Data, layer: str, decoded: Imported) -> Path:
    """Keep all of a scene's or image set's layer beside an export.

    Args:
        out: the export, written already.
        format_name: of the export.
        data: what was written.
        layer: whose labels.
        decoded: what the format's reader gives back for `out`, its labels in a layer of the same name.

    Returns:
        The sidecar's file.

    Raises:
        FormatError: a fact of the scene cannot be kept, or what was read back has other pictures.
        StoreError: the file cannot be written.
    """
    ours, theirs = pictures_of(data, layer), pictures_of(decoded.data, layer)
    facts, arrays = pack(data, layer)
    known = [
        [
            one.group,
            other.name,
            {kind: digest for kind in KINDS if (digest := picture_digest(theirs, other, kind))},
            other.split,
        ]
        for one, other in match_pictures(ours, theirs, out)
    ]
    meta = {
        "drivelabel": VERSION,
        "format": format_name,
        "pictures": known,
        "names": [picture.name for picture in theirs.items],
        "samples": _samples(data, theirs),
        **facts,
    }
    path = sidecar_path(out)
    with new_file(path, overwrite=True) as place:
        write_archive(place, meta, arrays)
    return path


def _samples(data: Data, theirs: Pictures) -> list[str]:
    """Digests of the cuboids that were read back, by sample; empty when the samples are others."""
    grouped = theirs.layers[0].tables.get("boxes3d")
    if grouped is None or not isinstance(data, Scene) or len(grouped) != len(data.samples_ns):
        return []
    return [table_digest(rows, theirs.taxonomy) for rows in grouped]


def restore(decoded: Imported, path: Path, format_name: str, layer: str) -> Imported:
    """What was exported, exactly where nobody changed it since; see :class:`Restoring`.

    Args:
        decoded: what the format's reader gives now, its labels in `layer`.
        path: the sidecar's file.
        format_name: of the reader.
        layer: name of the layer.

    Raises:
        StoreError: the sidecar cannot be read.
        FormatError, InvalidLabelError: it is damaged, newer than this drivelabel, or of another format.
    """
    meta, arrays = read_archive(path)
    facts = Fields(meta, str(path))
    version = facts.integer("drivelabel")
    if version != VERSION:
        raise FormatError(
            f"{path}: expected version {VERSION} of sidecars, got {version}. Update drivelabel, "
            "or import without the sidecar."
        )
    if facts.text("format") != format_name:
        raise FormatError(f"{path}: belongs to an export as {facts.text('format')}, not {format_name}.")
    ours = unpack(facts, arrays)
    (own,) = ours.layers.values()
    ours = replace(ours, layers={layer: replace(own, name=layer)})
    known = tuple(_known(value, facts.where, ours) for value in facts.items("pictures"))
    if len({one.group for one in known}) < len(known) or len({one.name for one in known}) < len(known):
        raise FormatError(f"{path}: a picture occurs twice.")
    restoring = Restoring(
        ours,
        pictures_of(decoded.data, layer),
        layer,
        known,
        frozenset(map(str, facts.items("names"))),
        tuple(map(str, facts.items("samples"))),
    )
    data, unchanged = restoring.run()
    report = restoring.tally.report(format_name, decoded.report.out)
    if not unchanged:
        report = decoded.report.joined(report)
    return Imported(data, report)


def _known(value: object, where: str, ours: Data) -> Known:
    n_groups = len(ours.frames) if isinstance(ours, Scene) else len(ours)
    if isinstance(value, list) and len(value) == 4:
        group, name, digests, split = value
        good = isinstance(group, int) and isinstance(name, str) and isinstance(split, str)
        if good and 0 <= group < n_groups and isinstance(digests, dict):
            return Known(group, name, digests, split)
    raise FormatError(f"{where}, pictures: expected [group, name, digests, split], got {str(value)[:80]}.")
