"""MOT Challenge: one text file of boxes with track ids for each sequence."""

from drivelabel.formats.known import Format
from drivelabel.formats.mot.read import MOT_PIXELS, looks_like_mot, mot_sequences, read_mot
from drivelabel.formats.mot.write import write_mot

FORMAT = Format(
    write=write_mot,
    read=read_mot,
    matches=looks_like_mot,
    scenes=mot_sequences,
    pixels=MOT_PIXELS,
    about="MOT Challenge sequences, text files of tracked boxes",
)
