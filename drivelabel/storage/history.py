"""The commits of a scene."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import icechunk

from drivelabel import __version__
from drivelabel.errors import CorruptSceneError, SceneLookupError
from drivelabel.storage._recording import plain_json
from drivelabel.storage._spec import json_checksum

_SELF_CHECK = "crc32c"


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
        by: ``human``, ``model`` or ``import``.
        key: an id, given with the edit or drawn for it; a repeated edit is known by it.
    """

    id: str
    parent: str
    written_ns: int
    message: str
    author: str
    command: str
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    by: str
    key: str

    @classmethod
    def of(cls, where: str, info: icechunk.SnapshotInfo) -> Commit:
        """A commit from the store's own record.

        Raises:
            CorruptSceneError: the record is not as it was written.
        """
        metadata: dict[str, Any] = dict(info.metadata or {})
        if not metadata:
            return cls._foreign(info)
        stored = metadata.pop(_SELF_CHECK, None)
        if stored != json_checksum([info.message, metadata]):
            raise CorruptSceneError(f"{where}: the record of commit {info.id} is damaged.")
        return cls(
            id=info.id,
            parent=info.parent_id or "",
            written_ns=int(metadata["written_ns"]),
            message=info.message,
            author=metadata["author"],
            command=metadata["command"],
            parameters=metadata["parameters"],
            versions=metadata["versions"],
            by=metadata["by"],
            key=metadata["key"],
        )

    @classmethod
    def _foreign(cls, info: icechunk.SnapshotInfo) -> Commit:
        """A commit that another program made."""
        written_ns = round(info.written_at.timestamp() * 1e6) * 1000
        return cls(info.id, info.parent_id or "", written_ns, info.message, "unknown", "", {}, {}, "", "")


def commit_metadata(
    *, message: str, by: str, author: str, command: str, parameters: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """What the store keeps of a commit, beside its message; :meth:`Commit.of` reads it.

    Raises:
        InvalidLabelError: the parameters are not plain JSON values.
    """
    metadata = {
        "by": by,
        "author": author,
        "command": command,
        "parameters": plain_json("parameters", dict(parameters)),
        "versions": {"drivelabel": __version__, "icechunk": icechunk.__version__},
        "key": key,
        "written_ns": time.time_ns(),
    }
    return metadata | {_SELF_CHECK: json_checksum([message, metadata])}


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
