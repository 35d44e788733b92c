"""MCAP: a drive and its labels as Foxglove messages."""

from drivelabel.formats.known import Format
from drivelabel.formats.mcap.write import write_mcap as write_mcap
from drivelabel.formats.pixels import CORNER

FORMAT = Format(write=write_mcap, pixels=CORNER, about="a drive as Foxglove messages, for players")
