"""Where a scene's recorded files are looked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivelabel.errors import StoreError
from drivelabel.media.frames import open_frames, source_path
from drivelabel.media.ingest import ingest
from drivelabel.scene import Scene, Source


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """One picture."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((8, 8, 3), 7, np.uint8))
    return ingest(tmp_path / "a.png")


def test_a_scene_on_an_object_store_reads_recordings_of_this_machine(scene: Scene) -> None:
    remote = replace(scene, root="s3://bucket/scene")
    with open_frames(remote) as frames:
        assert int(frames.read(0)[0, 0, 0]) == 7


def test_relative_paths_count_from_the_scenes_folder(scene: Scene, tmp_path: Path) -> None:
    moved = replace(scene, sources=(Source("a.png", "image"),), root=str(tmp_path))
    assert source_path(moved, moved.sources[0]) == tmp_path / "a.png"


@pytest.mark.parametrize(("root", "path"), [("s3://bucket/scene", "a.png"), (".", "https://host/a.png")])
def test_what_lies_elsewhere_is_said_to(scene: Scene, root: str, path: str) -> None:
    remote = replace(scene, sources=(Source(path, "image"),), root=root)
    with open_frames(remote) as frames, pytest.raises(StoreError, match="is not on this machine"):
        frames.read(0)
