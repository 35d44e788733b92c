"""MOTS: masks with track ids, as a text file of run-length codes or one 16-bit PNG an image."""

from drivelabel.formats.known import Format
from drivelabel.formats.mots.read import looks_like_mots, mots_sequences, read_mots
from drivelabel.formats.mots.write import write_mots

FORMAT = Format(
    write=write_mots,
    read=read_mots,
    matches=looks_like_mots,
    scenes=mots_sequences,
    about="MOTS sequences, masks with track ids",
)
