"""COCO to YOLO, 20,000 images and 150,000 boxes, against the converters people use.

    python bench/coco_to_yolo.py                    # ultralytics, where it is installed
    DRIVELABEL_PEERS_PYTHON=/path/to/python python bench/coco_to_yolo.py --peers globox supervision

Each tool runs in a process of its own, once, on the same file, after its imports (ours after compiling); what
counts is CPU time from the JSON file to the last label file; what of it the kernel takes to make files is
the same for all. Numbers are compared first: every box of every
tool must be ours to its own digits. Ours also has the files on the disk when it is done; others do not wait.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

OURS = """
import json, os, sys, time
from pathlib import Path
from drivelabel.formats.coco import read_coco
from drivelabel.formats.yolo import write_yolo
source, small, out = map(Path, sys.argv[1:])
write_yolo(read_coco(small).data, out / "small", "truth", images="none")  # compile
kernel, cpu, wall = os.times().system, time.process_time(), time.perf_counter()
write_yolo(read_coco(source).data, out / "full", "truth", images="none")
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall, os.times().system - kernel]))
"""

ULTRALYTICS = """
import json, os, sys, time
from pathlib import Path
from ultralytics.data.converter import convert_coco
source, small, out = map(Path, sys.argv[1:])
(out / "in").mkdir()
(out / "in" / "instances_all.json").symlink_to(source)
kernel, cpu, wall = os.times().system, time.process_time(), time.perf_counter()
convert_coco(str(out / "in"), str(out / "full"), cls91to80=False)
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall, os.times().system - kernel]))
"""

GLOBOX = """
import json, os, sys, time
from pathlib import Path
from globox import AnnotationSet
source, small, out = map(Path, sys.argv[1:])
names = [category["name"] for category in json.loads(source.read_text())["categories"]]
kernel, cpu, wall = os.times().system, time.process_time(), time.perf_counter()
found = AnnotationSet.from_coco(source)
found.save_yolo_v5(out / "full", label_to_id={name: k for k, name in enumerate(names)})
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall, os.times().system - kernel]))
"""

SUPERVISION = """
import json, os, sys, time
from pathlib import Path
import supervision
source, small, out = map(Path, sys.argv[1:])
kernel, cpu, wall = os.times().system, time.process_time(), time.perf_counter()
found = supervision.DetectionDataset.from_coco(str(source.parent / "images"), str(source))
found.as_yolo(annotations_directory_path=str(out / "full"))
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall, os.times().system - kernel]))
"""

PEERS = {"ultralytics": ULTRALYTICS, "globox": GLOBOX, "supervision": SUPERVISION}


def write_coco_file(path: Path, n_images: int, n_boxes: int) -> None:
    """Boxes with two decimals in images of 640 x 480, as COCO has them."""
    rng = np.random.default_rng(0)
    xy, wh = rng.uniform(0, 400, (n_boxes, 2)).round(2), rng.uniform(1, 79, (n_boxes, 2)).round(2)
    image, category = np.sort(rng.integers(0, n_images, n_boxes)), rng.integers(1, 81, n_boxes)
    annotations = [
        {
            "id": k + 1,
            "image_id": int(image[k]) + 1,
            "category_id": int(category[k]),
            "bbox": [*xy[k].tolist(), *wh[k].tolist()],
            "area": float(wh[k].prod()),
            "iscrowd": 0,
            "segmentation": [],
        }
        for k in range(n_boxes)
    ]
    images = [
        {"id": k + 1, "file_name": f"{k:012d}.jpg", "width": 640, "height": 480} for k in range(n_images)
    ]
    categories = [{"id": k + 1, "name": f"class {k}"} for k in range(80)]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


def boxes_of(folder: Path) -> dict[str, Any]:
    """Sorted (n, 5) lines of each label file that has any."""
    found = {}
    for file in folder.rglob("*.txt"):
        rows = np.array([line.split() for line in file.read_text().splitlines()], np.float64)
        if len(rows):
            found[file.stem] = rows[np.lexsort(rows.round(4).T)]
    return found


def check_equal(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> float:
    """The largest difference of any number, in parts of an image's side."""
    assert ours.keys() == theirs.keys(), f"{name}: {len(theirs)} files of labels, ours {len(ours)}"
    worst = 0.0
    for stem, rows in ours.items():
        other = theirs[stem]
        assert rows.shape == other.shape, f"{name}, {stem}: {len(other)} boxes, ours {len(rows)}"
        far = np.abs(rows[:, None] - other[None]).max(axis=2)
        worst = max(worst, float(far.min(axis=1).max()))
    assert worst < 1e-4, f"{name}: a number differs by {worst}"
    return worst


def coco_to_yolo(options: argparse.Namespace) -> dict[str, Any]:
    """CPU seconds of each tool, and how many times faster ours is."""
    n_images = options.images
    with tempfile.TemporaryDirectory(prefix="bench-yolo-") as name:
        folder = Path(name)
        source, small = folder / "instances.json", folder / "small.json"
        write_coco_file(source, n_images, n_images * 15 // 2)
        write_coco_file(small, 100, 1000)
        (cpu, wall, kernel), ours = _run(sys.executable, OURS, source, small, folder / "ours")
        found: dict[str, Any] = {
            "images": n_images, "boxes": n_images * 15 // 2, "cpu_s": round(cpu, 2), "wall_s": round(wall, 2),
            "of_it_kernel_s": round(kernel, 2),
        }  # fmt: skip
        for peer in options.peers if getattr(options, "peer", True) else []:
            python = sys.executable if peer == "ultralytics" else os.environ.get("DRIVELABEL_PEERS_PYTHON")
            if python is None:
                found[peer] = "set DRIVELABEL_PEERS_PYTHON to a Python that has it"
                continue
            if peer == "supervision":
                _write_images(folder / "images", n_images)
            (peer_cpu, _, peer_kernel), theirs = _run(python, PEERS[peer], source, small, folder / peer)
            found[f"{peer}_cpu_s"] = round(peer_cpu, 2)
            found[f"{peer}_largest_difference"] = float(f"{check_equal(ours, theirs, peer):.2g}")
            found[f"{peer}_of_it_kernel_s"] = round(peer_kernel, 2)
            found[f"{peer}_times_faster_cpu"] = round(peer_cpu / cpu, 1)
            found[f"{peer}_times_faster_outside_kernel"] = round((peer_cpu - peer_kernel) / (cpu - kernel), 1)
        return found


def _run(
    python: str, script: str, source: Path, small: Path, out: Path
) -> tuple[list[float], dict[str, Any]]:
    out.mkdir()
    command = [python, "-W", "ignore", "-c", script, str(source), str(small), str(out)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(printed.strip().splitlines()[-1]), boxes_of(out / "full")


def _write_images(folder: Path, n: int) -> None:
    """supervision looks at the images' sizes."""
    import cv2

    folder.mkdir()
    code = cv2.imencode(".jpg", np.zeros((480, 640, 3), np.uint8))[1].tobytes()
    for k in range(n):
        (folder / f"{k:012d}.jpg").write_bytes(code)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this section."""
    parser.add_argument("--images", type=int, default=20_000, help="7.5 boxes are in each")
    parser.add_argument("--peers", nargs="*", default=["ultralytics"], choices=sorted(PEERS))


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    print(json.dumps({"section": "coco_to_yolo", **coco_to_yolo(parser.parse_args())}), flush=True)


if __name__ == "__main__":
    main()
