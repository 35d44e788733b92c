"""Which codecs an array of masks gets, as arguments of zarr's `create_array`."""

from __future__ import annotations

from typing import TypedDict

from zarr.abc.codec import ArrayBytesCodec, BytesBytesCodec
from zarr.codecs import BytesCodec, Crc32cCodec, ZstdCodec

from drivelabel.storage.codecs.rle_codec import RleCodec

STANDARD = ("bytes", "zstd", "crc32c")
"""Names of the chain for interchange; level 3 and one frame a chunk were the best of the stock codecs."""


class CodecChain(TypedDict):
    """``zarr.create_array(..., **codec_chain())``."""

    serializer: ArrayBytesCodec
    compressors: tuple[BytesBytesCodec, ...]


def codec_chain(*, interchange: bool = False) -> CodecChain:
    """Codecs of an array of masks, crc32c last: ours, or only standard ones that every zarr v3 reader opens.

    Args:
        interchange: take the standard codecs [bytes, zstd level 3, crc32c]: about three times the bytes, and
            slower to read.
    """
    if interchange:
        return CodecChain(
            serializer=BytesCodec(endian="little"), compressors=(ZstdCodec(level=3), Crc32cCodec())
        )
    return CodecChain(serializer=RleCodec(), compressors=(Crc32cCodec(),))
