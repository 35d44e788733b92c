"""COCO panoptic: PNG files of segment ids, and one JSON file that says what they are."""

from drivelabel.formats.coco_panoptic.read import looks_like_coco_panoptic
from drivelabel.formats.coco_panoptic.read import read_coco_panoptic as read_coco_panoptic
from drivelabel.formats.coco_panoptic.write import write_coco_panoptic as write_coco_panoptic
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_coco_panoptic,
    read=read_coco_panoptic,
    matches=looks_like_coco_panoptic,
    pixels=CORNER,
    about="COCO panoptic masks, PNG files and one JSON file",
)
