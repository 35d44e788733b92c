"""``heads.log``: the newest commits of a local scene, from which a damaged branch file can be restored."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

from drivelabel.storage._spec import json_checksum

HEADS_KEPT = 100
_LOG = logging.getLogger("drivelabel")


@dataclass(frozen=True, slots=True)
class HeadsLog:
    """One line a commit, each with its own checksum; a line that was cut off or altered is passed over.

    Attributes:
        path: of the file.
    """

    path: Path

    def read(self) -> list[str]:
        """The snapshots, oldest first; empty when there is no such file.

        Raises:
            OSError: the file cannot be read.
        """
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().splitlines()
        return [snapshot for snapshot in map(_parse, lines) if snapshot]

    def damaged_lines(self) -> int:
        """How many lines are not as they were written."""
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        return sum(not _parse(line) for line in lines)

    def append(self, snapshot: str) -> None:
        """Note a commit, on the disk before this returns.

        The commit itself is on the disk already and stays good without its line, so a failure is only logged.
        """
        try:
            self._append(snapshot)
        except OSError as error:
            _LOG.warning("%s: commit %s could not be noted (%s).", self.path, snapshot, error.strerror)

    def _append(self, snapshot: str) -> None:
        line = _line(snapshot)
        with self.path.open("a+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":  # a writer was killed in the middle of its line
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if size > 4 * HEADS_KEPT * len(line):
            self.rewrite(self.read()[-HEADS_KEPT:])

    def rewrite(self, snapshots: list[str]) -> None:
        """Exchange the whole file."""
        aside = self.path.with_name("heads.log.new")
        with aside.open("wb") as file:
            file.writelines(_line(snapshot) for snapshot in snapshots)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)


def _line(snapshot: str) -> bytes:
    entry = {"snapshot": snapshot, "written_ns": time.time_ns()}
    return json.dumps(entry | {"crc32c": json_checksum(entry)}).encode() + b"\n"


def _parse(line: bytes) -> str:
    """The snapshot that a line names; "" when the line is damaged."""
    try:
        entry = json.loads(line)
        good = entry.pop("crc32c") == json_checksum(entry)
        return str(entry["snapshot"]) if good else ""
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
