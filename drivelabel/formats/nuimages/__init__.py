"""nuImages: single camera images with boxes, masks of things and of surfaces, as tables."""

from drivelabel.formats.known import Format
from drivelabel.formats.nuimages.read import is_nuimages
from drivelabel.formats.nuimages.read import read_nuimages as read_nuimages
from drivelabel.formats.nuimages.write import write_nuimages as write_nuimages
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_nuimages,
    read=read_nuimages,
    matches=is_nuimages,
    pixels=CORNER,
    about="nuImages tables, with images",
)
