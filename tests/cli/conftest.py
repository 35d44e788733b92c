"""A tiny stored scene for the commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivelabel.cli.main import main
from drivelabel.labels import MODEL, Boxes2D, Grouped
from drivelabel.labels.taxonomies import DRIVING
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Layer, Poses, Scene, Source
from drivelabel.storage import SceneStore

T0 = 1_600_000_000_000_000_000
SECOND = 1_000_000_000
IMAGE_HW = (120, 160)


@pytest.fixture
def location(tmp_path: Path) -> str:
    """A stored scene: two cameras with two frames each, and a layer with two boxes of one track."""
    sources = []
    for row in range(4):
        path = tmp_path / f"{row}.png"
        cv2.imwrite(str(path), np.full((*IMAGE_HW, 3), 60 + 40 * row, np.uint8))
        sources.append(Source(str(path), "image"))
    box = Boxes2D(
        xyxy=[(20, 30, 90, 100)],
        category_id=[DRIVING.id_of("car")],
        score=[0.9],
        track_id=[7],
        origin=[MODEL],
    )
    boxes = Grouped.from_groups(Boxes2D, 4, {0: box, 1: box, 2: Boxes2D.empty()})
    scene = Scene(
        name="drive",
        sensors=(Camera("cam_front", IMAGE_HW), Camera("cam_back", IMAGE_HW)),
        taxonomy=DRIVING,
        frames=Frames(
            [T0, T0 + SECOND, T0, T0 + SECOND], [0, 0, 1, 1], [0, 1, 2, 3], [0] * 4, [NO_SAMPLE] * 4
        ),
        sources=tuple(sources),
        poses=Poses(
            np.array([T0, T0 + SECOND]), np.array([[0.0, 0, 0], [3, 4, 0]]), np.array([[1.0, 0, 0, 0]] * 2)
        ),
        layers={"auto": Layer("auto", DRIVING, author="drivelabel", tables={"boxes2d": boxes})},
    )
    place = tmp_path / "drive.scene"
    SceneStore.create(place, scene, command="ingest", message="Ingest drive")
    return str(place)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command; its exit code, stdout and stderr."""

    def run_it(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(words)
        out, err = capfd.readouterr()
        return code, out, err

    return run_it


RunJson = Callable[..., dict[str, Any]]


@pytest.fixture
def run_json(run: Run) -> RunJson:
    """Run a command that succeeds with ``--json``; the one object on its stdout."""

    def run_it(*words: str) -> dict[str, Any]:
        code, out, err = run(*words, "--json")
        assert code == 0, err
        value = json.loads(out)
        assert isinstance(value, dict)
        return value

    return run_it
