"""KITTI's raw drives: images, velodyne, oxts poses, calibration and tracklets."""

from drivelabel.formats.kitti_raw.read import drive_names, is_kitti_raw
from drivelabel.formats.kitti_raw.read import read_kitti_raw as read_kitti_raw
from drivelabel.formats.kitti_raw.write import write_kitti_raw as write_kitti_raw
from drivelabel.formats.known import Format

FORMAT = Format(
    write=write_kitti_raw,
    read=read_kitti_raw,
    matches=is_kitti_raw,
    scenes=drive_names,
    about="KITTI raw: drives with oxts, calibration, tracklets, velodyne",
)
