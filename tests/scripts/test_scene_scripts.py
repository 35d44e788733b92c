"""The scripts in scenes/ run as they are, on a few frames of a real clip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).parents[2]
N_FRAMES = 6


@pytest.fixture(scope="module")
def clip(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first frames of a real highway clip."""
    path = tmp_path_factory.mktemp("clip") / "highway.mp4"
    with av.open(str(shared_data / "udacity_carnd" / "test_videos" / "solidWhiteRight.mp4")) as source:
        frames = [
            f.to_ndarray(format="rgb24")
            for f, _ in zip(source.decode(video=0), range(N_FRAMES), strict=False)
        ]
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        target.mux(stream.encode())
    return path


def run(script: str, clip: Path, out: Path, weights: Path) -> str:
    """What a script prints when it ends well."""
    command = [sys.executable, str(ROOT / "scenes" / script), str(clip), str(out)]
    environment = os.environ | {"DRIVELABEL_MODELS": str(weights)}
    first = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert first.returncode == 0, first.stderr
    return first.stdout


@pytest.mark.models
def test_object_detection_finds_and_exports_cars(clip: Path, tmp_path: Path, shared_weights: Path) -> None:
    printed = run("object_detection.py", clip, tmp_path, shared_weights)
    assert f"{N_FRAMES} frames labelled" in printed
    assert "car" in printed
    assert (tmp_path / "coco" / "annotations.json").is_file()


@pytest.mark.models
def test_semantic_segmentation_finds_road(clip: Path, tmp_path: Path, shared_weights: Path) -> None:
    printed = run("semantic_segmentation.py", clip, tmp_path, shared_weights)
    share = float(printed.split("road ")[1].split("%")[0])
    assert 5 < share < 60
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 10


@pytest.mark.models
def test_autonomous_driving_does_every_task(clip: Path, tmp_path: Path, shared_weights: Path) -> None:
    printed = run("autonomous_driving.py", clip, tmp_path, shared_weights)
    assert "lane_lines" in printed and "layer auto by drivelabel" in printed
    assert (tmp_path / "pictures" / "cam_front.png").is_file()
