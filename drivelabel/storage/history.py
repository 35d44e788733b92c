"""The commits of a scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import icechunk

from drivelabel.errors import SceneLookupError


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit.

    Attributes:
        id: of the snapshot it made.
        parent: of the snapshot before; "" for the first.
        written_ns: when, nanoseconds since 1970.
        message: what changed, in a sentence.
        author: who.
        command: what was run.
        parameters: how.
        versions: of drivelabel and what it used.
        key: an id that makes a repeated edit have one effect; "" if there is none.
    """

    id: str
    parent: str
    written_ns: int
    message: str
    author: str
    command: str
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    key: str

    @classmethod
    def of(cls, info: icechunk.SnapshotInfo) -> Commit:
        """A commit from the store's own record."""
        metadata: Mapping[str, Any] = info.metadata or {}
        return cls(
            id=info.id,
            parent=info.parent_id or "",
            written_ns=round(info.written_at.timestamp() * 1e6) * 1000,
            message=info.message,
            author=str(metadata.get("author", "")),
            command=str(metadata.get("command", "")),
            parameters=metadata.get("parameters") or {},
            versions=metadata.get("versions") or {},
            key=str(metadata.get("key", "")),
        )


def find_commit(name: str, commits: list[Commit]) -> Commit:
    """A commit by its id, the start of its id, or ``HEAD~N`` (N commits ago).

    Raises:
        SceneLookupError: there is none, or several ids start so.
    """
    head, _, steps = name.partition("~")
    if head == "HEAD" and (steps.isdigit() or not steps):
        back = int(steps or 0)
        if back >= len(commits):
            raise SceneLookupError(f"{name}: the history has only {len(commits)} commits.")
        return commits[back]
    found = [commit for commit in commits if commit.id.startswith(name.upper())]
    if not name or len(found) != 1:
        what = "no commit" if not found else f"{len(found)} commits"
        raise SceneLookupError(f"{what} with an id that starts with {name!r}. See: drivelabel log")
    return found[0]
