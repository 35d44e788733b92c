"""TuSimple: lane lines as one x for each of some image rows, one JSON object a line."""

from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.tusimple.read import looks_like_tusimple, read_tusimple
from drivelabel.formats.tusimple.write import write_tusimple

FORMAT = Format(
    write=write_tusimple,
    read=read_tusimple,
    matches=looks_like_tusimple,
    pixels=CORNER,
    about="TuSimple lane lines, JSON lines",
)
