"""Which formats there are: the built-in ones, and those of installed plug-ins."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError
from drivelabel.formats.imported import Imported
from drivelabel.formats.pictures import Data
from drivelabel.formats.pixels import PixelConvention
from drivelabel.formats.report import ConversionReport

ENTRY_POINTS = "drivelabel.formats"
"""The entry-point group in which a plug-in names its :class:`Format`."""


class Writer(Protocol):
    """Writes one layer of scenes or image sets to a path.

    Raises FormatError for what the format cannot represent and must not be dropped, and StoreError when
    `out` cannot be written.
    """

    def __call__(
        self,
        data: Data | Sequence[Data],
        out: Path,
        layer: str,
        *,
        overwrite: bool = False,
        **options: object,
    ) -> ConversionReport:
        """What was kept, approximated and dropped."""
        ...


class Reader(Protocol):
    """Reads a scene or an image set from a path.

    Raises StoreError for what is missing or unreadable, FormatError for what breaks the format's rules.
    """

    def __call__(self, path: Path, *, layer: str = "truth", **options: object) -> Imported:
        """The data, its labels in a layer of the given name, and what was kept, approximated and dropped."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """One foreign format.

    Attributes:
        write: writes a layer, or None when the format is only read. Its options are keyword arguments.
        read: reads from a path, or None when the format is only written.
        matches: whether a path looks like this format; for ``--format auto``.
        scenes: names of the drives in a path, for formats that keep several in one; the reader's option
            ``scene`` picks one.
        pixels: how the format counts pixels, or None when it has none.
        about: what it is, in half a line.
        narrower_than: formats that match too where this one does; this one is meant then.
    """

    write: Callable[..., ConversionReport] | None = None
    read: Callable[..., Imported] | None = None
    matches: Callable[[Path], bool] | None = None
    scenes: Callable[[Path], list[str]] | None = None
    pixels: PixelConvention | None = None
    about: str = ""
    narrower_than: tuple[str, ...] = ()


_HOMES = {
    "argoverse2": "argoverse2",
    "bdd100k": "bdd100k",
    "bosch": "bosch",
    "cityscapes": "cityscapes",
    "coco": "coco",
    "coco-panoptic": "coco_panoptic",
    "csv": "plain_tables.csv_files",
    "culane": "culane",
    "cvat": "cvat",
    "dgp": "dgp",
    "dtld": "dtld",
    "kitti": "kitti",
    "kitti-raw": "kitti_raw",
    "kitti-tracking": "kitti_tracking",
    "labelme": "labelme",
    "labelstudio": "labelstudio",
    "lisa": "lisa",
    "mcap": "mcap",
    "mot": "mot",
    "mots": "mots",
    "nuimages": "nuimages",
    "nuscenes": "nuscenes",
    "nuscenes-results": "nuscenes_results",
    "openlabel": "openlabel",
    "openlane": "openlane",
    "pandaset": "pandaset",
    "parquet": "plain_tables.parquet_files",
    "rerun": "rerun",
    "roboflow": "roboflow",
    "s2tld": "s2tld",
    "tusimple": "tusimple",
    "voc": "voc",
    "yolo": "yolo",
}
"""Format name to the module of this package whose FORMAT it is; loaded when it is asked for."""


def format_names() -> list[str]:
    """The names of all formats, built in or from plug-ins."""
    return sorted({*_HOMES, *_plugins()})


def find_format(name: str) -> Format:
    """A format by name: built in, or from a plug-in's entry point in ``drivelabel.formats``.

    Raises:
        FormatError: there is none of that name, or the plug-in gives something else than a Format.
    """
    if name in _HOMES:
        found = importlib.import_module(f"drivelabel.formats.{_HOMES[name]}").FORMAT
        origin = name
    else:
        plugins = _plugins()
        if name not in plugins:
            raise FormatError(f"no format {name!r}.{did_you_mean(name, [*_HOMES, *plugins])}")
        found, origin = plugins[name].load(), plugins[name].value
    if not isinstance(found, Format):
        raise FormatError(
            f"format {name!r}: expected a drivelabel.formats.Format from {origin}, "
            f"got {type(found).__name__}."
        )
    return found


def find_writer(name: str) -> Callable[..., ConversionReport]:
    """The writer of a format. Raises FormatError when there is none."""
    write = find_format(name).write
    if write is None:
        raise FormatError(f"format {name!r} can be read but not written.")
    return write


def find_reader(name: str) -> Callable[..., Imported]:
    """The reader of a format. Raises FormatError when there is none."""
    read = find_format(name).read
    if read is None:
        raise FormatError(f"format {name!r} can be written but not read.")
    return read


def detect_format(path: Path) -> str:
    """The format of a file or folder, by looking.

    Raises:
        FormatError: none or several formats match.
    """
    found = [name for name in format_names() if (matches := find_format(name).matches) and matches(path)]
    wider = {name for narrow in found for name in find_format(narrow).narrower_than}
    found = [name for name in found if name not in wider]
    if len(found) == 1:
        return found[0]
    if not found:
        raise FormatError(f"{path}: looks like no known format. Name it: {', '.join(format_names())}.")
    raise FormatError(f"{path}: may be {' or '.join(found)}. Name the format.")


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}
