"""Copy an earlier state of a scene over its newest one."""

from __future__ import annotations

import icechunk

from drivelabel.storage._arrays import Arrays
from drivelabel.storage._runtime import plain_errors


def copy_back(repo: icechunk.Repository, old: Arrays, tip: Arrays) -> None:
    """Make the session of `tip` equal to `old`; row ids go on where they are, none is given twice."""
    with plain_errors(tip.where):
        diff = repo.diff(from_snapshot_id=old.snapshot, to_snapshot_id=tip.snapshot)
    counters = {layer: tip.attrs(f"layers/{layer}").get("next_row_id", 0) for layer in tip.children("layers")}
    made_anew = _names({*diff.new_groups, *diff.new_arrays, *diff.deleted_groups, *diff.deleted_arrays})
    for name in made_anew:
        tip.delete_tree(name)
    for name in made_anew:  # parents come first, so their copies hold their children too
        if not any(name.startswith(done + "/") for done in made_anew):
            tip.copy_tree(old, name, name)
    changed = {
        f"{name}/zarr.json".lstrip("/") for name in _names({*diff.updated_groups, *diff.updated_arrays})
    }
    for name, chunks in ((path.strip("/"), chunks) for path, chunks in diff.updated_chunks.items()):
        if name not in made_anew:
            changed |= {"/".join([name, "c", *(str(i) for i in chunk)]) for chunk in chunks}
    _copy_keys(old, tip, sorted(changed, key=lambda key: not key.endswith("zarr.json")))
    tip.flush()
    tip.forget_nodes("")
    for layer in old.children("layers"):
        facts = tip.attrs(f"layers/{layer}")
        next_row_id = max(facts["next_row_id"], counters.get(layer, 0))
        tip.set_attrs(f"layers/{layer}", facts | {"next_row_id": next_row_id})


def _names(paths: set[str]) -> list[str]:
    return sorted(path.strip("/") for path in paths)


def _copy_keys(old: Arrays, tip: Arrays, keys: list[str]) -> None:
    for start in range(0, len(keys), 256):
        some = keys[start : start + 256]
        tip.put(dict(zip(some, old.get(some), strict=True)))
