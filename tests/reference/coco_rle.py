"""COCO's run-length code, pixel by pixel and bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np


def mask_to_rle(mask: np.ndarray) -> dict[str, Any]:
    height, width = mask.shape
    counts = [0]
    inside = False
    for x in range(width):
        for y in range(height):
            if bool(mask[y, x]) != inside:
                counts.append(0)
                inside = not inside
            counts[-1] += 1
    text = ""
    for k, number in enumerate(counts):
        left = number - (counts[k - 2] if k > 2 else 0)
        more = True
        while more:
            bits = left & 31
            left >>= 5
            more = left != (-1 if bits & 16 else 0)
            text += chr(48 + (bits | (32 if more else 0)))
    return {"size": [height, width], "counts": text}
