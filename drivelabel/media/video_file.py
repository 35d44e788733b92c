"""A video file as the frames of one camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from drivelabel.labels.taxonomies import DRIVING
from drivelabel.media._sources import IngestOptions, file_source
from drivelabel.media.video import VideoReader
from drivelabel.scene import NO_SAMPLE, Camera, Frames, Scene

VIDEO_SUFFIXES = (
    ".mp4",
    ".mkv",
    ".mov",
    ".avi",
    ".webm",
    ".m4v",
    ".ts",
    ".mpg",
    ".mpeg",
    ".hevc",
    ".h264",
    ".wmv",
)
"""Files that are tried as videos first; others are tried when nothing else fits."""


def video_kind(reader: VideoReader) -> str:
    """How the frames of a video are numbered: all of them, or those that decode in a damaged file."""
    return "damaged_video" if reader.n_skipped else "video"


def ingest_video(source: Path, options: IngestOptions) -> Scene:
    """A scene of one camera from a video file.

    The first frame is at ``options.start_ns``; the creation time that the file states is kept in
    ``scene.info`` and not used, since programs write the time of their last edit there.

    Raises:
        StoreError: the file is no video or is damaged, and `options` do not say to skip what is damaged.
    """
    with VideoReader(source, on_invalid=options.on_invalid) as reader:
        n = len(reader)
        zeros = np.zeros(n, np.int32)
        return Scene(
            name=options.name or source.stem,
            sensors=(Camera(options.channel, reader.image_hw),),
            taxonomy=DRIVING,
            frames=Frames(
                options.start_ns + reader.timestamps_ns,
                zeros,
                zeros,
                np.arange(n, dtype=np.int32),
                np.full(n, NO_SAMPLE, np.int32),
            ),
            sources=(file_source(source, video_kind(reader), hash_file=options.hash_files),),
            info={
                "format": "video",
                "timestamps": "presentation times of the video",
                "created": reader.created,
                "skipped": [f"{source}: {reader.n_skipped} frames"] if reader.n_skipped else [],
            },
        )
