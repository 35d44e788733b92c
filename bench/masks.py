"""How masks of a scene are best kept: size, writing, one frame, a scan; ours against files and stock codecs.

Every way of keeping is checked to give back equal pixels before it is timed. Ratios are the claim: absolute
times drift by 2x with what else the machine does, so run it on an idle one, and compare only within a run.
A scan's rate is that of the median step (a frame, or a batch of them); writing is the best of the repeats.
The codec's own rates are per core, so they are taken in processor time, which other programs disturb less.

    python bench/masks.py                       # 40 frames x 6 cameras of synthetic streets, 1280x720
    python bench/masks.py --frames 4            # the same in a minute
    python bench/masks.py --network twinlitenet.onnx --video drive.mp4   # what a real network puts out
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import icechunk
import numpy as np
import zarr
from numcodecs import zstd
from PIL import Image
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, ZstdCodec
from zarr.core.buffer import default_buffer_prototype

from drivelabel.storage.codecs import codec_chain, decode_mask, encode_mask

BATCH = 16
PROTOTYPE = default_buffer_prototype()


# What is kept ---------------------------------------------------------------------------------------------


def street(frame: int, camera: int, hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Label map (h, w) uint8 and instance map (h, w) uint16 of one frame of a made-up street."""
    h, w = hw
    rng = np.random.default_rng(camera)
    label, instance = np.full(hw, 29, np.uint8), np.zeros(hw, np.uint16)
    horizon = int(h * rng.uniform(0.42, 0.52))

    def polygon(points: Any, category: int, thing: int = 0) -> None:
        corners = [np.round(np.asarray(points)).astype(np.int32)]
        cv2.fillPoly(label, corners, category)
        cv2.fillPoly(instance, corners, thing)

    for _ in range(14):  # houses and trees along the street
        x = (rng.uniform(-0.2, 1.2) * w - frame * 3) % (1.3 * w) - 0.15 * w
        top, half = horizon - rng.uniform(0.05, 0.4) * h, rng.uniform(0.03, 0.12) * w
        if rng.random() < 0.5:
            polygon([(x - half, h), (x - half, top), (x + half, top), (x + half, h)], 25)
        else:
            angle = np.linspace(0, 2 * np.pi, 40)
            radius = half * (1 + 0.25 * rng.normal(size=40))
            polygon(np.stack([x + radius * np.cos(angle), top + half + radius * np.sin(angle)], 1), 24)
            polygon([(x - 6, top + half), (x + 6, top + half), (x + 6, h), (x - 6, h)], 28)
    polygon([(0, horizon + 30), (w, horizon + 30), (w, h), (0, h)], 22)
    polygon([(w * 0.46, horizon), (w * 0.54, horizon), (w * 1.1, h), (-w * 0.1, h)], 20)
    for side in range(-2, 3):  # dashed lines
        for k in range(8):
            near, far = ((k + off + frame * 0.2) % 8 / 8 for off in (0.0, 0.4))
            if far > near:
                ys = horizon + (h - horizon) * np.array([near, near, far, far]) ** 2
                spread = (ys - horizon) * 1.1
                edge = np.array([-0.012, 0.012, 0.012, -0.012])
                polygon(np.stack([w / 2 + spread * (side * 0.33 + edge * 2), ys], 1), 21)
    for thing in range(1, 26):  # cars, people, signs
        depth = rng.uniform(0.05, 1)
        x = (rng.uniform(0, w) + frame * rng.normal(0, 6)) % w
        base, size = horizon + (h - horizon) * depth * 0.8, 20 + 200 * depth**2
        lean = rng.uniform(0.6, 1, 8)
        angle = np.linspace(0, 2 * np.pi, 8, endpoint=False) + 0.3
        wide = rng.choice([0.2, 1.0])
        body = np.stack(
            [x + wide * size * lean * np.cos(angle), base - size / 2 + size / 2 * np.sin(angle)], 1
        )
        polygon(body, int(rng.integers(0, 14)), thing)
    return ragged(label, instance, np.random.default_rng([frame, camera]))


