"""Bosch Small Traffic Lights: one YAML file of boxes, read only."""

from drivelabel.formats.bosch.read import looks_like_bosch, read_bosch
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    read=read_bosch, matches=looks_like_bosch, pixels=CORNER, about="Bosch Small Traffic Lights, a YAML file"
)
