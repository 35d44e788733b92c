"""How masks become bytes: our run-length codec, and the standard chain that every zarr reader opens."""

from drivelabel.storage.codecs.chains import STANDARD as STANDARD
from drivelabel.storage.codecs.chains import codec_chain as codec_chain
from drivelabel.storage.codecs.mask_bytes import decode_mask as decode_mask
from drivelabel.storage.codecs.mask_bytes import encode_mask as encode_mask
from drivelabel.storage.codecs.rle_codec import RleCodec as RleCodec
