"""LabelMe: one JSON file of shapes an image; X-AnyLabeling writes the same with more keys."""

from drivelabel.formats.known import Format
from drivelabel.formats.labelme.read import looks_like_labelme
from drivelabel.formats.labelme.read import read_labelme as read_labelme
from drivelabel.formats.labelme.write import write_labelme as write_labelme
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_labelme,
    read=read_labelme,
    matches=looks_like_labelme,
    pixels=CORNER,
    about="LabelMe and X-AnyLabeling shapes, one JSON file an image",
)
