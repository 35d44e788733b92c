"""Other people's data: readers and writers, found by the format's name."""

from drivelabel.formats.imported import Imported as Imported
from drivelabel.formats.known import Format as Format
from drivelabel.formats.known import Reader as Reader
from drivelabel.formats.known import Writer as Writer
from drivelabel.formats.known import detect_format as detect_format
from drivelabel.formats.known import find_format as find_format
from drivelabel.formats.known import find_reader as find_reader
from drivelabel.formats.known import find_writer as find_writer
from drivelabel.formats.known import format_names as format_names
from drivelabel.formats.pictures import Data as Data
from drivelabel.formats.report import ConversionReport as ConversionReport
from drivelabel.formats.report import Entry as Entry
from drivelabel.formats.report import Tally as Tally
