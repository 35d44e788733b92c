"""Formats against the tools people use today, a section each; every result is checked to be equal first.

Ratios are the claim: absolute times drift with what else the machine does. CPU seconds are shown beside wall
seconds for that reason.

    python bench/formats.py nuscenes               # a tenth of nuScenes' size, with the devkit
    python bench/formats.py nuscenes --scenes 850  # its size: 1.2 M annotations; the devkit then needs 18 GB
    python bench/formats.py nuscenes --scenes 850 --no-peer
    python bench/formats.py coco-to-yolo           # 20,000 images; see coco_to_yolo.py
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import coco_to_yolo
import numpy as np

SAMPLES, TURNS, CHANNELS = 40, 240, 12
"""Of a nuScenes scene: samples, turns of each sensor in all (about), sensors."""
THINGS, ANNOTATIONS = 76, 1372
"""Of a nuScenes scene, on average: 64,386 instances and 1,166,187 annotations in 850 scenes."""
VERSION = "v1.0-trainval"


def token(kind: int, scene: int, number: int) -> str:
    """32 hex digits that look like nuScenes' random ones."""
    mixed = (kind << 56) ^ (scene << 32) ^ number
    return f"{mixed * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1:032x}"


def write_nuscenes_tables(root: Path, scenes: int) -> None:
    """Synthetic tables of nuScenes' shape, with its keys in its order and indented as it indents them."""
    folder = root / VERSION
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    names = ["human.pedestrian.adult", "movable_object.barrier", "vehicle.car", "vehicle.truck"]
    channels = ["LIDAR_TOP", *(f"CAM_{k}" for k in range(6)), *(f"RADAR_{k}" for k in range(5))]
    kinds = ["lidar", *["camera"] * 6, *["radar"] * 5]
    small: dict[str, list[dict[str, Any]]] = {
        "category": [
            {"token": token(1, 0, k), "name": name, "description": ""} for k, name in enumerate(names)
        ],
        "attribute": [{"token": token(2, 0, 0), "name": "vehicle.moving", "description": ""}],
        "visibility": [{"token": str(k), "level": f"v{k}", "description": ""} for k in range(1, 5)],
        "sensor": [
            {"token": token(3, 0, k), "channel": channel, "modality": kinds[k]}
            for k, channel in enumerate(channels)
        ],
        "map": [{"category": "semantic_prior", "token": "m", "filename": "maps/m.png",
                 "log_tokens": [token(4, s, 0) for s in range(scenes)]}],
        "log": [{"token": token(4, s, 0), "logfile": f"n{s}", "vehicle": "n", "date_captured": "2018-07-01",
                 "location": "boston"} for s in range(scenes)],
        "scene": [{"token": token(5, s, 0), "log_token": token(4, s, 0), "nbr_samples": SAMPLES,
                   "first_sample_token": token(6, s, 0), "last_sample_token": token(6, s, SAMPLES - 1),
                   "name": f"scene-{s:04d}", "description": ""} for s in range(scenes)],
        "calibrated_sensor": [
            {"token": token(7, s, k), "sensor_token": token(3, 0, k), "translation": [1.5, 0.0, 1.6],
             "rotation": [0.5, -0.5, 0.5, -0.5],
             "camera_intrinsic": [[1266.4, 0.0, 816.3], [0.0, 1266.4, 491.5], [0.0, 0.0, 1.0]]
             if kinds[k] == "camera" else []}
            for s in range(scenes) for k in range(CHANNELS)
        ],
    }  # fmt: skip
    for table, records in small.items():
        (folder / f"{table}.json").write_text(json.dumps(records, indent=0))
    (root / "maps").mkdir()
    (root / "maps" / "m.png").write_bytes(b"")
    large: dict[str, Callable[[int], Iterator[str]]] = {
        "sample": _samples,
        "sample_data": lambda s: _sample_data(s, channels, kinds),
        "ego_pose": lambda s: _ego_poses(s, rng),
        "instance": _instances,
        "sample_annotation": lambda s: _annotations(s, rng),
    }
    for table, lines in large.items():
        with (folder / f"{table}.json").open("w") as file:
            comma = "[\n"
            for scene in range(scenes):
                for line in lines(scene):
                    file.write(comma + line)
                    comma = ",\n"
            file.write("\n]")


def _time_us(scene: int, turn: int) -> int:
    return 1_530_000_000_000_000 + scene * 30_000_000 + turn * 83_333


