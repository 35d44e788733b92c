"""Check a scene as a whole, the files around its labels included, and repair it."""

from __future__ import annotations

import os
from contextlib import nullcontext

import icechunk

from drivelabel.errors import CorruptSceneError, StoreError
from drivelabel.storage import _branch
from drivelabel.storage._arrays import Arrays
from drivelabel.storage._keys import DRAWN
from drivelabel.storage._place import BRANCH, Place
from drivelabel.storage._runtime import plain_errors
from drivelabel.storage._second_copy import read_copy, restore_copy, write_copy
from drivelabel.storage.check import CheckReport, Damage, verify_labels
from drivelabel.storage.repair import FIXABLE, repair_labels
from drivelabel.storage.store import SceneStore

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
            _check_config(place, report, fix)
            _check_heads(place, report, fix)
        store = _check_branch(place, report, fix)
    else:
        store = SceneStore.open(location)
    if store is not None:
        _check_history(store, report)
        _check_copy(store, report, fix)
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


def _check_config(place: Place, report: CheckReport, fix: bool) -> None:
    assert place.folder is not None, "the caller looked"
    try:
        with plain_errors(place.name):
            icechunk.Repository.fetch_config(place.storage())
    except CorruptSceneError as error:
        path = place.folder / "repo" / "config.yaml"
        damage = Damage("file", f"{path}: {error}")
        if fix:
            with plain_errors(place.name):
                path.unlink()
            damage = damage.fixed("removed: settings are handed over at each opening")
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
        store, damage = _tried_open(place)
        if store is not None:
            return store
        restored = _restored_recording(place) if fix and damage.what == "recording" else None
        if restored is not None:
            report.damages.append(damage.fixed("written anew from its copy"))
            return restored
        snapshot = _newest_intact(place) if fix else None
    if snapshot is None:
        report.damages.append(damage)
        return None
    report.damages.append(damage.fixed(f"the newest commit is {snapshot} again"))
    return _opened(place)


def _tried_open(place: Place) -> tuple[SceneStore | None, Damage]:
    """The scene, or what is wrong: its branch file, or its recording when that is all that cannot be read."""
    what = "branch"
    try:
        assert place.folder is not None, "the caller looked"
        SceneStore.open(place.folder)
        what = "recording"
        return _opened(place), Damage(what, "")
    except CorruptSceneError as error:
        return None, Damage(what, str(error))


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


def _restored_recording(place: Place) -> SceneStore | None:
    """The scene with its recording written anew from the copy; None when it has none, or a damaged one."""
    assert place.folder is not None, "the caller looked"
    try:
        store = SceneStore.open(place.folder)
        arrays = store._opened(session := store._repo.writable_session(BRANCH))
        restore_copy(arrays)
        arrays.flush()
        store._land(
            session, store._new_edit("Repair the recording", "import", None, "check --fix", {}), DRAWN
        )
        return _opened(place)
    except StoreError:
        return None


def _check_copy(store: SceneStore, report: CheckReport, fix: bool) -> None:
    arrays = store._arrays()
    try:
        read_copy(arrays)
    except StoreError as error:
        damage = Damage("copy", str(error))
        if fix:
            edit = store._new_edit("Copy the recording anew", "import", None, "check --fix", {})
            store._commit(edit, write_copy)
            damage = damage.fixed("made anew from the recording")
        report.damages.append(damage)


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
