"""Checks at the door of public functions. Each says what was expected and what came."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import numpy as np

from drivelabel.errors import InvalidLabelError
from drivelabel.typing import AnyArray

Shape = tuple[int | None, ...]


def shape_text(shape: Shape) -> str:
    """A shape as people write it: ``(n, 4)`` for ``(None, 4)``."""
    names = iter("nmkl")
    parts = [next(names) if size is None else str(size) for size in shape]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def check_shape(name: str, array: AnyArray, shape: Shape) -> None:
    """Raise InvalidLabelError unless `array` has `shape`; None in a shape means any size."""
    if array.ndim != len(shape) or any(
        want is not None and got != want for got, want in zip(array.shape, shape, strict=True)
    ):
        raise InvalidLabelError(f"{name}: expected shape {shape_text(shape)}, got {array.shape}.")


def check_finite(name: str, array: AnyArray) -> None:
    """Raise InvalidLabelError naming the first row with NaN or infinity."""
    if np.isfinite(array).all():
        return
    flat = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    row = int(np.argmin(flat))
    raise InvalidLabelError(f"{name}, row {row}: expected finite numbers, got {array[row].tolist()}.")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error message for an unknown name: the nearest known one and the list."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} Known: {shown or 'none'}."
