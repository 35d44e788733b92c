"""KITTI's tracking benchmark: one text file of objects a sequence."""

from drivelabel.formats.kitti_tracking.read import is_kitti_tracking, sequence_names
from drivelabel.formats.kitti_tracking.read import read_kitti_tracking as read_kitti_tracking
from drivelabel.formats.kitti_tracking.write import write_kitti_tracking as write_kitti_tracking
from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_kitti_tracking,
    read=read_kitti_tracking,
    matches=is_kitti_tracking,
    scenes=sequence_names,
    pixels=CORNER,
    about="KITTI tracking: label_02, calib, image_02, velodyne, oxts",
)