def ragged(
    label: np.ndarray, instance: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Both maps with the wavering borders that networks give: moved by 2 px in patches and 0.4 px a pixel."""
    h, w = label.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    for plane in (x, y):
        plane += cv2.resize(rng.normal(0, 2, (h // 16, w // 16)).astype(np.float32), (w, h))
        plane += cv2.resize(rng.normal(0, 0.4, (h // 2, w // 2)).astype(np.float32), (w, h))
    moved = [
        cv2.remap(m, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE) for m in (label, instance)
    ]
    return moved[0], moved[1]


def synthetic(n_frames: int, n_cameras: int, hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(n, h, w) label maps uint8 and instance maps uint16."""
    n = n_frames * n_cameras
    labels, instances = np.empty((n, *hw), np.uint8), np.empty((n, *hw), np.uint16)
    for i in range(n):
        labels[i], instances[i] = street(*divmod(i, n_cameras), hw)
    return labels, instances


def from_network(network: Path, video: Path, n: int, hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Road (1) and lane markings (2) that TwinLiteNet finds in a video; instances are connected parts."""
    import onnxruntime

    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    side = session.get_inputs()[0].shape[2:]
    capture = cv2.VideoCapture(str(video))
    labels, instances = np.zeros((n, *hw), np.uint8), np.zeros((n, *hw), np.uint16)
    for i in range(n):
        ok, image = capture.read()
        if not ok:
            return labels[:i], instances[:i]
        tensor = cv2.resize(image, side[::-1])[:, :, ::-1].transpose(2, 0, 1)[None] / np.float32(255)
        for value, logits in enumerate(session.run(None, {"input": tensor.astype(np.float32)}), start=1):
            margin = cv2.resize(logits[0, 1] - logits[0, 0], hw[::-1], interpolation=cv2.INTER_LINEAR)
            labels[i][margin > 0] = value
        instances[i] = cv2.connectedComponents(labels[i])[1]
    return labels, instances


# How it is kept -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """One way of keeping a stack of masks.

    `write` takes a fresh folder and (n, h, w) masks and returns what `read` needs; `read` takes that, a
    frame's number and a buffer or None. `read_batch` reads frames first to stop, where that can be quicker
    than one by one.
    """

    name: str
    write: Callable[[Path, np.ndarray], Any]
    read: Callable[[Any, int, np.ndarray | None], np.ndarray]
    read_batch: Callable[[Any, int, int, np.ndarray | None], None] | None = None
    slow: bool = False


def in_buffer(mask: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    """For readers that cannot fill a caller's buffer."""
    if out is None:
        return mask
    out[:] = mask
    return out


def files(
    suffix: str, save: Callable[[Path, np.ndarray], Any], load: Callable[[Path], Any]
) -> dict[str, Any]:
    """`write` and `read` with one file a frame."""

    def write(folder: Path, masks: np.ndarray) -> Path:
        for i, mask in enumerate(masks):
            save(folder / f"{i}{suffix}", mask)
        return folder

    def read(folder: Path, i: int, out: np.ndarray | None) -> np.ndarray:
        return in_buffer(np.asarray(load(folder / f"{i}{suffix}")), out)

    return {"write": write, "read": read}


def load_npz(path: Path) -> np.ndarray:
    """The mask in an npz file."""
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["mask"]


def save_coco(path: Path, mask: np.ndarray) -> None:
    """One run-length string per value in the mask, as COCO does it."""
    from pycocotools import mask as coco

    values = np.unique(mask).tolist()
    parts = [coco.encode(np.asfortranarray(mask == value)) for value in values]
    segments = [
        {"category_id": value, "segmentation": {"size": part["size"], "counts": part["counts"].decode()}}
        for value, part in zip(values, parts, strict=True)
    ]
    path.write_text(json.dumps({"dtype": str(mask.dtype), "segments": segments}))


def load_coco(path: Path) -> np.ndarray:
    """The mask that `save_coco` wrote."""
    from pycocotools import mask as coco

    frame = json.loads(path.read_text())
    mask = np.zeros(frame["segments"][0]["segmentation"]["size"], frame["dtype"])
    for segment in frame["segments"]:
        mask[coco.decode(segment["segmentation"]).view(bool)] = segment["category_id"]
    return mask


def through_zarr(codecs: dict[str, Any]) -> dict[str, Any]:
    """`write` and `read` by zarr in an Icechunk repository in a folder, one frame a chunk."""

    def write(folder: Path, masks: np.ndarray) -> zarr.Array[Any]:
        session, array = new_array(folder, masks, codecs)
        for i, mask in enumerate(masks):
            array[i] = mask
        session.commit("masks")
        return zarr.open_array(reader(folder).store, path="masks", mode="r")

    def read(array: zarr.Array[Any], i: int, out: np.ndarray | None) -> np.ndarray:
        if out is None:
            return np.asarray(array[i])
        array.get_basic_selection(i, out=PROTOTYPE.nd_buffer.from_ndarray_like(out))
        return out

    return {"write": write, "read": read}


def new_array(folder: Path, masks: np.ndarray, codecs: dict[str, Any]) -> tuple[Any, zarr.Array[Any]]:
    """A writable session of a new repository, and an array in it with one chunk a frame."""
    repository = icechunk.Repository.create(icechunk.local_filesystem_storage(str(folder)))
    session = repository.writable_session("main")
    array = zarr.create_array(
        session.store,
        name="masks",
        shape=masks.shape,
        chunks=(1, *masks.shape[1:]),
        dtype=masks.dtype,
        fill_value=0,
        **codecs,
    )
    return session, array


def reader(folder: Path) -> Any:
    """A session that reads what was committed."""
    return icechunk.Repository.open(icechunk.local_filesystem_storage(str(folder))).readonly_session("main")


@dataclass(frozen=True)
class Chunks:
    """Raw chunks of an array of masks: its store, an event loop, and what `decode_mask` must know."""

    store: Any
    loop: asyncio.AbstractEventLoop
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def write_chunks(folder: Path, masks: np.ndarray) -> Chunks:
    """Write chunks past zarr, several at a time."""
    session, _ = new_array(folder, masks, dict(codec_chain()))
    loop = asyncio.new_event_loop()

    async def put(first: int) -> None:
        numbered = enumerate(masks[first : first + BATCH], start=first)
        data = [(i, PROTOTYPE.buffer.from_bytes(encode_mask(mask[None]))) for i, mask in numbered]
        await asyncio.gather(*(session.store.set(f"masks/c/{i}/0/0", chunk) for i, chunk in data))

    for first in range(0, len(masks), BATCH):
        loop.run_until_complete(put(first))
    session.commit("masks")
    return Chunks(reader(folder).store, loop, (1, *masks.shape[1:]), masks.dtype)


def read_chunk(chunks: Chunks, i: int, out: np.ndarray | None) -> np.ndarray:
    """Read one chunk past zarr."""
    data = chunks.loop.run_until_complete(chunks.store.get(f"masks/c/{i}/0/0", PROTOTYPE))
    out = None if out is None else out[None]
    return decode_mask(data.as_numpy_array(), chunks.shape, chunks.dtype, out=out)[0]


def read_chunks(chunks: Chunks, first: int, stop: int, out: np.ndarray | None) -> None:
    """Read several chunks past zarr, in one call of the store."""
    out = None if out is None else out[None]
    keys = [(f"masks/c/{i}/0/0", None) for i in range(first, stop)]
    for data in chunks.loop.run_until_complete(chunks.store.get_partial_values(PROTOTYPE, keys)):
        decode_mask(data.as_numpy_array(), chunks.shape, chunks.dtype, out=out)


def write_bytes(folder: Path, masks: np.ndarray) -> tuple[list[bytes], Any]:
    """Our bytes, kept in memory."""
    coded = [encode_mask(mask) for mask in masks]
    return coded, (masks.shape[1:], masks.dtype)


def read_bytes(kept: tuple[list[bytes], Any], i: int, out: np.ndarray | None) -> np.ndarray:
    """A mask from our bytes."""
    return decode_mask(kept[0][i], *kept[1], out=out)


def write_zstd(folder: Path, masks: np.ndarray) -> tuple[list[bytes], Any]:
    """Bytes of zstd alone, kept in memory."""
    return [zstd.compress(mask, 3) for mask in masks], (masks.shape[1:], masks.dtype)


def read_zstd(kept: tuple[list[bytes], Any], i: int, out: np.ndarray | None) -> np.ndarray:
    """A mask from bytes of zstd alone."""
    out = np.empty(*kept[1]) if out is None else out
    zstd.decompress(kept[0][i], out)
    return out


def stock(compressor: Any) -> dict[str, Any]:
    """A standard chain with another compressor."""
    return {"serializer": BytesCodec(endian="little"), "compressors": (compressor, Crc32cCodec())}


BASE = "zarr, zstd 3 + crc32c"
DIRECT = "ours, raw chunks + decode_mask"
CODEC = "ours, codec alone (bytes in memory)"
WAYS = [
    Way(
        "PNG files, cv2",
        **files(".png", lambda p, m: cv2.imwrite(str(p), m), lambda p: cv2.imread(str(p), -1)),
    ),
    Way("PNG files, pillow", slow=True, **files(".png", lambda p, m: Image.fromarray(m).save(p), Image.open)),
    Way("npz files", slow=True, **files(".npz", lambda p, m: np.savez_compressed(p, mask=m), load_npz)),
    Way("COCO RLE, JSON files", slow=True, **files(".json", save_coco, load_coco)),
    Way("zarr, blosc zstd bitshuffle", **through_zarr(stock(BloscCodec(cname="zstd", shuffle="bitshuffle")))),
    Way("zarr, zstd 1 + crc32c", **through_zarr(stock(ZstdCodec(level=1)))),
    Way(BASE, **through_zarr(dict(codec_chain(interchange=True)))),
    Way("ours, through zarr", **through_zarr(dict(codec_chain()))),
    Way(DIRECT, write_chunks, read_chunk, read_chunks),
    Way("zstd 3 alone (bytes in memory)", write_zstd, read_zstd),
    Way(CODEC, write_bytes, read_bytes),
]


# What it costs --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """Of one way, over both stacks; a label map and an instance map are two frames."""

    name: str
    frames: int
    bytes_per_frame: float
    write_gb_s: float
    read_ms: float
    scan_fresh_gb_s: float
    scan_reused_gb_s: float


def size_of(folder: Path, kept: Any) -> int:
    """Bytes that the masks take: files, or chunks and manifests, or bytes in memory."""
    if isinstance(kept, tuple):
        return sum(map(len, kept[0]))
    held = (folder / "chunks").rglob("*") if (folder / "chunks").is_dir() else folder.rglob("*")
    manifests = (folder / "manifests").rglob("*") if (folder / "manifests").is_dir() else ()
    return sum(path.stat().st_size for paths in (held, manifests) for path in paths if path.is_file())


def timed(work: Callable[..., Any], *args: Any) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work(*args)
    return time.perf_counter() - start


def scan_seconds(way: Way, kept: Any, n: int, out: np.ndarray | None) -> float:
    """Seconds to read n frames in order, by the median step."""
    if way.read_batch is None:
        return n * statistics.median(timed(way.read, kept, i, out) for i in range(n))
    steps = [(first, min(n, first + BATCH)) for first in range(0, n, BATCH)]
    return n * statistics.median(timed(way.read_batch, kept, *s, out) / (s[1] - s[0]) for s in steps)


def check(way: Way, kept: Any, masks: np.ndarray) -> None:
    """Stop unless both kinds of reading give the masks back."""
    for i in range(0, len(masks), max(1, len(masks) // 16)):
        for out in (None, np.full_like(masks[i], 77)):
            if not np.array_equal(way.read(kept, i, out), masks[i]):
                raise SystemExit(f"{way.name}: frame {i} came back altered")


def measure(way: Way, stacks: list[np.ndarray], n_slow: int, repeats: int) -> Cost:
    """What one way costs over all stacks."""
    n_bytes = pixel_bytes = n_frames = 0
    seconds = {"write": 0.0, "fresh": 0.0, "reused": 0.0}
    single: list[float] = []
    for masks in stacks:
        masks = masks[:n_slow] if way.slow else masks
        out = np.zeros_like(masks[0])
        with tempfile.TemporaryDirectory() as temporary:  # fresh: deleting old files slows making new ones
            way.write(fresh(Path(temporary), "warm"), masks[:2])
            rounds = 1 if way.slow else repeats
            writes = []
            for k in range(rounds):
                folder = fresh(Path(temporary), f"kept-{k}")
                start = time.perf_counter()
                kept = way.write(folder, masks)
                writes.append(time.perf_counter() - start)
            check(way, kept, masks)
            n_bytes += size_of(folder, kept)
            seconds["write"] += min(writes)
            seconds["fresh"] += min(scan_seconds(way, kept, len(masks), None) for _ in range(rounds))
            seconds["reused"] += min(scan_seconds(way, kept, len(masks), out) for _ in range(rounds))
            order = np.random.default_rng(0).integers(0, len(masks), 12 if way.slow else 100)
            single += [timed(way.read, kept, int(i), out) for i in order]
        pixel_bytes += masks.nbytes
        n_frames += len(masks)
    rates = [pixel_bytes / seconds[what] / 1e9 for what in ("write", "fresh", "reused")]
    return Cost(way.name, n_frames, n_bytes / n_frames, rates[0], statistics.median(single) * 1e3, *rates[1:])


def cpu_rates(stacks: list[np.ndarray]) -> tuple[float, float]:
    """GB of pixels that the codec alone codes, and decodes into a reused buffer, per second of processor."""
    seconds = [0.0, 0.0]
    for masks in stacks:
        out = np.zeros_like(masks[0])
        start = time.thread_time()
        coded = [encode_mask(mask) for mask in masks]
        middle = time.thread_time()
        for data in coded:
            decode_mask(data, out.shape, out.dtype, out=out)
        seconds[0] += middle - start
        seconds[1] += time.thread_time() - middle
    n_bytes = sum(masks.nbytes for masks in stacks)
    return n_bytes / seconds[0] / 1e9, n_bytes / seconds[1] / 1e9


def fresh(folder: Path, name: str) -> Path:
    """A new folder."""
    (folder / name).mkdir()
    return folder / name


def show(costs: list[Cost], cpu_write: float, cpu_read: float) -> None:
    """Print the table and how the goals fared."""
    base = next(cost for cost in costs if cost.name == BASE)
    print(
        f"\n{'':36} {'frames':>6} {'KB/frame':>9} {'of zstd3':>9} {'write GB/s':>11} {'one frame ms':>13} "
        f"{'scan fresh':>11} {'scan reused GB/s':>17} {'of zstd3':>9}"
    )
    for cost in costs:
        print(
            f"{cost.name:36} {cost.frames:6} {cost.bytes_per_frame / 1e3:9.2f} "
            f"{cost.bytes_per_frame / base.bytes_per_frame:8.2f}x {cost.write_gb_s:11.3f} "
            f"{cost.read_ms:13.3f} "
            f"{cost.scan_fresh_gb_s:11.2f} {cost.scan_reused_gb_s:17.2f} "
            f"{cost.scan_reused_gb_s / base.scan_reused_gb_s:8.1f}x"
        )
    ours, direct = (next(cost for cost in costs if cost.name == name) for name in (CODEC, DIRECT))
    goals = [
        ("bytes of zstd 3's", direct.bytes_per_frame / base.bytes_per_frame, "<=", 0.65),
        ("codec: one frame, ms", ours.read_ms, "<=", 0.3),
        ("codec: scan, GB/s of a core", cpu_read, ">=", 8),
        ("codec: write, GB/s of a core", cpu_write, ">=", 3),
        ("from the store: one frame, ms", direct.read_ms, "<=", 0.3),
        ("from the store: scan, GB/s", direct.scan_reused_gb_s, ">=", 8),
        ("into the store: write, GB/s", direct.write_gb_s, ">=", 3),
    ]
    print()
    for what, got, sign, goal in goals:
        met = got <= goal if sign == "<=" else got >= goal
        print(f"{what:36} {got:8.3f}  goal {sign} {goal:<5} {'met' if met else 'MISSED'}")


def main() -> int:
    """Measure every way and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=40, help="of each camera (default 40)")
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--size", type=int, nargs=2, default=(720, 1280), metavar=("H", "W"))
    parser.add_argument("--slow-frames", type=int, default=12, help="of each stack for the slow peers (12)")
    parser.add_argument(
        "--repeats", type=int, default=3, help="of writing and scanning, to take the best of (3)"
    )
    parser.add_argument("--network", type=Path, help="TwinLiteNet as ONNX, to use its output on --video")
    parser.add_argument("--video", type=Path)
    args = parser.parse_args()
    if args.network:
        labels, instances = from_network(
            args.network, args.video, args.frames * args.cameras, tuple(args.size)
        )
    else:
        labels, instances = synthetic(args.frames, args.cameras, tuple(args.size))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    total = (labels.nbytes + instances.nbytes) / 1e6
    print(f"{len(labels)} label maps and instance maps of {labels.shape[1:]}, {total:.0f} MB of pixels.")
    print(f"{os.cpu_count()} cores, load {load:.1f}: times are good to 2x, ratios are the claim.")
    costs = []
    for way in WAYS:
        costs.append(measure(way, [labels, instances], args.slow_frames, args.repeats))
        print(".", end="", flush=True)
    rates = [cpu_rates([labels, instances]) for _ in range(args.repeats)]
    show(costs, *map(max, zip(*rates, strict=True)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
