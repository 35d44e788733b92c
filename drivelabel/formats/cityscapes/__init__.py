"""Cityscapes: polygons, label ids and instance ids of each image, in folders of cities."""

from drivelabel.formats.cityscapes.read import looks_like_cityscapes
from drivelabel.formats.cityscapes.read import read_cityscapes as read_cityscapes
from drivelabel.formats.cityscapes.write import write_cityscapes as write_cityscapes
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_cityscapes,
    read=read_cityscapes,
    matches=looks_like_cityscapes,
    pixels=CORNER,
    about="Cityscapes polygons, label ids and instance ids",
)
