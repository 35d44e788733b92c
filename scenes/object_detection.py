"""Object detection with ids through time, on one drive.

    python scenes/object_detection.py my_video.mp4 out/

Copy this file, change what you need: another detector, other classes, another export.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import drivelabel as dl
from drivelabel.formats.coco import write_coco


def label(source: Path, out: Path) -> dl.Scene:
    """The drive's scene with objects and their ids in layer ``auto``."""
    location = out / f"{source.stem}.scene"
    store = dl.SceneStore.open(location) if location.exists() else dl.ingest(source, location)
    report = dl.annotate(store, dl.make_plan(["boxes", "tracks"]))
    print(f"{location}: {report.frames} frames labelled, {report.earlier} were done before")
    return store.scene()


def summarise(scene: dl.Scene) -> None:
    """Print how many objects of each class there are, and the longest tracks."""
    layer = scene.layer("auto")
    boxes = layer.boxes2d.rows
    for category_id, n_boxes in zip(*np.unique(boxes.category_id, return_counts=True), strict=True):
        tracks = np.unique(boxes.track_id[(boxes.category_id == category_id) & (boxes.track_id >= 0)])
        print(f"{layer.taxonomy.names[category_id]:15} {n_boxes:6} boxes, {len(tracks)} tracks")
    ids, lengths = np.unique(boxes.track_id[boxes.track_id >= 0], return_counts=True)
    for row in np.argsort(-lengths)[:3]:
        seen = scene.instance(int(ids[row]))["auto"]
        frames = seen.groups["boxes2d"]
        print(f"track {ids[row]}: {lengths[row]} boxes, frames {frames[0]} to {frames[-1]}")


def main() -> None:
    """Label, summarise, write COCO."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="a video, a folder of images or a drive log")
    parser.add_argument("out", type=Path, help="the folder to write to")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    scene = label(args.source, args.out)
    summarise(scene)
    report = write_coco(scene, args.out / "coco", "auto", images="copy", overwrite=True)
    print(report)


if __name__ == "__main__":
    main()
