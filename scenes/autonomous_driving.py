"""All tasks on one drive log: objects with ids, areas, lane lines, lights, beside the log's own truth.

    python scenes/autonomous_driving.py pandaset/002/ out/

Copy this file, change what you need: the tasks, the cameras, what is counted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

import drivelabel as dl
from drivelabel.labels import LIGHT_STATES, LINE_STYLES
from drivelabel.media.draw import draw_scene_frame
from drivelabel.media.frames import open_frames


def label(source: Path, out: Path) -> dl.SceneStore:
    """The log's scene with the labels of every task in layer ``auto``."""
    location = out / f"{source.stem}.scene"
    store = dl.SceneStore.open(location) if location.exists() else dl.ingest(source, location)
    report = dl.annotate(store, dl.make_plan())
    rows = ", ".join(f"{kind} {number}" for kind, number in report.rows.items())
    print(f"{location}: {report.frames} frames labelled, {report.earlier} were done before. {rows}")
    return store


def summarise(scene: dl.Scene) -> None:
    """Print what each task found, and which layers the scene has."""
    for name, layer in scene.layers.items():
        tables = ", ".join(f"{len(table.rows)} {kind}" for kind, table in layer.tables.items())
        print(f"layer {name} by {layer.author}: {tables}")
    auto = scene.layer("auto")
    lines = auto.lane_lines.rows
    styles = np.bincount(lines.style, minlength=len(LINE_STYLES))
    print("lane lines:", ", ".join(f"{n} {style}" for style, n in zip(LINE_STYLES, styles, strict=True) if n))
    states = np.bincount(auto.traffic_lights.rows.state, minlength=len(LIGHT_STATES))
    found = [f"{n} {state}" for state, n in zip(LIGHT_STATES, states, strict=True) if n]
    print("traffic lights:", ", ".join(found) or "none")


def write_pictures(scene: dl.Scene, out: Path) -> None:
    """The middle frame of each camera with every layer drawn over it."""
    out.mkdir(parents=True, exist_ok=True)
    with open_frames(scene) as frames:
        for camera in scene.cameras:
            own = scene.frames_of(camera.channel)
            middle = own[len(own) // 2]
            drawn = draw_scene_frame(scene, middle, frames.read(middle))
            cv2.imwrite(str(out / f"{camera.channel}.png"), drawn[..., ::-1])


def main() -> None:
    """Label, summarise, draw, show the history."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="a PandaSet sequence, a video or a folder of images")
    parser.add_argument("out", type=Path, help="the folder to write to")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    store = label(args.source, args.out)
    scene = store.scene()
    summarise(scene)
    write_pictures(scene, args.out / "pictures")
    for commit in store.log()[:3]:
        print(f"{commit.id[:8]} {commit.author}: {commit.message}")


if __name__ == "__main__":
    main()
