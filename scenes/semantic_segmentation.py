"""Road and lane-marking areas of one drive, as label maps and as pictures.

    python scenes/semantic_segmentation.py my_video.mp4 out/

Copy this file, change what you need: another network, other classes, other pictures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

import drivelabel as dl
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media.draw import draw_scene_frame
from drivelabel.media.frames import open_frames

N_PICTURES = 5


def label(source: Path, out: Path) -> dl.Scene:
    """The drive's scene with label maps in layer ``auto``."""
    location = out / f"{source.stem}.scene"
    store = dl.SceneStore.open(location) if location.exists() else dl.ingest(source, location)
    report = dl.annotate(store, dl.make_plan(["road"]))
    print(f"{location}: {report.frames} frames labelled, {report.earlier} were done before")
    return store.scene()


def summarise(scene: dl.Scene) -> None:
    """Print each category's share of the images, camera by camera."""
    layer = scene.layer("auto")
    for camera in scene.cameras:
        pixels = np.zeros(256, np.int64)
        for frame in scene.frames_of(camera.channel):
            pixels += np.bincount(layer.label_map(frame).label_map.ravel(), minlength=256)
        shares = {name: pixels[DRIVING.id_of(name)] / pixels.sum() for name in ("road", "lane_marking")}
        print(camera.channel, ", ".join(f"{name} {share:.1%}" for name, share in shares.items()))


def write_pictures(scene: dl.Scene, out: Path) -> None:
    """A few frames with their areas drawn over them, and the label maps beside them as plain PNG."""
    out.mkdir(parents=True, exist_ok=True)
    layer = scene.layer("auto")
    with open_frames(scene) as frames:
        for frame in np.linspace(0, len(scene.frames) - 1, N_PICTURES).astype(int).tolist():
            drawn = draw_scene_frame(scene, frame, frames.read(frame), layers=["auto"])
            cv2.imwrite(str(out / f"{frame:06d}.png"), drawn[..., ::-1])
            cv2.imwrite(str(out / f"{frame:06d}_label_map.png"), layer.label_map(frame).label_map)


def main() -> None:
    """Label, summarise, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="a video, a folder of images or a drive log")
    parser.add_argument("out", type=Path, help="the folder to write to")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    scene = label(args.source, args.out)
    summarise(scene)
    write_pictures(scene, args.out / "pictures")
    print(f"pictures in {args.out / 'pictures'}")


if __name__ == "__main__":
    main()
