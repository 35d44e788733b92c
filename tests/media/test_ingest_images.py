"""Folders of images and video files as scenes, and reading their frames back."""

from __future__ import annotations

import hashlib
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivelabel.errors import FormatError, SceneLookupError, StoreError
from drivelabel.media._sources import IngestOptions
from drivelabel.media._times import time_in_name
from drivelabel.media.frames import open_frames
from drivelabel.media.image_folder import ingest_images
from drivelabel.media.video import VideoReader
from drivelabel.media.video_file import ingest_video


@pytest.fixture
def save_images(tmp_path, draw_scenery):
    def save(names, **options):
        folder = tmp_path / "images"
        folder.mkdir(exist_ok=True)
        for number, name in enumerate(names):
            Image.fromarray(draw_scenery(number)).save(folder / name, **options)
        return folder

    return save


@given(st.integers(631_152_000 * 10**9, 4_102_444_799 * 10**9))
def test_epoch_digits_in_names_are_times(time_ns):
    for digits, unit in ((19, 1), (16, 10**3), (13, 10**6), (10, 10**9)):
        text = str(time_ns // unit).rjust(digits, "0")
        if len(text) == digits and not text.startswith("0"):
            assert time_in_name(f"cam-{text}_left") == time_ns // unit * unit


@pytest.mark.parametrize(
    ("name", "time_ns"),
    [
        ("1557539956.450180", 1557539956_450_180_000),
        ("1557539956_45", 1557539956_450_000_000),
        ("2016-08-28T21-16-08.250", 1472418968_250_000_000),
        ("20160828_211608", 1472418968_000_000_000),
        ("IMG_20160828_211608_5", 1472418968_500_000_000),
        ("000017", None),
        ("frame_1234567890123456789012", None),
        ("20161328_211608", None),
        ("0000000017", None),
    ],
)
def test_times_in_names(name, time_ns):
    assert time_in_name(name) == time_ns


def test_times_come_from_names_and_frames_stand_in_their_order(save_images, draw_scenery):
    folder = save_images(["b_1557539957000000000.png", "a_1557539958000000000.png"])
    scene = ingest_images(folder, IngestOptions())
    assert scene.frames.timestamp_ns.tolist() == [1557539957 * 10**9, 1557539958 * 10**9]
    assert scene.info["timestamps"] == "names of the files"
    with open_frames(scene) as frames:
        np.testing.assert_array_equal(frames.read(0), draw_scenery(0))


def test_times_come_from_exif_where_names_tell_none(tmp_path, draw_scenery):
    for number in range(3):
        exif = Image.Exif()
        exif.get_ifd(0x8769).update({36867: f"2016:08:28 21:16:0{number}"})
        Image.fromarray(draw_scenery(number)).save(tmp_path / f"{number}.jpg", exif=exif)
    scene = ingest_images(tmp_path, IngestOptions())
    assert scene.info["timestamps"] == "EXIF DateTimeOriginal"
    assert np.diff(scene.frames.timestamp_ns).tolist() == [10**9, 10**9]


def test_else_a_rate_counts_from_the_start_in_natural_order(save_images, draw_scenery):
    folder = save_images([f"frame{n}.png" for n in range(12)])
    scene = ingest_images(folder, IngestOptions(hz=4, start_ns=100))
    assert scene.info["timestamps"] == "given rate of 4 Hz"
    np.testing.assert_array_equal(scene.frames.timestamp_ns, 100 + np.arange(12) * 250_000_000)
    with open_frames(scene) as frames:
        np.testing.assert_array_equal(frames.read(10), draw_scenery(10))
    assert ingest_images(folder, IngestOptions()).info["timestamps"] == "assumed rate of 10 Hz"


def test_a_source_is_absolute_with_size_and_hash(save_images):
    scene = ingest_images(save_images(["a.png"]), IngestOptions())
    (source,) = scene.sources
    data = (save_images([]) / "a.png").read_bytes()
    assert (source.kind, source.n_bytes, source.sha256) == (
        "image",
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    assert source.path.startswith("/")


def test_damaged_images_are_refused_or_skipped_and_counted(save_images):
    folder = save_images([f"{n}.jpg" for n in range(4)])
    data = (folder / "2.jpg").read_bytes()
    (folder / "2.jpg").write_bytes(data[: len(data) // 2])
    (folder / "3.jpg").write_bytes(b"")
    with pytest.raises(StoreError, match=r'3\.jpg: expected a JPEG.*on_invalid="skip"'):
        ingest_images(folder, IngestOptions())
    scene = ingest_images(folder, IngestOptions(on_invalid="skip"))
    assert len(scene.frames) == 2
    assert [text.split(":")[0].rsplit("/")[-1] for text in scene.info["skipped"]] == ["2.jpg", "3.jpg"]


def test_images_of_several_sizes_are_refused_or_the_most_frequent_kept(save_images, draw_scenery):
    folder = save_images(["0.png", "1.png", "2.png"])
    Image.fromarray(draw_scenery(0, (32, 48))).save(folder / "9.png")
    with pytest.raises(FormatError, match=r"one size.*3 of 96x64, 1 of 48x32; the first other one is 9\.png"):
        ingest_images(folder, IngestOptions())
    scene = ingest_images(folder, IngestOptions(on_invalid="skip"))
    assert len(scene.frames) == 3
    assert len(scene.info["skipped"]) == 1


def test_an_empty_folder_and_a_bad_rate_are_refused(tmp_path, save_images):
    with pytest.raises(FormatError, match="found none"):
        ingest_images(tmp_path, IngestOptions())
    with pytest.raises(FormatError, match="hz: expected a positive rate, got 0"):
        ingest_images(save_images(["a.png"]), IngestOptions(hz=0))


def test_a_video_becomes_a_scene_whose_frames_read_back(tmp_path, write_video):
    path = write_video(tmp_path / "drive.mp4", range(0, 900, 30), options={"bf": "2"})
    scene = ingest_video(path, IngestOptions(channel="cam_rear", start_ns=5, hash_files=False))
    assert (scene.name, scene.cameras[0].channel, scene.cameras[0].image_hw) == (
        "drive",
        "cam_rear",
        (64, 96),
    )
    assert scene.poses is None
    np.testing.assert_array_equal(scene.frames.timestamp_ns, 5 + np.arange(30) * 30_000_000)
    with VideoReader(path) as video, open_frames(scene) as frames:
        for number in (20, 3):
            np.testing.assert_array_equal(frames.read(number), video.read(number))


def test_a_damaged_video_reads_back_the_frames_that_decode(tmp_path, write_video):
    whole = write_video(tmp_path / "a.mp4", range(0, 3000, 30), container_options={"movflags": "faststart"})
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    scene = ingest_video(path, IngestOptions(on_invalid="skip"))
    assert scene.sources[0].kind == "damaged_video"
    assert 0 < len(scene.frames) < 100
    assert scene.info["skipped"] == [f"{path}: {100 - len(scene.frames)} frames"]
    with VideoReader(whole) as video, open_frames(scene) as frames:
        np.testing.assert_array_equal(frames.read(len(scene.frames) - 1), video.read(len(scene.frames) - 1))


@pytest.mark.parametrize("prefetch", [0, 1, 3, 100])
def test_iterating_gives_the_frames_in_the_asked_order(tmp_path, write_video, prefetch):
    scene = ingest_video(write_video(tmp_path / "a.mp4", range(0, 900, 30)), IngestOptions())
    order = [0, 1, 2, 9, 5, 29]
    with open_frames(scene) as frames:
        got = list(frames.iterate(order, prefetch=prefetch))
        for number, image in zip(order, got, strict=True):
            np.testing.assert_array_equal(image, frames.read(number))
        assert sum(1 for _ in frames.iterate(prefetch=prefetch)) == 30


def test_decoding_ahead_waits_for_the_caller(save_images, monkeypatch):
    scene = ingest_images(save_images([f"{n}.png" for n in range(20)]), IngestOptions())
    with open_frames(scene) as frames:
        n_read = []
        read = frames.read
        monkeypatch.setattr(frames, "read", lambda frame: n_read.append(frame) or read(frame))
        images = frames.iterate(prefetch=2)
        next(images)
        time.sleep(0.3)
        assert len(n_read) <= 4  # one taken, two waiting, one in the thread's hands
        images.close()
    assert not any(thread.name == "drivelabel-frames" for thread in threading.enumerate())


def test_an_error_comes_at_its_own_frame_and_names_it(save_images):
    folder = save_images([f"{n}.png" for n in range(4)])
    scene = ingest_images(folder, IngestOptions())
    (folder / "2.png").unlink()
    with open_frames(scene) as frames:
        images = frames.iterate(prefetch=2)
        assert next(images).shape == next(images).shape == (64, 96, 3)
        with pytest.raises(StoreError, match=r"images, frame 2 of cam_front: .*2\.png: no such image file"):
            next(images)
        with pytest.raises(SceneLookupError, match="no frame 4"):
            frames.read(4)


def test_a_file_that_changed_size_is_refused(save_images, draw_scenery):
    folder = save_images(["0.png"])
    scene = ingest_images(folder, IngestOptions())
    Image.fromarray(draw_scenery(0, (32, 48))).save(folder / "0.png")
    with open_frames(scene) as frames, pytest.raises(StoreError, match="expected 96x64 pixels, got 48x32"):
        frames.read(0)
