"""Pascal VOC: one XML file an image, pixels counted from 1."""

from drivelabel.formats.known import Format
from drivelabel.formats.pixels import ONE_BASED_INCLUSIVE
from drivelabel.formats.voc.read import looks_like_voc
from drivelabel.formats.voc.read import read_voc as read_voc
from drivelabel.formats.voc.write import write_voc as write_voc

FORMAT = Format(
    write=write_voc,
    read=read_voc,
    matches=looks_like_voc,
    pixels=ONE_BASED_INCLUSIVE,
    about="Pascal VOC boxes, one XML file an image",
)
