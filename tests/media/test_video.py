"""Video files: every frame by its number, with its own time."""

from __future__ import annotations

import contextlib
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from drivelabel.errors import SceneLookupError, StoreError
from drivelabel.media import _video_index
from drivelabel.media.video import VideoReader

B_FRAMES = {"bf": "3", "g": "12", "b_strategy": "0"}
REAL_CLIPS = (
    "udacity_carnd/project_video_cut.mp4",
    "udacity_carnd/test_small1.mp4",
    "udacity_carnd/test_videos/solidWhiteRight.mp4",
    "intel_sample_videos/car-detection.mp4",
)


def uneven_ticks(n, seed=0):
    return np.cumsum(np.random.default_rng(seed).integers(7, 90, n)).tolist()


def decode_all(path):
    """The plain twin: every frame that the decoder gives, in order."""
    with av.open(str(path)) as container:
        frames = [(f.pts, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
        base = container.streams.video[0].time_base
    return frames, base


def assert_exact(path, seed=0):
    frames, base = decode_all(path)
    with VideoReader(path) as reader:
        assert len(reader) == len(frames)
        expected = [round((pts - frames[0][0]) * base * 10**9) for pts, _ in frames]
        np.testing.assert_array_equal(reader.timestamps_ns, expected)
        order = list(range(len(frames)))
        random.Random(seed).shuffle(order)
        for number in order:
            np.testing.assert_array_equal(reader.read(number), frames[number][1], f"frame {number}")
        for number, image in enumerate(reader.iterate()):
            np.testing.assert_array_equal(image, frames[number][1])


CASES = {
    "x264 with B-frames.mp4": {"options": B_FRAMES},
    "x264 with an open group of pictures.mp4": {"options": B_FRAMES | {"x264-params": "open-gop=1"}},
    "x264 with one key frame.mkv": {"options": {"bf": "2", "g": "1000", "sc_threshold": "0"}},
    "x264.ts": {"options": B_FRAMES, "time_base": Fraction(1, 90000), "scale": 90},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"g": "10", "bf": "2"}},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"g": "10"}, "time_base": Fraction(1, 30), "even": True},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "15", "cpu-used": "8", "deadline": "realtime"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"g": "9"}, "time_base": Fraction(1, 30), "even": True},
}


@pytest.mark.parametrize("name", CASES)
def test_reading_any_frame_equals_decoding_from_the_start(tmp_path, write_video, name):
    case = dict(CASES[name])
    scale, even = case.pop("scale", 1), case.pop("even", False)
    ticks = list(range(60)) if even else [scale * tick for tick in uneven_ticks(60)]
    assert_exact(write_video(tmp_path / name, ticks, **case))


@pytest.mark.slow
@pytest.mark.parametrize("clip", REAL_CLIPS)
def test_reading_any_frame_of_a_real_clip_equals_decoding_from_the_start(shared_data, clip):
    assert_exact(shared_data / clip)


@pytest.mark.parametrize("clip", REAL_CLIPS)
def test_packets_and_decoder_agree_about_the_frames_of_a_real_clip(shared_data, clip):
    with av.open(str(shared_data / clip)) as container:
        by_packets = _video_index.index_by_packets(container, container.streams.video[0])
    with av.open(str(shared_data / clip)) as container:
        by_decoding = _video_index.index_by_decoding(container, container.streams.video[0])
    np.testing.assert_array_equal(by_packets.pts, by_decoding.pts)
    np.testing.assert_array_equal(by_packets.timestamp_ns, by_decoding.timestamp_ns)


def test_frames_are_the_pictures_that_were_written(tmp_path, write_video, draw_scenery):
    path = write_video(tmp_path / "a.mp4", uneven_ticks(30), options=B_FRAMES | {"crf": "4"})
    with VideoReader(path) as reader:
        for number in (29, 3, 17, 0):
            off = np.abs(reader.read(number).astype(int) - draw_scenery(number).astype(int)).mean()
            assert off < 12  # another number's picture is off by 60 and more
    assert reader.image_hw == (64, 96)


