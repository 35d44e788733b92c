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
    for path in sorted({*diff.new_groups, *diff.new_arrays}):
        name = path.strip("/")
        if old.node(name) is None and tip.node(name) is not None:
            tip.delete_tree(name)
    gone = sorted({*diff.deleted_groups, *diff.deleted_arrays})
    changed = sorted({*diff.updated_groups, *diff.updated_arrays})
    nodes = [f"{path.strip('/')}/zarr.json".lstrip("/") for path in (*gone, *changed)]
    tip.put(dict(zip(nodes, old.get(nodes), strict=True)))
    keys = []
    for path, chunks in diff.updated_chunks.items():
        name = path.strip("/")
        if old.node(name) is not None:
            keys += ["/".join([name, "c", *(str(i) for i in chunk)]) for chunk in chunks]
    tip.put(dict(zip(keys, old.get(keys), strict=True)))
    tip.forget()
    for layer in old.children("layers"):
        facts = tip.attrs(f"layers/{layer}")
        tip.set_attrs(
            f"layers/{layer}",
            facts | {"next_row_id": max(facts["next_row_id"], counters.get(layer, 0))},
        )
