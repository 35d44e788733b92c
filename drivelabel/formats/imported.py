"""What a reader gives back."""

from __future__ import annotations

from dataclasses import dataclass

from drivelabel.formats.pictures import Data
from drivelabel.formats.report import ConversionReport


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read, and what of it was kept, approximated and dropped.

    Attributes:
        data: a drive or images, with one layer of labels.
        report: by object and field.
    """

    data: Data
    report: ConversionReport
