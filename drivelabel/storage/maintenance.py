"""Room on the disk: free what nothing uses, shorten the history."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drivelabel.errors import InvalidLabelError
from drivelabel.storage import _branch
from drivelabel.storage._keys import add_keys
from drivelabel.storage._log import KEPT
from drivelabel.storage._runtime import plain_errors
from drivelabel.storage.history import Commit
from drivelabel.storage.store import SceneStore

SAFETY_HOURS = 24
"""What is younger is never collected: it may belong to a writer who has not committed yet."""


@dataclass(frozen=True, slots=True)
class Freed:
    """What a collection of garbage removed.

    Attributes:
        n_files: of any kind.
        n_bytes: of them all.
    """

    n_files: int
    n_bytes: int


def collect_garbage(location: str | os.PathLike[str], *, dry_run: bool = False) -> Freed:
    """Remove what no commit uses and what is older than a day: leftovers of writers that died, say.

    Args:
        location: a folder, or ``s3://bucket/prefix``.
        dry_run: only say how much it would be.

    Raises:
        StoreError: the scene cannot be opened or written, or another process has held the lock for a minute.
    """
    store = SceneStore.open(location)
    limit = datetime.now(UTC) - timedelta(hours=SAFETY_HOURS)
    with store._place.lock(), plain_errors(store.name):
        summary = store._repo.garbage_collect(limit, dry_run=dry_run)
        old = [path for path in _branch.strays(store._place) if path.stat().st_mtime < limit.timestamp()]
        n_bytes = sum(path.stat().st_size for path in old)
        for path in old if not dry_run else []:
            path.unlink()
    n_files = (
        summary.chunks_deleted
        + summary.manifests_deleted
        + summary.snapshots_deleted
        + summary.transaction_logs_deleted
    )
    return Freed(n_files + len(old), summary.bytes_deleted + n_bytes)


def compact_history(location: str | os.PathLike[str], *, keep_days: float = 30) -> int:
    """Give up the models' and imports' commits that are older than some days; people's commits stay.

    A person's commit stays in :meth:`SceneStore.log` and can be opened and restored as before. The newest
    state is untouched. Keys of given-up commits stay known, the newest 100,000. Room is freed by
    :func:`collect_garbage` afterwards.

    Args:
        location: a folder, or ``s3://bucket/prefix``.
        keep_days: how much of the history stays whole; at least one.

    Returns:
        How many commits were given up.

    Raises:
        InvalidLabelError: fewer days than one.
        StoreError: the scene cannot be opened or written.
    """
    if keep_days < 1:
        raise InvalidLabelError(f"keep_days: expected at least 1, got {keep_days}.")
    store = SceneStore.open(location)
    limit = datetime.now(UTC) - timedelta(days=keep_days)
    _keep_keys(store, store.log())
    with store._place.lock():
        before = store.log()
        with plain_errors(store.name):
            kept = store._repo.list_tags()
            for commit in before:
                tag = f"{KEPT}{commit.id}"
                if commit.by == "human" and tag not in kept:
                    store._repo.create_tag(tag, commit.id)
            store._repo.expire_snapshots(limit)
        store._place.sync()
    return len(before) - len(SceneStore.open(location).log())


def _keep_keys(store: SceneStore, commits: list[Commit]) -> None:
    """Note the keys of all commits so far in the scene itself: a job that comes again has no effect."""
    keys = [commit.key for commit in reversed(commits)]
    edit = store._new_edit("Keep the keys of earlier commits", "import", None, "gc --compact", {})
    store._commit(edit, lambda arrays: add_keys(arrays, keys))
