"""CULane: one text file of lane lines beside each image, and lists of images."""

from drivelabel.formats.culane.read import looks_like_culane, read_culane
from drivelabel.formats.culane.write import write_culane
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_culane,
    read=read_culane,
    matches=looks_like_culane,
    pixels=CORNER,
    about="CULane lane lines, a .lines.txt beside each image",
)
