"""When images were taken: from their names, from EXIF, or from a rate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from drivelabel.media.images import ImageHeader
from drivelabel.typing import IntArray

ASSUMED_HZ = 10.0
"""The rate of an image folder that tells no times, when nobody states one."""

_EPOCH = re.compile(r"(?<!\d)(\d{19}|\d{16}|\d{13}|\d{10})(?:[._](\d{1,9}))?(?!\d)")
_NS_PER_UNIT = {19: 1, 16: 1_000, 13: 1_000_000, 10: 1_000_000_000}
_DATE = re.compile(
    r"(?<!\d)(\d{4})[-_.]?(\d\d)[-_.]?(\d\d)"
    r"[T _-](\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)(?:[._,s-]?(\d{1,9}))?(?!\d)"
)
_START_1990_NS, _STOP_2100_NS = 631_152_000 * 10**9, 4_102_444_800 * 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """When images were taken.

    Attributes:
        timestamp_ns: (n,) int64.
        origin: how they were found, in words.
    """

    timestamp_ns: IntArray
    origin: str


def times_of_images(
    paths: Sequence[Path], headers: Sequence[ImageHeader], *, hz: float | None, start_ns: int
) -> Times:
    """Times of images in natural order of their names.

    A stated rate wins. Else the names tell, if all of them hold a time and no two the same; else EXIF,
    under the same condition; else a rate of 10 Hz is assumed.
    """
    if hz is None:
        from_names = [time_in_name(path.stem) for path in paths]
        if _usable(from_names):
            return Times(np.array(from_names, np.int64), "names of the files")
        taken = [header.taken_ns for header in headers]
        if _usable(taken):
            return Times(np.array(taken, np.int64), "EXIF DateTimeOriginal")
    rate = ASSUMED_HZ if hz is None else hz
    steps = np.round(np.arange(len(paths)) * (1e9 / rate)).astype(np.int64)
    return Times(start_ns + steps, f"{'assumed' if hz is None else 'given'} rate of {rate:g} Hz")


def time_in_name(name: str) -> int | None:
    """Nanoseconds since 1970 that a file name holds, or None.

    Understands epoch digits (19 nanoseconds, 16 microseconds, 13 milliseconds, 10 seconds, with a fraction)
    between 1990 and 2100, and dates such as ``2016-08-28T21-16-08.250`` or ``20160828_211608``, as UTC.
    """
    for match in _EPOCH.finditer(name):
        whole, fraction = match[1], match[2] if len(match[1]) == 10 else None
        time_ns = int(whole) * _NS_PER_UNIT[len(whole)] + int((fraction or "").ljust(9, "0"))
        if _START_1990_NS <= time_ns < _STOP_2100_NS:
            return time_ns
    for match in _DATE.finditer(name):
        try:
            moment = datetime.strptime("".join(match.groups()[:6]), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            continue
        seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
        return seconds * 10**9 + int((match[7] or "").ljust(9, "0"))
    return None


def _usable(times: Sequence[int | None]) -> bool:
    known = [time for time in times if time is not None]
    return len(known) == len(times) and len(set(known)) == len(known)
