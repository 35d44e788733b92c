"""How the kernels of the renderer are compiled."""

from __future__ import annotations

from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}

bare = njit(**_OPTIONS)
"""For kernels that make no arrays and take many in tuples.

Not plain njit: counting references to the tuples' arrays at each of a million pixels takes half the time
(1600x900: 0.75 s with, 0.40 s without). numba refuses to compile such a kernel when it makes an array.
"""

inside = njit(**_OPTIONS, inline="always")
"""The same for their parts: handing over tuples of arrays costs as much again (0.65 s with calls)."""