def test_timestamps_of_a_variable_rate_are_exact(tmp_path, write_video):
    ticks = uneven_ticks(40, seed=4)
    with VideoReader(write_video(tmp_path / "a.mkv", ticks, options=B_FRAMES)) as reader:
        np.testing.assert_array_equal(reader.timestamps_ns, (np.array(ticks) - ticks[0]) * 1_000_000)


def test_frames_without_timestamps_are_counted(tmp_path, write_video):
    path = write_video(
        tmp_path / "a.h264", range(20), options=B_FRAMES, time_base=Fraction(1, 25), format="h264"
    )
    images = [image for _, image in decode_all(path)[0]]
    with VideoReader(path) as reader:
        assert len(reader) == 20
        assert (np.diff(reader.timestamps_ns) == reader.timestamps_ns[1]).all()
        for number in (7, 3, 19, 0):
            np.testing.assert_array_equal(reader.read(number), images[number])


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_in_the_metadata_is_applied(tmp_path, write_video, degrees):
    upright = decode_all(write_video(tmp_path / "a.mp4", range(0, 300, 30)))[0]
    path = write_video(tmp_path / "b.mp4", range(0, 300, 30), rotation=degrees)
    with VideoReader(path) as reader:
        assert reader.image_hw == ((96, 64) if degrees % 180 else (64, 96))
        np.testing.assert_array_equal(reader.read(4), np.rot90(upright[4][1], degrees // 90))


def test_rotation_agrees_with_opencv(tmp_path, write_video):
    import cv2

    path = write_video(tmp_path / "b.mp4", range(0, 300, 30), rotation=90)
    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    ok, image_bgr = capture.read()
    assert ok
    with VideoReader(path) as reader:
        assert np.abs(reader.read(0).astype(int) - image_bgr[..., ::-1]).mean() < 3


@pytest.fixture
def cut_video(tmp_path, write_video):
    """A video whose index stands in front and whose last third is missing."""
    whole = write_video(
        tmp_path / "whole.mp4",
        range(0, 3000, 30),
        options=B_FRAMES,
        container_options={"movflags": "faststart"},
    )
    data = whole.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: len(data) * 2 // 3])
    return path


def test_a_video_cut_short_is_refused_with_file_and_frame(cut_video):
    with pytest.raises(StoreError, match=r"cut\.mp4, frame \d+ .*ends too early.*on_invalid=\"skip\""):
        VideoReader(cut_video)


def test_a_video_cut_short_gives_the_frames_that_decode_when_asked(cut_video):
    whole = [image for _, image in decode_all(cut_video.with_name("whole.mp4"))[0]]
    with VideoReader(cut_video, on_invalid="skip") as reader:
        assert 40 < len(reader) < 100
        assert len(reader) + reader.n_skipped == 100
        assert (np.diff(reader.timestamps_ns) > 0).all()
        for time_ns, image in zip(reader.timestamps_ns, reader.iterate(), strict=True):
            np.testing.assert_array_equal(image, whole[int(time_ns) // 30_000_000])


def test_a_video_cut_before_its_index_is_refused(tmp_path, write_video):
    whole = write_video(tmp_path / "a.mp4", range(0, 3000, 30)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match=r"cut\.mp4: expected a video file.*cut short"):
        VideoReader(tmp_path / "cut.mp4")


def test_a_matroska_file_cut_short_is_refused_or_skipped(tmp_path, write_video):
    whole = write_video(tmp_path / "a.mkv", range(0, 3000, 30), options=B_FRAMES).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match="ends too early"):
        VideoReader(path)
    with VideoReader(path, on_invalid="skip") as reader:
        assert 20 < len(reader) < 80
        assert sum(1 for _ in reader.iterate()) == len(reader)


def test_damage_in_the_middle_is_an_error_or_skipped_and_never_a_foreign_exception(tmp_path, write_video):
    path = write_video(tmp_path / "a.mp4", range(0, 3000, 30), options=B_FRAMES)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat")
    for place in random.Random(1).sample(range(start + 200, start + 6000), 60):
        data[place] ^= 0xFF
    path.write_bytes(data)
    with VideoReader(path, on_invalid="skip") as reader:
        assert len(reader) + reader.n_skipped >= 100
        for _ in reader.iterate():
            pass


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_any_damage_ends_in_frames_or_in_our_error(tmp_path, write_video, suffix):
    whole = write_video(tmp_path / f"a{suffix}", range(0, 600, 30), options=B_FRAMES).read_bytes()
    path, generator = tmp_path / f"b{suffix}", random.Random(1)
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(generator.choice([1, 5, 50])):
            data[generator.randrange(len(data))] = generator.randrange(256)
        path.write_bytes(data)
        with contextlib.suppress(StoreError), VideoReader(path) as reader:
            sum(1 for _ in reader.iterate())
        try:
            reader = VideoReader(path, on_invalid="skip")
        except StoreError:
            continue
        with reader:
            assert sum(1 for _ in reader.iterate()) == len(reader)


def test_a_file_whose_times_go_back_is_refused_or_skipped(tmp_path, write_video):
    """This writer of MPEG program streams gives two B-frames the times of others."""
    path = write_video(
        tmp_path / "a.mpg",
        range(60),
        codec="mpeg2video",
        options={"g": "10", "bf": "2"},
        time_base=Fraction(1, 30),
    )
    images = [image for _, image in decode_all(path)[0]]
    with pytest.raises(StoreError, match=r"a\.mpg, frame 48: expected a time after frame 47"):
        VideoReader(path)
    with VideoReader(path, on_invalid="skip") as reader:
        assert len(reader) + reader.n_skipped == len(images)
        assert (np.diff(reader.timestamps_ns) > 0).all()
        np.testing.assert_array_equal(reader.read(len(reader) - 1), images[-1])


def test_frames_at_one_time_are_refused_or_skipped():
    index = _video_index.VideoIndex(np.arange(4), np.array([0, 10, 10, 20]), np.array([0]), is_counted=True)
    with pytest.raises(
        StoreError, match=r"a\.mp4, frame 2: expected a time after frame 1 \(10 ns\), got 10 ns"
    ):
        _video_index.check_rising("a.mp4", index)
    kept = _video_index.drop_not_rising(index)
    np.testing.assert_array_equal(kept.timestamp_ns, [0, 10, 20])
    assert kept.n_skipped == 1


def test_a_file_without_pictures_is_refused(tmp_path):
    path = tmp_path / "tone.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(StoreError, match=r"tone\.wav: expected a video stream that can be decoded"):
        VideoReader(path)


def test_missing_empty_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(StoreError, match=r"no such video file"):
        VideoReader(tmp_path / "nothing.mp4")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(StoreError, match=r"empty\.mp4: expected a video file"):
        VideoReader(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("not a video\n" * 100)
    with pytest.raises(StoreError, match=r"text\.mp4: expected a video file"):
        VideoReader(tmp_path / "text.mp4")


def test_a_frame_that_is_not_there_is_named(tmp_path, write_video):
    with VideoReader(write_video(tmp_path / "a.mp4", range(0, 300, 30))) as reader:
        for number in (-1, 10):
            with pytest.raises(SceneLookupError, match=rf"no frame {number}. It has 10, from 0 to 9"):
                reader.read(number)


def test_nanoseconds_are_rounded_once_even_after_days():
    ticks = np.array([0, 1, 3 * 10**8 + 1], np.int64)
    got = _video_index.ticks_to_ns(ticks, Fraction(1001, 30000))
    exact = [round(Fraction(int(t)) * Fraction(1001, 30000) * 10**9) for t in ticks]
    assert got.tolist() == exact


def test_reading_does_not_need_the_current_folder(tmp_path, write_video, monkeypatch):
    path = write_video(tmp_path / "a.mp4", range(0, 300, 30))
    monkeypatch.chdir(Path("/"))
    with VideoReader(path) as reader:
        assert len(reader) == 10
