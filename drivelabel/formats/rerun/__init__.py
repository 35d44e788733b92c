"""Rerun: a drive and its labels as an .rrd file, to look at."""

from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.rerun.write import write_rrd as write_rrd

FORMAT = Format(write=write_rrd, pixels=CORNER, about="a drive for the Rerun viewer, .rrd")
