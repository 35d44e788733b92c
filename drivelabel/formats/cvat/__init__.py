"""CVAT 1.1: one XML file of images, or of tracks through a video."""

from drivelabel.formats.cvat.read import looks_like_cvat, read_cvat
from drivelabel.formats.cvat.write import write_cvat
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_cvat,
    read=read_cvat,
    matches=looks_like_cvat,
    pixels=CORNER,
    about="CVAT 1.1 for images and for video, XML",
)
