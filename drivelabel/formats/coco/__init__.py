"""COCO: one JSON file of images, annotations and categories."""

from drivelabel.formats.coco.files import looks_like_coco
from drivelabel.formats.coco.read import read_coco as read_coco
from drivelabel.formats.coco.write import write_coco as write_coco
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER
from drivelabel.geometry import label_map_to_rle as label_map_to_rle
from drivelabel.geometry import mask_to_rle as mask_to_rle

FORMAT = Format(
    write=write_coco,
    read=read_coco,
    matches=looks_like_coco,
    pixels=CORNER,
    about="COCO instances, keypoints and captions, one JSON file",
)
