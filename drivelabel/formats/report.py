"""What a conversion kept, approximated and dropped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from drivelabel.errors import FormatError


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened to one field of one kind of object.

    Attributes:
        object: ``boxes2d``, ``sweeps``, ...
        field: a column, or "" for the whole object.
        count: how many objects.
        largest_error: how far the worst one is off; 0 unless approximated.
        unit: of `largest_error`.
        note: where it went, or why it could not be kept.
    """

    object: str
    field: str
    count: int
    largest_error: float = 0.0
    unit: str = ""
    note: str = ""

    def __str__(self) -> str:
        name = f"{self.object}.{self.field}" if self.field else self.object
        error = f", largest error {self.largest_error:g} {self.unit}".rstrip() if self.unit else ""
        note = f" ({self.note})" if self.note else ""
        return f"{name}: {self.count}{error}{note}"


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What a conversion kept, approximated and dropped, by object and field.

    Attributes:
        format: the other format's name.
        out: what was written or read.
        kept: exact in the other format, also where it needs fields of our own.
        approximated: there, but not exact.
        dropped: not there.
    """

    format: str
    out: str
    kept: tuple[Entry, ...] = ()
    approximated: tuple[Entry, ...] = ()
    dropped: tuple[Entry, ...] = ()

    @property
    def is_lossless(self) -> bool:
        """Whether nothing was approximated or dropped."""
        return not self.approximated and not self.dropped

    def joined(self, other: ConversionReport) -> ConversionReport:
        """This report with another one's entries too, such as those of what was done before writing."""
        return replace(
            self,
            kept=self.kept + other.kept,
            approximated=self.approximated + other.approximated,
            dropped=self.dropped + other.dropped,
        )

    def check_lossless(self) -> None:
        """Raise FormatError, naming the first losses, unless nothing was approximated or dropped."""
        losses = [*self.dropped, *self.approximated]
        if losses:
            shown = "; ".join(str(entry) for entry in losses[:3])
            more = f"; and {len(losses) - 3} more" if len(losses) > 3 else ""
            raise FormatError(f"{self.out}: {self.format} would not keep everything: {shown}{more}.")

    def __str__(self) -> str:
        lines = [f"{self.format}: {self.out}"]
        for title in ("kept", "approximated", "dropped"):
            entries: tuple[Entry, ...] = getattr(self, title)
            lines.append(f"{title}:" if entries else f"{title}: nothing")
            lines += [f"  {entry}" for entry in entries]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The report as plain dicts and lists, for ``--json`` and for files."""
        return {
            "format": self.format,
            "out": self.out,
            "kept": _to_json(self.kept),
            "approximated": _to_json(self.approximated),
            "dropped": _to_json(self.dropped),
        }


def _to_json(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    return [{name: getattr(entry, name) for name in Entry.__slots__} for entry in entries]


_Key = tuple[str, str, str, str]


@dataclass(slots=True)
class Tally:
    """Counts that a writer or reader adds to while it runs; :meth:`report` closes it.

    Counts of nothing leave no entry.
    """

    _kept: dict[_Key, int] = field(default_factory=dict)
    _approximated: dict[_Key, tuple[int, float]] = field(default_factory=dict)
    _dropped: dict[_Key, int] = field(default_factory=dict)

    def keep(self, what: str, column: str = "", count: int = 1, note: str = "") -> None:
        """Some objects' field is exact in the other format."""
        _add(self._kept, (what, column, "", note), count)

    def drop(self, what: str, column: str = "", count: int = 1, note: str = "") -> None:
        """Some objects' field is not in the other format."""
        _add(self._dropped, (what, column, "", note), count)

    def approximate(
        self, what: str, column: str, count: int, error: float, unit: str, note: str = ""
    ) -> None:
        """Some objects' field is in the other format, off by up to `error`."""
        if count:
            key = (what, column, unit, note)
            before, worst = self._approximated.get(key, (0, 0.0))
            self._approximated[key] = (before + count, max(worst, error))

    def report(self, format_name: str, out: str) -> ConversionReport:
        """The report of all that was added."""
        return ConversionReport(
            format_name,
            out,
            tuple(_entry(key, count) for key, count in self._kept.items()),
            tuple(_entry(key, count, error) for key, (count, error) in self._approximated.items()),
            tuple(_entry(key, count) for key, count in self._dropped.items()),
        )


def _add(counts: dict[_Key, int], key: _Key, count: int) -> None:
    if count:
        counts[key] = counts.get(key, 0) + count


def _entry(key: _Key, count: int, error: float = 0.0) -> Entry:
    what, column, unit, note = key
    return Entry(what, column, count, error, unit, note)
