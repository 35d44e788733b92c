"""The history of a scene, and which commit has which key."""

from __future__ import annotations

from collections.abc import Iterator

import icechunk

from drivelabel.errors import CorruptSceneError
from drivelabel.storage._runtime import plain_errors
from drivelabel.storage.history import Commit

KEPT = "kept-"
"""Start of the tags that hold commits whose place in the history was given up."""


class Log:
    """The commits of a repository. What was walked once for a key is not read again."""

    def __init__(self, repo: icechunk.Repository, where: str) -> None:
        self._repo = repo
        self._where = where
        self._keys: dict[str, str] = {}
        self._walked = ""

    def walk(self, snapshot: str) -> Iterator[Commit]:
        """The commits from one back to the first.

        Raises:
            CorruptSceneError: the record of one is missing or damaged.
        """
        return (Commit.of(self._where, info) for info in self._infos(snapshot) if info.parent_id)

    def kept(self) -> list[Commit]:
        """The commits that a compaction kept out of a history that it cut, newest first."""
        with plain_errors(self._where):
            names = [name for name in self._repo.list_tags() if name.startswith(KEPT)]
            infos = [self._repo.lookup_snapshot(self._repo.lookup_tag(name)) for name in names]
        commits = [Commit.of(self._where, info) for info in infos]
        return sorted(commits, key=lambda commit: -commit.written_ns)

    def has(self, snapshot: str, head: str) -> bool:
        """Whether a commit stands on the way from `head` to the first.

        Raises:
            CorruptSceneError: the record of one is missing.
        """
        return any(info.id == snapshot for info in self._infos(head))

    def _infos(self, snapshot: str) -> Iterator[icechunk.SnapshotInfo]:
        """Icechunk's records, the newest first; the last is of the store's own, empty snapshot."""
        expected = snapshot
        with plain_errors(self._where):
            for info in self._repo.ancestry(snapshot_id=snapshot):
                if info.id != expected:
                    raise CorruptSceneError(
                        f"{self._where}: the record of commit {expected} is missing. "
                        "Run: drivelabel check --fix"
                    )
                expected = info.parent_id or ""
                yield info

    def find_key(self, key: str, head: str) -> str | None:
        """Id of the commit with a key, on the way from `head` to the first; None if there is none."""
        new: dict[str, str] = {}
        for commit in self.walk(head):
            if commit.id == self._walked:
                break
            new.setdefault(commit.key, commit.id)
        else:
            self._keys = {}  # the branch was moved: what was known of it may be wrong
        self._keys |= new
        self._walked = head
        return self._keys.get(key)