def _samples(s: int) -> Iterator[str]:
    names = ["", *(token(6, s, k) for k in range(SAMPLES)), ""]
    for k in range(SAMPLES):
        yield (f'{{\n"token": "{names[k + 1]}",\n"timestamp": {_time_us(s, 6 * k)},\n"prev": "{names[k]}",\n'
               f'"next": "{names[k + 2]}",\n"scene_token": "{token(5, s, 0)}"\n}}')  # fmt: skip


def _sample_data(s: int, channels: list[str], kinds: list[str]) -> Iterator[str]:
    for c, channel in enumerate(channels):
        size = (900, 1600) if kinds[c] == "camera" else (0, 0)
        suffix = "jpg" if kinds[c] == "camera" else "pcd.bin" if kinds[c] == "lidar" else "pcd"
        names = ["", *(token(8, s, c * TURNS + k) for k in range(TURNS)), ""]
        for k in range(TURNS):
            key, time_us = k % 6 == 0, _time_us(s, k)
            sample = token(6, s, min(-(-k // 6), SAMPLES - 1))
            folder = "samples" if key else "sweeps"
            yield (f'{{\n"token": "{names[k + 1]}",\n"sample_token": "{sample}",\n'
                   f'"ego_pose_token": "{names[k + 1]}",\n"calibrated_sensor_token": "{token(7, s, c)}",\n'
                   f'"timestamp": {time_us},\n"fileformat": "{suffix[:3]}",\n'
                   f'"is_key_frame": {"true" if key else "false"},\n'
                   f'"height": {size[0]},\n"width": {size[1]},\n'
                   f'"filename": "{folder}/{channel}/n{s}__{channel}__{time_us}.{suffix}",\n'
                   f'"prev": "{names[k]}",\n"next": "{names[k + 2]}"\n}}')  # fmt: skip


def _ego_poses(s: int, rng: np.random.Generator) -> Iterator[str]:
    start = rng.uniform(300, 1800, 2)
    for c in range(CHANNELS):
        for k in range(TURNS):
            x, y = start + 0.7 * k
            yield (f'{{\n"token": "{token(8, s, c * TURNS + k)}",\n"timestamp": {_time_us(s, k)},\n'
                   '"rotation": [\n0.5720063498929273,\n-0.0021627965780137,\n'
                   '0.011840056604814,\n0.82018792834812\n],\n'
                   f'"translation": [\n{x:.12f},\n{y:.12f},\n0.0\n]\n}}')  # fmt: skip


def _spans(s: int) -> list[tuple[int, int]]:
    """First and last sample of each thing; the same in every run."""
    rng = np.random.default_rng(s)
    first = rng.integers(0, SAMPLES - 18, THINGS)
    return [(int(a), int(a) + 17 + k % 2) for k, a in enumerate(first)]


def _instances(s: int) -> Iterator[str]:
    for k, (first, last) in enumerate(_spans(s)):
        yield (f'{{\n"token": "{token(9, s, k)}",\n"category_token": "{token(1, 0, k % 4)}",\n'
               f'"nbr_annotations": {last - first + 1},\n'
               f'"first_annotation_token": "{token(10, s, k * SAMPLES + first)}",\n'
               f'"last_annotation_token": "{token(10, s, k * SAMPLES + last)}"\n}}')  # fmt: skip


def _annotations(s: int, rng: np.random.Generator) -> Iterator[str]:
    for k, (first, last) in enumerate(_spans(s)):
        x, y = rng.uniform(300, 1800, 2)
        own = {j: token(10, s, k * SAMPLES + j) for j in range(first, last + 1)}
        attribute = f'\n"{token(2, 0, 0)}"\n' if k % 2 else ""
        for j in range(first, last + 1):
            yield (f'{{\n"token": "{own[j]}",\n"sample_token": "{token(6, s, j)}",\n'
                   f'"instance_token": "{token(9, s, k)}",\n"visibility_token": "{k % 4 + 1}",\n'
                   f'"attribute_tokens": [{attribute}],\n'
                   f'"translation": [\n{x + 0.4 * j:.3f},\n{y:.3f},\n1.012\n],\n'
                   '"size": [\n1.95,\n4.607,\n1.728\n],\n'
                   '"rotation": [\n-0.9831098797903927,\n0.0,\n0.0,\n0.18301629506281616\n],\n'
                   f'"prev": "{own.get(j - 1, "")}",\n"next": "{own.get(j + 1, "")}",\n'
                   f'"num_lidar_pts": {j},\n"num_radar_pts": 0\n}}')  # fmt: skip


_DEVKIT = """
import json, resource, sys, time
from unittest.mock import patch
import nuscenes.nuscenes as devkit
start, cpu = time.perf_counter(), time.process_time()
with patch.object(devkit, "MapMask", lambda *a, **k: None):
    nusc = devkit.NuScenes(sys.argv[2], sys.argv[1], verbose=False)
    opened = time.perf_counter() - start, time.process_time() - cpu
    token, boxes = nusc.scene[0]["first_sample_token"], []
    while token:
        sample = nusc.get("sample", token)
        boxes += [nusc.get_box(name) for name in sample["anns"]]
        token = sample["next"]
total = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([total, time.process_time() - cpu, peak, [box.center.tolist() for box in boxes]]))
"""

_OURS = """
import json, resource, sys, time
from drivelabel.formats.nuscenes import read_nuscenes
read_nuscenes(sys.argv[3])  # compile
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start, cpu = time.perf_counter(), time.process_time()
scene = read_nuscenes(sys.argv[1], version=sys.argv[2], scene="scene-0000").data
wall, cpu = time.perf_counter() - start, time.process_time() - cpu
from drivelabel.storage import SceneStore
SceneStore.create(sys.argv[4], scene)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([wall, cpu, peak - before, scene.layer("truth").boxes3d.rows.center.tolist()]))
"""

_STORED = """
import json, resource, statistics, sys, time
from drivelabel.storage import open_scene
open_scene(sys.argv[1]).layer("truth").boxes3d.rows
def status(): return int(open("/proc/self/statm").read().split()[1]) * 4 / 1024
before, times, cpus = status(), [], []
for _ in range(30):
    start, cpu = time.perf_counter(), time.process_time()
    rows = open_scene(sys.argv[1]).layer("truth").boxes3d.rows
    times.append(1e3 * (time.perf_counter() - start))
    cpus.append(1e3 * (time.process_time() - cpu))
middle = statistics.median
print(json.dumps([middle(times), middle(cpus), min(times), status() - before, len(rows)]))
"""


def run(script: str, *arguments: object) -> list[Any]:
    """What a script prints, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", script, *(str(argument) for argument in arguments)]
    return list(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def nuscenes(options: argparse.Namespace) -> dict[str, Any]:
    """Opening tables of nuScenes' size and reading all boxes of the first scene."""
    with tempfile.TemporaryDirectory(prefix="bench-formats-") as folder:
        root, tiny, stored = Path(folder) / "data", Path(folder) / "tiny", Path(folder) / "stored.zarr"
        write_nuscenes_tables(root, options.scenes)
        write_nuscenes_tables(tiny, 1)
        size = sum(path.stat().st_size for path in (root / VERSION).iterdir())
        wall, cpu, memory, boxes = run(_OURS, root, VERSION, tiny, stored)
        opened, opened_cpu, fastest, more, n_stored = run(_STORED, stored)
        found: dict[str, Any] = {
            "scenes": options.scenes,
            "json_mb": round(size / 1e6),
            "import_s": round(wall, 2),
            "import_cpu_s": round(cpu, 2),
            "import_mb": round(memory),
            "stored_open_and_boxes_ms": round(opened, 2),
            "stored_cpu_ms": round(opened_cpu, 2),
            "stored_fastest_ms": round(fastest, 2),
            "stored_more_mb": round(more, 1),
            "boxes": len(boxes),
        }
        assert n_stored == len(boxes)
        if options.peer:
            peer_wall, peer_cpu, peer_memory, peer_boxes = run(_DEVKIT, root, VERSION)
            order = np.lexsort(np.array(boxes).T), np.lexsort(np.array(peer_boxes).T)
            np.testing.assert_array_equal(np.array(boxes)[order[0]], np.array(peer_boxes)[order[1]])
            found |= {
                "devkit_s": round(peer_wall, 2),
                "devkit_cpu_s": round(peer_cpu, 2),
                "devkit_mb": round(peer_memory),
                "import_times_faster_cpu": round(peer_cpu / cpu, 1),
                "stored_times_faster": round(peer_wall * 1e3 / opened),
            }
        return found


SECTIONS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "nuscenes": nuscenes,
    "coco-to-yolo": coco_to_yolo.coco_to_yolo,
}


def main() -> None:
    """Run the sections that were asked for; one JSON line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", default=list(SECTIONS), help=", ".join(SECTIONS))
    parser.add_argument(
        "--scenes", type=int, default=85, help="of nuScenes-like tables; the real ones have 850"
    )
    coco_to_yolo.add_arguments(parser)
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="do not run the other tools")
    options = parser.parse_args()
    for name in options.sections:
        print(json.dumps({"section": name, **SECTIONS[name](options)}), flush=True)


if __name__ == "__main__":
    main()
