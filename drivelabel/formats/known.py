"""Which formats there are: the built-in ones, and those of installed plug-ins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from drivelabel._check import did_you_mean
from drivelabel.errors import FormatError
from drivelabel.formats.coco import write_coco
from drivelabel.formats.report import ConversionReport
from drivelabel.scene import Scene

ENTRY_POINTS = "drivelabel.formats"
"""The entry-point group in which a plug-in names its :class:`Format`."""


Writer = Callable[..., ConversionReport]
"""``write(scene, out, layer, **options)``: writes one layer of a scene to a path.

It raises FormatError for what the format cannot represent and must not be dropped, and StoreError when
`out` cannot be written.
"""


@dataclass(frozen=True, slots=True)
class Format:
    """One foreign format.

    Attributes:
        write: writes a layer, or None when the format is only read.
        read: reads a scene from a path, or None when the format is only written.
    """

    write: Writer | None = None
    read: Callable[..., Scene] | None = None


FORMATS: dict[str, Format] = {"coco": Format(write=write_coco)}
"""The built-in formats by name."""


def find_format(name: str) -> Format:
    """A format by name: built in, or from a plug-in's entry point in ``drivelabel.formats``.

    Raises:
        FormatError: there is none of that name, or the plug-in gives something else than a Format.
    """
    if name in FORMATS:
        return FORMATS[name]
    plugins = _plugins()
    if name not in plugins:
        raise FormatError(f"no format {name!r}.{did_you_mean(name, [*FORMATS, *plugins])}")
    found = plugins[name].load()
    if not isinstance(found, Format):
        raise FormatError(
            f"format {name!r}: expected a drivelabel.formats.Format from {plugins[name].value}, "
            f"got {type(found).__name__}."
        )
    return found


def find_writer(name: str) -> Writer:
    """The writer of a format. Raises FormatError when there is none."""
    write = find_format(name).write
    if write is None:
        raise FormatError(f"format {name!r} can be read but not written.")
    return write


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}
