"""S2TLD traffic lights: VOC XML of five classes, read only."""

from drivelabel.formats.known import Format
from drivelabel.formats.pixels import ONE_BASED_INCLUSIVE
from drivelabel.formats.s2tld.read import looks_like_s2tld, read_s2tld

FORMAT = Format(
    read=read_s2tld,
    matches=looks_like_s2tld,
    pixels=ONE_BASED_INCLUSIVE,
    about="S2TLD traffic lights, VOC XML",
    narrower_than=("voc",),
)
