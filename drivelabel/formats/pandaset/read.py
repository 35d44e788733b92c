"""One PandaSet sequence as a scene, and what of it was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from drivelabel.formats.imported import Imported
from drivelabel.formats.picking import picked_scene
from drivelabel.formats.report import Tally
from drivelabel.media import IngestOptions
from drivelabel.media.pandaset import LAYER, ingest_pandaset, is_pandaset
from drivelabel.scene import Scene


def pandaset_sequences(path: Path) -> list[str]:
    """Names of the sequences in a folder; ``.`` when it is one itself."""
    if not path.is_dir():
        return []
    if is_pandaset(path):
        return ["."]
    return sorted(folder.name for folder in path.iterdir() if folder.is_dir() and is_pandaset(folder))


def read_pandaset(
    path: Path,
    *,
    layer: str = "truth",
    scene: str | None = None,
    on_invalid: Literal["error", "skip"] = "error",
) -> Imported:
    """One sequence: cameras, both lidars, poses, cuboids and classes of points.

    Args:
        path: a sequence's folder, or one with several.
        layer: name of the layer.
        scene: which sequence, when there are several.
        on_invalid: ``skip`` leaves out damaged images and cuboids and counts them.

    Raises:
        StoreError: a file is missing or damaged.
        FormatError: there are several sequences and none is named, or a file holds other data.
    """
    path = Path(path)
    expected = "a PandaSet sequence, with lidar/poses.json and camera/"
    folder = picked_scene(path, pandaset_sequences(path), scene, "sequence", expected).resolve()
    found = ingest_pandaset(folder, IngestOptions(on_invalid=on_invalid, hash_files=False))
    if LAYER in found.layers and layer != LAYER:
        found = replace(found, layers={layer: replace(found.layers[LAYER], name=layer)})
    return Imported(found, _tally(found).report("pandaset", str(folder)))


def _tally(scene: Scene) -> Tally:
    tally = Tally()
    tally.keep("frames", "", len(scene.frames))
    tally.keep("sweeps", "", len(scene.sweeps))
    tally.keep("poses", "", 0 if scene.poses is None else len(scene.poses))
    for layer in scene.layers.values():
        for kind, grouped in layer.tables.items():
            tally.keep(kind, "", len(grouped.rows))
    tally.keep("point_labels", "", int("point_labels" in scene.info), "read from their own files")
    cuboids = scene.info.get("cuboids", {})
    joined = int(cuboids.get("joined", 0))
    tally.keep("boxes3d", "", joined, "second boxes of things that both lidars see, joined with the first")
    tally.drop("boxes3d", "", len(cuboids.get("skipped", ())), "invalid")
    unpaired = len(cuboids.get("siblings_not_found", ()))
    tally.drop("boxes3d", "sibling_id", unpaired, "the cuboid that it names is not there")
    return tally
