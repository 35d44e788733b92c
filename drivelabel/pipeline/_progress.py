"""Where an annotate run stands in one camera: bytes that the store keeps beside the labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from drivelabel.tasks.annotator import State


@dataclass(frozen=True, slots=True)
class CameraProgress:
    """Where a run stands in one camera.

    Attributes:
        plan: fingerprint of the plan that it follows.
        next_frame: the first frame that is not done, counted within the camera.
        skipped: frames that could not be decoded and were left out.
        states: sequencer name to all that its next step depends on.
    """

    plan: str
    next_frame: int
    skipped: int = 0
    states: dict[str, State] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """MessagePack; arrays as dtype, shape and little-endian bytes."""
        packed = {name: {k: _pack(v) for k, v in state.items()} for name, state in self.states.items()}
        return msgspec.msgpack.encode(
            {"plan": self.plan, "next_frame": self.next_frame, "skipped": self.skipped, "states": packed}
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> CameraProgress:
        """What :meth:`to_bytes` wrote."""
        item: dict[str, Any] = msgspec.msgpack.decode(data)
        states: dict[str, State] = {
            name: {k: _unpack(v) for k, v in state.items()} for name, state in item["states"].items()
        }
        return cls(item["plan"], item["next_frame"], item["skipped"], states)


def _pack(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False)
        return {"dtype": array.dtype.str, "shape": list(value.shape), "data": array.tobytes()}
    return value.item() if isinstance(value, np.generic) else value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        return np.frombuffer(value["data"], value["dtype"]).reshape(value["shape"]).copy()
    return value
