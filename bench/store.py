"""A scene's store: masks against files and stock codecs, a one-frame edit, and what checksums cost.

Every way of keeping masks is checked to give back equal pixels before it is timed. Ratios are the claim:
absolute times drift by 2x with what else the machine does, so compare only within a run, on an idle machine.
Frames are read in random order, each once; the files lie in the page cache.

    python bench/store.py                        # 60 frames x 2 cameras of synthetic streets, 1280x720
    python bench/store.py --frames 10 --edits 20 # the same in a few seconds
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import icechunk
import numpy as np
import zarr
from masks import street
from pycocotools import mask as coco_mask
from zarr.codecs import ZstdCodec

from drivelabel.labels import DRIVING, Boxes2D
from drivelabel.scene import Camera, Frames, Scene, Source
from drivelabel.storage import SceneStore, _spec
from drivelabel.storage.codecs.mask_bytes import decode_mask, decode_unsealed, encode_mask

HW = (720, 1280)
Masks = dict[int, np.ndarray]
Read = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Keeper:
    """A way of keeping masks: writing all, reading one, reading one into a buffer, going through all."""

    name: str
    write: Callable[[Path, Masks], None]
    reader: Callable[[Path], Read]
    reader_into: Callable[[Path, np.ndarray], Read] | None = None
    scan: Callable[[Path, int], Iterator[Any]] | None = None


def empty_scene(n_frames: int) -> Scene:
    """Two cameras without labels."""
    half = n_frames // 2
    zeros = np.zeros(n_frames, np.int64)
    frames = Frames(
        np.tile(np.arange(half) * 10**8, 2), np.repeat([0, 1], half), zeros, np.arange(n_frames), zeros - 1
    )
    cameras = (Camera("cam_front", HW), Camera("cam_left", HW))
    return Scene("bench", cameras, DRIVING, frames, sources=(Source("drive.mp4", "video"),))


# Ways of keeping ------------------------------------------------------------------------------------------


def store_keeper(codec: str) -> Keeper:
    """Our store, through its public names."""

    def write(folder: Path, masks: Masks) -> None:
        store = SceneStore.create(folder / "a.scene", empty_scene(len(masks)), mask_codec=codec)
        with store.edit("masks", by="model") as edit:
            edit.create_layer("auto", DRIVING)
            for frame, mask in masks.items():
                edit.set_label_map("auto", frame, mask)

    def reader(folder: Path) -> Read:
        stored = SceneStore.open(folder / "a.scene").scene().layer("auto").label_maps
        assert stored is not None
        return stored.read

    def into(folder: Path, buffer: np.ndarray) -> Read:
        read = reader(folder)
        return lambda frame: read(frame, buffer)  # type: ignore[call-arg]

    def scan(folder: Path, n_frames: int) -> Iterator[Any]:
        stored = SceneStore.open(folder / "a.scene").scene().layer("auto").label_maps
        return stored.iterate(range(n_frames), np.empty(HW, np.uint8))  # type: ignore[union-attr]

    return Keeper(f"drivelabel {codec}", write, reader, into, scan)


def write_png(folder: Path, masks: Masks) -> None:
    """One PNG a frame."""
    for frame, mask in masks.items():
        cv2.imwrite(str(folder / f"{frame}.png"), mask)


def read_png(folder: Path) -> Read:
    """Reader of one PNG a frame."""
    return lambda frame: cv2.imread(str(folder / f"{frame}.png"), cv2.IMREAD_UNCHANGED)


def write_npz(folder: Path, masks: Masks) -> None:
    """One compressed npz a frame."""
    for frame, mask in masks.items():
        np.savez_compressed(folder / f"{frame}.npz", mask=mask)


def read_npz(folder: Path) -> Read:
    """Reader of one npz a frame."""
    return lambda frame: np.load(folder / f"{frame}.npz", allow_pickle=False)["mask"]


def write_coco(folder: Path, masks: Masks) -> None:
    """One JSON a frame with a COCO run-length string for each category."""
    for frame, mask in masks.items():
        runs = {}
        for category in np.unique(mask).tolist():
            encoded = coco_mask.encode(np.asfortranarray(mask == category))
            runs[category] = {"size": encoded["size"], "counts": encoded["counts"].decode()}
        (folder / f"{frame}.json").write_text(json.dumps(runs))


def read_coco(folder: Path) -> Read:
    """Reader of COCO run-length strings."""

    def read(frame: int) -> np.ndarray:
        mask = np.empty(HW, np.uint8)
        for category, runs in json.loads((folder / f"{frame}.json").read_text()).items():
            mask[coco_mask.decode({**runs, "counts": runs["counts"].encode()}).astype(bool)] = int(category)
        return mask

    return read


def write_zarr(folder: Path, masks: Masks) -> None:
    """zarr-python in Icechunk, zstd level 3, one chunk a frame, no checksum."""
    repo = icechunk.Repository.create(icechunk.local_filesystem_storage(str(folder)))
    session = repo.writable_session("main")
    array = zarr.create_array(
        session.store, shape=(len(masks), *HW), chunks=(1, *HW), dtype="uint8", compressors=ZstdCodec(level=3)
    )
    for frame, mask in masks.items():
        array[frame] = mask
    session.commit("masks")


def read_zarr(folder: Path) -> Read:
    """Reader of zarr-python in Icechunk."""
    repo = icechunk.Repository.open(icechunk.local_filesystem_storage(str(folder)))
    array = zarr.open_array(repo.readonly_session("main").store, mode="r")
    return lambda frame: np.asarray(array[frame])


KEEPERS = (
    store_keeper("rle"),
    store_keeper("zstd"),
    Keeper("zarr zstd3", write_zarr, read_zarr),
    Keeper("PNG files", write_png, read_png),
    Keeper("npz files", write_npz, read_npz),
    Keeper("COCO RLE JSON", write_coco, read_coco),
)


def measure(keeper: Keeper, masks: Masks, folder: Path) -> dict[str, Any]:
    """Size and times of one way of keeping masks, after checking that it gives back equal pixels."""
    folder.mkdir()
    start = time.perf_counter()
    keeper.write(folder, masks)
    written = time.perf_counter() - start
    read = keeper.reader(folder)
    for frame, mask in masks.items():
        np.testing.assert_array_equal(read(frame), mask)
    order = np.random.default_rng(0).permutation(len(masks)).tolist()
    row = {
        "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "write_ms": 1e3 * written / len(masks),
        "read_ms": 1e3 * statistics.median(timed(keeper.reader(folder), order)),
    }
    if keeper.reader_into is not None:
        into = keeper.reader_into(folder, np.empty(HW, np.uint8))
        row["read_into_ms"] = 1e3 * statistics.median(timed(into, order))
    start = time.perf_counter()
    for _ in keeper.scan(folder, len(masks)) if keeper.scan else map(read, range(len(masks))):
        pass
    row["scan_gb_s"] = len(masks) * HW[0] * HW[1] / 1e9 / (time.perf_counter() - start)
    return row


def timed(read: Read, frames: list[int]) -> list[float]:
    """Seconds that each read took."""
    seconds = []
    for frame in frames:
        start = time.perf_counter()
        read(frame)
        seconds.append(time.perf_counter() - start)
    return seconds


# Edits and checksums --------------------------------------------------------------------------------------


def measure_edits(n_edits: int, masks: Masks, folder: Path) -> dict[str, Any]:
    """One mask and one table of one frame, committed; again and again, with a history that stays whole."""
    store = SceneStore.create(folder / "edits.scene", empty_scene(len(masks)))
    with store.edit("start") as edit:
        edit.create_layer("review", DRIVING)
    rng = np.random.default_rng(1)
    wall, cpu, expected = [], [], {}
    for number in range(n_edits + 3):
        frame = number % len(masks)
        mask = masks[frame].copy()
        mask[rng.integers(HW[0]), :] = 3
        corner = rng.uniform(0, 600, (20, 2)).astype(np.float32)
        boxes = Boxes2D(xyxy=np.hstack([corner, corner + 40]), category_id=np.zeros(20, np.int64))
        start, start_cpu = time.perf_counter(), time.process_time()
        with store.edit(f"edit {number}") as edit:
            edit.set_label_map("review", frame, mask)
            edit.set("review", frame, boxes)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
        expected[store.head] = (frame, mask, boxes)
    again = SceneStore.open(folder / "edits.scene")
    for snapshot, (frame, mask, boxes) in expected.items():
        layer = again.scene(snapshot).layer("review")
        np.testing.assert_array_equal(layer.label_map(frame).label_map, mask)
        np.testing.assert_array_equal(layer.boxes2d[frame].xyxy, boxes.xyxy)
    assert len(again.log()) == n_edits + 5
    return {
        "edits": n_edits,
        "median_ms": 1e3 * statistics.median(wall[3:]),
        "p95_ms": 1e3 * float(np.percentile(wall[3:], 95)),
        "median_cpu_ms": 1e3 * statistics.median(cpu[3:]),
        "bytes_per_edit": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / n_edits,
    }


def measure_checksums(masks: Masks, folder: Path) -> dict[str, Any]:
    """A scan with and without comparing checksums, on the chunks that the store holds."""
    keeper = store_keeper("rle")
    keeper.write(folder, masks)
    arrays = SceneStore.open(folder / "a.scene")._arrays()
    buffer = np.empty(HW, np.uint8)
    chunks = []
    for channel in ("cam_front", "cam_left"):
        path = f"layers/auto/label_map/{channel}/pixels"
        chunks += arrays.get(arrays.spec(path).key(path, place) for place in range(len(masks) // 2))
    plain: list[float] = []
    checked: list[float] = []
    for number, data in enumerate(chunks * 10):
        assert data is not None
        body = np.frombuffer(data, np.uint8)[:-4]
        ways = [
            (plain, partial(decode_unsealed, body, HW, "uint8", out=buffer)),
            (checked, partial(decode_mask, data, HW, "uint8", out=buffer)),
        ]
        for seconds, decode in ways if number % 2 else ways[::-1]:  # neither always finds warm caches
            start = time.process_time()
            decode()
            seconds.append(time.process_time() - start)
    without, with_checks = statistics.median(plain), statistics.median(checked)
    scan_plain, scan_checked = scans(keeper, len(masks), folder)
    return {
        "decode_us": 1e6 * without,
        "decode_and_check_us": 1e6 * with_checks,
        "slower_percent": 100 * (with_checks / without - 1),
        "scan_us": 1e6 * scan_plain,
        "scan_and_check_us": 1e6 * scan_checked,
        "scan_slower_percent": 100 * (scan_checked / scan_plain - 1),
    }


def scans(keeper: Keeper, n_frames: int, folder: Path) -> tuple[float, float]:
    """Processor time a mask when all are read in turn, seconds: without and with comparing checksums."""

    def unchecked(data: bytes, *args: Any, **more: Any) -> np.ndarray:
        return decode_unsealed(np.frombuffer(data, np.uint8)[:-4], *args, **more)

    assert keeper.scan is not None
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for number in range(20):
        for checks in (False, True) if number % 2 else (True, False):
            with nullcontext() if checks else mock.patch.object(_spec, "decode_mask", unchecked):
                start = time.process_time()
                for _ in keeper.scan(folder, n_frames):
                    pass
                seconds[checks].append((time.process_time() - start) / n_frames)
    return statistics.median(seconds[False]), statistics.median(seconds[True])


def main() -> None:
    """Measure all and print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=60, help="of each of two cameras")
    parser.add_argument("--edits", type=int, default=100)
    args = parser.parse_args()
    masks = {i: street(i % args.frames, i // args.frames, HW)[0] for i in range(2 * args.frames)}
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {len(masks)} masks of {HW[1]}x{HW[0]}")
    decode_mask(encode_mask(masks[0]), HW, "uint8")  # compiles
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, keeper in enumerate(KEEPERS):
            rows[keeper.name] = measure(keeper, masks, Path(folder) / str(number))
        edits = measure_edits(args.edits, masks, Path(folder) / "edits")
        checksums = measure_checksums(masks, Path(folder) / "checksums")
    names = ("bytes", "write_ms", "read_ms", "read_into_ms", "scan_gb_s")
    print(f"{'':16}" + "".join(f"{name:>14}" for name in names))
    for keeper_name, row in rows.items():
        cells = (f"{row[name]:14.3f}" if name in row else " " * 14 for name in names)
        print(f"{keeper_name:16}" + "".join(cells))
    print(
        "one frame's edit (goal: at most 20 ms median):",
        {name: round(value, 2) for name, value in edits.items()},
    )
    print(
        "checksums (goal: a scan at most 10 % slower):",
        {name: round(value, 2) for name, value in checksums.items()},
    )
    print(json.dumps({"masks": rows, "edits": edits, "checksums": checksums}))


if __name__ == "__main__":
    main()
