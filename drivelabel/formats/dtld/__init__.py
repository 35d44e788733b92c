"""DTLD (DriveU traffic lights) version 2: one JSON file, read only."""

from drivelabel.formats.dtld.read import looks_like_dtld, read_dtld
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    read=read_dtld, matches=looks_like_dtld, pixels=CORNER, about="DriveU traffic lights v2, a JSON file"
)
