"""Other people's data: readers and writers, found by the format's name."""

from drivelabel.formats.known import FORMATS as FORMATS
from drivelabel.formats.known import Format as Format
from drivelabel.formats.known import Writer as Writer
from drivelabel.formats.known import find_format as find_format
from drivelabel.formats.known import find_writer as find_writer
from drivelabel.formats.report import ConversionReport as ConversionReport
from drivelabel.formats.report import Entry as Entry
from drivelabel.formats.report import Tally as Tally
