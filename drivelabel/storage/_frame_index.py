"""How large a scene is, and which camera took each frame: what places labels in their arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivelabel.errors import SceneLookupError
from drivelabel.scene import Scene


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Which camera took each frame, and as its how many-th.

    Attributes:
        channels: camera to its frames.
        image_hw: camera to height and width of its images, pixels.
        n_frames: of the scene.
    """

    channels: Mapping[str, range]
    image_hw: Mapping[str, tuple[int, int]]
    n_frames: int

    def find(self, frame: int) -> tuple[str, int]:
        """Camera and place among its frames.

        Raises:
            SceneLookupError: there is no such frame.
        """
        for channel, frames in self.channels.items():
            if frame in frames:
                return channel, frame - frames.start
        raise SceneLookupError(f"no frame {frame}: the scene has {self.n_frames}.")


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a scene is; it never changes.

    Attributes:
        frames: of each camera.
        n_samples: of the scene.
        mask_codec: what new arrays of masks get: ``rle`` or ``zstd``.
    """

    frames: FrameIndex
    n_samples: int
    mask_codec: str = "rle"

    @classmethod
    def of(cls, scene: Scene, mask_codec: str) -> Extent:
        """The extent of a scene."""
        index = FrameIndex(
            {camera.channel: scene.frames_of(camera.channel) for camera in scene.cameras},
            {camera.channel: camera.image_hw for camera in scene.cameras},
            len(scene.frames),
        )
        return cls(index, len(scene.samples_ns), mask_codec)

    def groups(self, kind: str) -> int:
        """Groups of a table: samples for cuboids, frames for everything else."""
        return self.n_samples if kind == "boxes3d" else self.frames.n_frames
