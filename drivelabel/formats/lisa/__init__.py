"""LISA traffic lights: CSV files of housings and of bulbs, read only."""

from drivelabel.formats.known import Format
from drivelabel.formats.lisa.read import looks_like_lisa, read_lisa
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    read=read_lisa, matches=looks_like_lisa, pixels=CORNER, about="LISA traffic lights, CSV files"
)
