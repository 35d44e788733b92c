"""PandaSet sequences, read only: what :mod:`drivelabel.media.pandaset` reads, with its report."""

from drivelabel.formats.known import Format
from drivelabel.formats.pandaset.read import pandaset_sequences, read_pandaset
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    read=read_pandaset,
    matches=lambda path: bool(pandaset_sequences(path)),
    scenes=pandaset_sequences,
    pixels=CORNER,
    about="PandaSet sequences",
)
