"""KITTI's object benchmark: one text file of objects and one of calibration an image."""

from drivelabel.formats.kitti.read import is_kitti
from drivelabel.formats.kitti.read import read_kitti as read_kitti
from drivelabel.formats.kitti.write import write_kitti as write_kitti
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_kitti,
    read=read_kitti,
    matches=is_kitti,
    pixels=CORNER,
    about="KITTI objects: label_2, calib, image_2, velodyne",
)
