"""Care for a scene as a whole: check and repair it, free what nothing uses, shorten its history."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drivelabel.errors import CorruptSceneError, InvalidLabelError, StoreError
from drivelabel.storage import _branch
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._keys import add_keys
from drivelabel.storage._log import KEPT
from drivelabel.storage._place import BRANCH, Place
from drivelabel.storage._runtime import plain_errors
from drivelabel.storage.check import CheckReport, Damage, verify_labels
from drivelabel.storage.history import Commit
from drivelabel.storage.repair import FIXABLE, repair_labels
from drivelabel.storage.store import SceneStore

SAFETY_HOURS = 24
"""What is younger is never collected: it may belong to a writer who has not committed yet."""

MAX_EARLIER = 200


def check_scene(location: str | os.PathLike[str], *, fix: bool = False) -> CheckReport:
    """Read everything that a scene stores, its history and the files around it included.

    Args:
        location: a folder, or ``s3://bucket/prefix``.
        fix: remove what dead writers left, put a damaged branch file back to the newest intact commit, and
            write over damaged labels what the newest intact earlier commit has. What cannot come back is
            marked as not labelled, and named in the report.

    Raises:
        StoreError: there is no scene, or it cannot be repaired because it may not be written.
    """
    place = Place.of(location)
    if not place.exists():
        raise StoreError(f"{place.name}: no scene here.")
    report = CheckReport(place.name)
    if place.folder is not None:
        with place.lock():
            _check_strays(place, report, fix)
            _check_heads(place, report, fix)
        store = _check_branch(place, report, fix)
    else:
        store = SceneStore.open(location)
    if store is not None:
        _check_history(store, report)
        found = store.verify()
        report.chunks = found.chunks
        report.damages += _repaired(store, found.damages) if fix else found.damages
    return report


def _check_strays(place: Place, report: CheckReport, fix: bool) -> None:
    for path in _branch.strays(place):
        damage = Damage("file", f"{path}: left by a writer that died")
        if fix:
            with plain_errors(place.name):
                path.unlink()
            damage = damage.fixed("removed")
        report.damages.append(damage)


def _check_heads(place: Place, report: CheckReport, fix: bool) -> None:
    assert place.heads is not None, "the caller looked"
    bad = place.heads.damaged_lines()
    if bad:
        damage = Damage("file", f"{place.heads.path}: {bad} damaged lines")
        if fix:
            with plain_errors(place.name):
                place.heads.rewrite(place.heads.read())
            damage = damage.fixed("removed")
        report.damages.append(damage)


def _check_branch(place: Place, report: CheckReport, fix: bool) -> SceneStore | None:
    """The scene, opened; None when it cannot be."""
    # Locked, so that nobody commits between the look and the repair.
    with place.lock() if fix else nullcontext():
        try:
            return _opened(place)
        except CorruptSceneError as error:
            damage = Damage("branch", str(error))
        snapshot = _newest_intact(place) if fix else None
    if snapshot is None:
        report.damages.append(damage)
        return None
    report.damages.append(damage.fixed(f"the newest commit is {snapshot} again"))
    return _opened(place)


def _opened(place: Place) -> SceneStore:
    """The scene with its recording read, which every use of it needs."""
    assert place.folder is not None, "the caller looked"
    store = SceneStore.open(place.folder)
    _ = store.extent
    return store


def _newest_intact(place: Place) -> str | None:
    """Put the branch to the newest commit that opens; None, with the file as it was, if there is none."""
    path = _branch.branch_file(place, BRANCH)
    before = path.read_bytes() if path.exists() else None
    noted = [] if place.heads is None else place.heads.read()
    for snapshot in _branch.candidates(place):
        _branch.write_branch(place, BRANCH, snapshot)
        if place.heads is not None:
            known = noted[: noted.index(snapshot) + 1] if snapshot in noted else [snapshot]
            place.heads.rewrite(known)
        try:
            _opened(place)
            return snapshot
        except StoreError:
            continue
    if place.heads is not None:
        place.heads.rewrite(noted)
    if before is not None:
        path.write_bytes(before)
    return None


def _check_history(store: SceneStore, report: CheckReport) -> None:
    try:
        commits = store.log()
        report.commits = len(commits)
    except StoreError as error:
        report.damages.append(Damage("history", str(error)))
        return
    for commit in commits:
        if not commit.parent:
            continue
        try:
            with plain_errors(store.name):
                store._repo.diff(from_snapshot_id=commit.parent, to_snapshot_id=commit.id)
        except StoreError as error:
            report.damages.append(Damage("history", f"commit {commit.id[:8]}, list of changes: {error}"))


def _repaired(store: SceneStore, damages: list[Damage]) -> list[Damage]:
    if not any(damage.what in FIXABLE for damage in damages):
        return damages
    done: list[Damage] = []

    def fill(tip: Arrays) -> None:
        done[:] = repair_labels(tip, store.extent, damages, _earlier(store))

    store._commit(store._new_edit("Repair damaged labels", "import", None, "check --fix", {}), fill)
    left = CheckReport(store.name)
    verify_labels(store._arrays(), store.root, left)
    known = {(damage.what, damage.layer, damage.kind, damage.groups) for damage in done}
    return done + [d for d in left.damages if (d.what, d.layer, d.kind, d.groups) not in known]


def _earlier(store: SceneStore) -> list[Arrays]:
    """States before the newest one, as far back as the history can be read, the newest first."""
    found: list[Arrays] = []
    try:
        for commit in store._log.walk(store.head):
            if len(found) > MAX_EARLIER:
                break
            found.append(store._arrays(commit.id))
    except StoreError:
        pass  # reported as a damage of the history
    return found[1:]


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
