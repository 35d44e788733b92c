"""The check at every annotator's door."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.tasks.annotator import FrameLabels
from drivelabel.typing import UInt8Array


def check_images(images_rgb: Sequence[UInt8Array], labels: Sequence[FrameLabels]) -> None:
    """Raise InvalidLabelError unless all are (h, w, 3) uint8 images with pixels, one FrameLabels each."""
    if len(labels) != len(images_rgb):
        raise InvalidLabelError(f"labels: expected {len(images_rgb)}, one an image, got {len(labels)}.")
    for i, image in enumerate(images_rgb):
        good = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size > 0
        if not good:
            raise InvalidLabelError(
                f"images_rgb[{i}]: expected shape (h, w, 3) uint8 with h, w >= 1, "
                f"got {image.shape} {image.dtype}."
            )
