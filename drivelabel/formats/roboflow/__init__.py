"""Roboflow's exports: COCO or YOLO labels in folders train, valid and test."""

from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.roboflow.layouts import looks_like_roboflow
from drivelabel.formats.roboflow.layouts import read_roboflow as read_roboflow
from drivelabel.formats.roboflow.layouts import write_roboflow as write_roboflow

FORMAT = Format(
    write=write_roboflow,
    read=read_roboflow,
    matches=looks_like_roboflow,
    pixels=CORNER,
    about="Roboflow's COCO and YOLO folders train, valid and test",
)
