"""How an edit gets into the history: under the lock, synced, again when another came first, never twice."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import icechunk

from drivelabel.errors import StoreError
from drivelabel.storage._apply import Applier
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._keys import DRAWN, read_keys
from drivelabel.storage._opened_scene import OpenedScene
from drivelabel.storage._place import BRANCH
from drivelabel.storage._runtime import TRIES, is_passing, plain_errors, retried
from drivelabel.storage.edit import By, Changes, CommitResult, Edit
from drivelabel.storage.history import commit_metadata

MAX_TRIES = 50


class CommittingScene(OpenedScene):
    """An opened scene that edits can be committed to."""

    def _new_edit(
        self,
        message: str,
        by: By,
        author: str | None,
        command: str,
        parameters: Mapping[str, Any] | None,
        key: str = "",
        base: str | None = None,
    ) -> Edit:
        edit = Edit(
            message,
            base or self.head,
            Changes(by),
            command=command,
            parameters=dict(parameters or {}),
            key=key,
        )
        if author is not None:
            edit.author = author
        return edit

    def _commit(self, edit: Edit, fill: Callable[[Arrays], None] | None = None) -> CommitResult:
        """Apply and commit, again from the newest state when another writer came first."""
        # A drawn key makes a commit recognisable whose answer was lost on the way.
        key = edit.key or f"{DRAWN}{secrets.token_hex(8)}"
        with self._place.lock():
            broken_off = 0
            for attempt in range(MAX_TRIES):
                try:
                    done = self._done_before(key) if edit.key or attempt else None
                    if done is not None:
                        return CommitResult(done, changed=attempt > 0)
                    result = self._try(edit, key, fill)
                except StoreError as error:
                    broken_off += 1
                    if broken_off == TRIES or not is_passing(self.name, error):
                        raise
                    continue
                if result is not None:
                    return result
        raise StoreError(f"{self.name}: {MAX_TRIES} other commits came first. Try again.")

    def _done_before(self, key: str) -> str | None:
        """The commit with a key; the newest one when that of the key was given up; None when it is new."""
        head = self.head
        found = self._log.find_key(key, head)
        if found is None and not key.startswith(DRAWN) and key in read_keys(self._arrays(head)):
            return head
        return found

    def _try(self, edit: Edit, key: str, fill: Callable[[Arrays], None] | None) -> CommitResult | None:
        """One go at a commit; None when another one came first."""
        session = retried(self.name, lambda: self._repo.writable_session(BRANCH))
        arrays = self._opened(session)
        if fill is not None:
            fill(arrays)
        base = self._arrays(edit.base) if edit.base != arrays.snapshot else None
        applier = Applier(arrays, base, self.extent, edit.changes)
        applier.apply()
        arrays.flush()
        conflicts, kept = tuple(applier.conflicts), tuple(applier.kept)
        if not session.has_uncommitted_changes:
            return CommitResult(arrays.snapshot, changed=False, conflicts=conflicts, kept=kept)
        snapshot = self._land(session, edit, key)
        if snapshot is None:
            return None
        self._newest = (snapshot, arrays)
        return CommitResult(snapshot, conflicts=conflicts, kept=kept)

    def _land(self, session: icechunk.Session, edit: Edit, key: str) -> str | None:
        """Commit a session, synced before and after; None when another commit came first."""
        metadata = commit_metadata(
            message=edit.message,
            by=edit.changes.by,
            author=edit.author,
            command=edit.command,
            parameters=edit.parameters,
            key=key,
        )
        self._place.sync()
        try:
            with plain_errors(self.name):
                snapshot = session.commit(edit.message, metadata)
        except icechunk.ConflictError:
            return None
        except StoreError:
            # The commit may have landed and only its answer been lost.
            landed = self._log.find_key(key, self.head)
            if landed is None:
                raise
            snapshot = landed
        self._place.sync()
        if self._place.heads is not None:
            self._place.heads.append(snapshot)
        return snapshot
