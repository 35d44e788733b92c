"""ASAM OpenLABEL 1.0: one JSON file of objects, frames, streams and coordinate systems."""

from drivelabel.formats.known import Format
from drivelabel.formats.openlabel.read import looks_like_openlabel, read_openlabel
from drivelabel.formats.openlabel.write import write_openlabel
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_openlabel,
    read=read_openlabel,
    matches=looks_like_openlabel,
    pixels=CORNER,
    about="ASAM OpenLABEL 1.0, one JSON file",
)
