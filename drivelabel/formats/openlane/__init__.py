"""OpenLane v1: one JSON file of lane lines for each image of a drive."""

from drivelabel.formats.known import Format
from drivelabel.formats.openlane.read import looks_like_openlane, openlane_segments, read_openlane
from drivelabel.formats.openlane.write import write_openlane
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_openlane,
    read=read_openlane,
    matches=looks_like_openlane,
    scenes=openlane_segments,
    pixels=CORNER,
    about="OpenLane v1 lane lines, a JSON file for each image",
)
