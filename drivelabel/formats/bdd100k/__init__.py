"""BDD100K and Scalabel: JSON of frames and labels, and BDD100K's masks as PNG."""

from drivelabel.formats.bdd100k.labels import BOX_PIXELS
from drivelabel.formats.bdd100k.read import bdd100k_videos, looks_like_bdd100k, read_bdd100k
from drivelabel.formats.bdd100k.write import write_bdd100k
from drivelabel.formats.known import Format

FORMAT = Format(
    write=write_bdd100k,
    read=read_bdd100k,
    matches=looks_like_bdd100k,
    scenes=bdd100k_videos,
    pixels=BOX_PIXELS,
    about="BDD100K and Scalabel, JSON (masks: PNG)",
)
