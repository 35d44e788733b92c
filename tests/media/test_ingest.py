"""Finding out what a recording is."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image

from drivelabel.errors import FormatError, InvalidLabelError, StoreError
from drivelabel.media import detect_format, ingest
from drivelabel.scene import Camera, Scene


@pytest.fixture
def recordings(tmp_path, write_video, draw_scenery):
    (tmp_path / "images").mkdir()
    Image.fromarray(draw_scenery(0)).save(tmp_path / "images" / "0.png")
    write_video(tmp_path / "clip.mp4", range(0, 300, 30))
    (tmp_path / "clip.mp4").rename(tmp_path / "clip.bin")
    (tmp_path / "panda" / "camera").mkdir(parents=True)
    (tmp_path / "panda" / "lidar").mkdir()
    (tmp_path / "panda" / "lidar" / "poses.json").write_text("[]")
    (tmp_path / "comma" / "global_pose").mkdir(parents=True)
    (tmp_path / "comma" / "global_pose" / "frame_positions").touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_kinds_are_told_by_what_is_there_and_not_by_names(recordings):
    kinds = {"images": "images", "images/0.png": "images", "clip.bin": "video", "panda": "pandaset"}
    for name, kind in (kinds | {"comma": "comma2k19"}).items():
        assert detect_format(recordings / name) == kind
    assert len(ingest(str(recordings / "clip.bin")).frames) == 10


def test_an_unknown_kind_lists_what_was_looked_for(recordings):
    with pytest.raises(FormatError, match=r"empty: no known kind.*PandaSet.*comma2k19.*images.*video"):
        ingest(recordings / "empty")


def test_wrong_names_and_missing_sources_are_refused(recordings):
    with pytest.raises(FormatError, match=r"no reader 'vidoe'\. Did you mean 'video'"):
        ingest(recordings / "clip.bin", "vidoe")
    with pytest.raises(FormatError, match="on_invalid: expected error or skip, got 'ignore'"):
        ingest(recordings / "clip.bin", on_invalid="ignore")
    with pytest.raises(StoreError, match="nothing: no such file or folder"):
        ingest(recordings / "nothing")


def test_the_name_and_the_channel_are_as_asked(recordings):
    scene = ingest(recordings / "images", name="monday", channel="cam_rear", hash_files=False)
    assert (scene.name, scene.cameras[0].channel, scene.sources[0].sha256) == ("monday", "cam_rear", "")


def test_a_bad_channel_is_refused(recordings):
    with pytest.raises(InvalidLabelError, match="channel: expected letters"):
        ingest(recordings / "images", channel="cam front")


def test_a_relative_source_is_stored_absolute(recordings, monkeypatch):
    monkeypatch.chdir(recordings)
    assert ingest("images").sources[0].path == str((recordings / "images" / "0.png").resolve())


def test_two_sensors_of_one_name_are_refused(recordings):
    scene = ingest(recordings / "images")
    twice = (Camera("cam_front", (4, 4)), Camera("cam_front", (4, 4)))
    with pytest.raises(InvalidLabelError, match="two sensors are called 'cam_front'"):
        Scene("a", twice, scene.taxonomy)


def test_reading_drives_needs_neither_torch_nor_pandas():
    code = (
        "import drivelabel.media, sys; print([m for m in ('torch', 'pandas', 'open3d') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
