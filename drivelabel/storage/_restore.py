"""Copy an earlier state of a scene over its newest one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import icechunk

from drivelabel.errors import StoreError
from drivelabel.storage._arrays import COPY_KEYS, Arrays
from drivelabel.storage._keys import PATH as KEYS
from drivelabel.storage._runtime import plain_errors


def copy_back(repo: icechunk.Repository, old: Arrays, tip: Arrays) -> None:
    """Make the session of `tip` equal to `old`; row ids go on where they are, none is given twice."""
    counters = {layer: tip.attrs(f"layers/{layer}").get("next_row_id", 0) for layer in tip.children("layers")}
    try:
        with plain_errors(tip.where):
            diff = repo.diff(from_snapshot_id=old.snapshot, to_snapshot_id=tip.snapshot)
    except StoreError:  # a commit's list of changes is damaged; its labels need not be
        _copy_everything(old, tip)
    else:
        _copy_changes(diff, old, tip)
    tip.flush()
    tip.forget_nodes("")
    for layer in old.children("layers"):
        facts = tip.attrs(f"layers/{layer}")
        next_row_id = max(facts["next_row_id"], counters.get(layer, 0))
        tip.set_attrs(f"layers/{layer}", facts | {"next_row_id": next_row_id})


def _copy_everything(old: Arrays, tip: Arrays) -> None:
    tip.delete_tree("layers")
    tip.copy_tree(old, "layers", "layers")


def _copy_changes(diff: icechunk.Diff, old: Arrays, tip: Arrays) -> None:
    # The list of changes names no chunks of an array that was made anew, so such arrays are copied whole.
    made_anew = _names({*diff.new_groups, *diff.new_arrays, *diff.deleted_groups, *diff.deleted_arrays})
    for name in made_anew:
        tip.delete_tree(name)
    for name in made_anew:  # parents come first, and their copies hold their children too
        if not any(name.startswith(done + "/") for done in made_anew):
            tip.copy_tree(old, name, name)
    updated = _names({*diff.updated_groups, *diff.updated_arrays})
    changed = {f"{name}/zarr.json".lstrip("/") for name in updated}
    for path, chunks in diff.updated_chunks.items():
        name = path.strip("/")
        if name not in made_anew and name.split("/")[0] != KEYS:
            changed |= {"/".join([name, "c", *(str(i) for i in chunk)]) for chunk in chunks}
    _copy_keys(old, tip, sorted(changed, key=lambda key: not key.endswith("zarr.json")))


def _names(paths: Iterable[str]) -> list[str]:
    """Paths of groups and arrays, parents first; but for the list of keys, which only grows."""
    names = sorted(path.strip("/") for path in paths)
    return [name for name in names if name.split("/")[0] != KEYS]


def _copy_keys(old: Arrays, tip: Arrays, keys: list[str]) -> None:
    # What goes, goes first: in an array that becomes shorter its last chunks have no place any more.
    kept: list[str] = []
    for some in _parts(keys):
        found = dict(zip(some, old.get(some), strict=True))
        tip.put({key: None for key, data in found.items() if data is None})
        kept += [key for key, data in found.items() if data is not None]
    tip.flush()
    for some in _parts(kept):
        tip.put(dict(zip(some, old.get(some), strict=True)))


def _parts(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), COPY_KEYS):
        yield keys[start : start + COPY_KEYS]
