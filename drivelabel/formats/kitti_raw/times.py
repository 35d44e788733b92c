"""The ``timestamps.txt`` files of KITTI's raw drives: a line a frame, with nine decimals."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from drivelabel.errors import FormatError
from drivelabel.formats.loading import read_text
from drivelabel.typing import IntArray

_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))?")
_MAX_BYTES = 1 << 28


def read_timestamps(path: Path) -> IntArray:
    """(n,) nanoseconds since 1970, taken as UTC.

    Raises:
        StoreError: the file is missing or cannot be read.
        FormatError: a line is no time.
    """
    times = []
    for number, line in enumerate(read_text(path, max_bytes=_MAX_BYTES).splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        try:
            when = datetime.strptime(match[1] if match else "", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            raise FormatError(f"{path}, line {number}: expected a time, got {line[:60]!r}.") from None
        fraction = int(((match and match[2]) or "0").ljust(9, "0"))
        if not 1970 <= when.year < 2262:  # what nanoseconds in 64 bits reach
            raise FormatError(f"{path}, line {number}: expected a time from 1970 to 2261, got {line[:60]!r}.")
        times.append(int(when.timestamp()) * 1_000_000_000 + fraction)
    return np.array(times, np.int64)


def timestamps_text(times_ns: IntArray) -> str:
    """The text of such a file."""
    lines = []
    for time in times_ns.tolist():
        seconds, rest = divmod(time, 1_000_000_000)
        lines.append(f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09d}")
    return "".join(f"{line}\n" for line in lines)
