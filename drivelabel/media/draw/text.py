"""Crisp text as coverage masks.

Pillow's own scalable font: it comes with Pillow, so every machine draws the same letters, and its
hinting at 12 to 20 px is crisper than OpenCV's stroke fonts.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from drivelabel.typing import UInt8Array


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@lru_cache(maxsize=512)
def text_width(text: str, size: int) -> int:
    """How far the pen moves for a line of text, pixels."""
    return round(_font(size).getlength(text))


@lru_cache(maxsize=512)
def text_mask(text: str, size: int) -> UInt8Array:
    """(h, w) uint8, how much of each pixel the letters cover; h is the same for all texts of a size."""
    image = Image.new("L", (max(1, text_width(text, size) + 1), line_height(size)))
    ImageDraw.Draw(image).text((0, round(1.02 * size)), text, fill=255, font=_font(size), anchor="ls")
    mask = np.asarray(image)
    mask.setflags(write=False)
    return mask


def line_height(size: int) -> int:
    """Height of a line of text, from above the capitals to below the descenders, pixels."""
    return round(1.32 * size)
