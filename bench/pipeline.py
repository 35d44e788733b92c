"""What annotate costs beside its models, and whether its memory grows with the log.

    python bench/pipeline.py                     # needs the weights of `drivelabel models`
    python bench/pipeline.py --memory            # also a 1-minute against a 10-minute clip

CPU time is that of the whole process, all threads. "Forward" is the two networks alone, run as often on the
same prepared inputs, in the same process, right before and right after; the rest is decoding, resizing,
decoding of outputs, Hough lanes, tracking and the store.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from drivelabel.pipeline import annotate, ingest, make_plan
from drivelabel.pipeline.annotate_run import BATCH
from drivelabel.tasks.detect import WHOLE_AND_AHEAD
from drivelabel.tasks.onnx_net import OnnxNet

SIZE_HW = (720, 1280)


def write_clip(path: Path, n_frames: int, fps: int, source: Path | None) -> None:
    """A clip of `n_frames` at 1280x720: a real one played forwards and backwards, or drawn noise."""
    pictures = _pictures(source)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast", "crf": "23"})
        stream.height, stream.width = SIZE_HW
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, fps)
        period = max(1, 2 * len(pictures) - 2)
        for i in range(n_frames):
            at = i % period
            picture = pictures[at if at < len(pictures) else period - at]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())


def _pictures(source: Path | None) -> list[np.ndarray]:
    if source is None:
        rng = np.random.default_rng(0)
        coarse = rng.integers(0, 255, (45, 80, 3), np.uint8)
        picture = cv2.resize(coarse, SIZE_HW[::-1], interpolation=cv2.INTER_CUBIC)
        return [np.roll(picture, 4 * i, axis=1) for i in range(30)]
    with av.open(str(source)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [cv2.resize(frame, SIZE_HW[::-1]) for frame in frames]


def forward_cpu(n_frames: int) -> float:
    """CPU seconds of both networks on `n_frames` prepared inputs."""
    nets = [(OnnxNet("yolox_nano"), BATCH * len(WHOLE_AND_AHEAD)), (OnnxNet("twinlitenet"), BATCH)]
    rng = np.random.default_rng(0)
    calls: list[tuple[Callable[[np.ndarray], object], np.ndarray]] = []
    for net, n_images in nets:
        batch = rng.uniform(0, 1, (n_images, 3, *net.input_hw)).astype(np.float32)
        net(batch)
        calls.append((net, batch))
    started = time.process_time()
    for _ in range(n_frames // BATCH):
        for net, batch in calls:
            net(batch)
    return time.process_time() - started


def measure_cpu(source: Path | None, n_frames: int) -> None:
    """Print the cost of everything around the models."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(clip, n_frames, 25, source)
        warm = ingest(clip, Path(folder) / "warm.scene")
        annotate(warm, make_plan(), cameras=None)  # compiles the kernels
        before = forward_cpu(n_frames)
        store = ingest(clip, Path(folder) / "clip.scene")
        plan = make_plan()
        started, wall = time.process_time(), time.perf_counter()
        report = annotate(store, plan)
        total, wall = time.process_time() - started, time.perf_counter() - wall
        after = forward_cpu(n_frames)
    forward = (before + after) / 2
    print(f"{report.frames} frames of 1280x720, boxes + tracks + road + lanes + lights")
    print(f"forward alone   {forward / n_frames * 1e3:7.2f} ms CPU a frame ({before:.2f} s, {after:.2f} s)")
    print(
        f"annotate        {total / n_frames * 1e3:7.2f} ms CPU a frame, {report.frames / wall:.1f} frames/s"
    )
    print(f"around models   {(total / forward - 1) * 100:7.1f} % over forward (goal: at most 25 %)")


def measure_memory(source: Path | None, fps: int) -> None:
    """Print the peak memory of a 1-minute and a 10-minute clip, each in its own process."""
    peaks = {}
    for minutes in (1, 10):
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "clip.mp4"
            write_clip(clip, minutes * 60 * fps, fps, source)
            command = [sys.executable, __file__, "--child", str(clip), str(Path(folder) / "clip.scene")]
            output = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
            peaks[minutes] = json.loads(output.stdout.splitlines()[-1])["peak_mb"]
            print(f"{minutes:2d} minutes at {fps} frames/s: peak {peaks[minutes]:.0f} MB")
    print(f"growth {(peaks[10] / peaks[1] - 1) * 100:.1f} % (goal: within 10 %)")


def main() -> None:
    """Run the measurements that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, help="a real clip to play; noise is drawn without one")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--memory-fps", type=int, default=5)
    parser.add_argument("--child", nargs=2, metavar=("CLIP", "SCENE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        annotate(ingest(*args.child), make_plan())
        print(json.dumps({"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    measure_cpu(args.source, args.frames)
    if args.memory:
        measure_memory(args.source, args.memory_fps)


if __name__ == "__main__":
    main()
