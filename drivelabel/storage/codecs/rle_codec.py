"""The run-length codec as zarr v3 sees it: name "drivelabel.rle", from array to bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr.abc.codec import ArrayBytesCodec
from zarr.core.buffer import Buffer, NDBuffer

from drivelabel.errors import InvalidLabelError
from drivelabel.storage.codecs.mask_bytes import (
    ZSTD_LEVEL,
    check_dtype,
    decode_unsealed,
    encode_unsealed,
)

if TYPE_CHECKING:
    from zarr.core.array_spec import ArraySpec

NAME = "drivelabel.rle"


@dataclass(frozen=True)
class RleCodec(ArrayBytesCodec):
    """Codes uint8 and uint16 masks as runs, then with zstd. Goes first in the chain; crc32c comes after.

    Zarr finds it through the entry point group ``zarr.codecs``, so any program opens such arrays where
    drivelabel is installed. For others write with ``codec_chain(interchange=True)``.

    Attributes:
        zstd_level: of the writer; readers ignore it.
    """

    zstd_level: int = ZSTD_LEVEL
    is_fixed_size = False

    def __post_init__(self) -> None:
        if not isinstance(self.zstd_level, int) or not 1 <= self.zstd_level <= 22:
            raise InvalidLabelError(f"{NAME}: expected zstd_level 1 to 22, got {self.zstd_level!r}.")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RleCodec:
        """The codec from an array's metadata."""
        return cls(**data.get("configuration", {}))

    def to_dict(self) -> dict[str, Any]:
        """What stands in an array's metadata."""
        return {"name": NAME, "configuration": {"zstd_level": self.zstd_level}}

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        """Raise InvalidLabelError for arrays of another dtype."""
        check_dtype(dtype.to_native_dtype())

    def compute_encoded_size(self, input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        """Not known before coding."""
        raise NotImplementedError(f"{NAME}: the size depends on the mask.")

    # Not in a thread: coding a frame takes about as long as handing it to one.
    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        data = chunk_bytes.as_numpy_array()
        mask = decode_unsealed(data, chunk_spec.shape, chunk_spec.dtype.to_native_dtype())
        return chunk_spec.prototype.nd_buffer.from_ndarray_like(mask)

    async def _encode_single(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        data = encode_unsealed(chunk_array.as_numpy_array(), zstd_level=self.zstd_level)
        return chunk_spec.prototype.buffer.from_bytes(data)
