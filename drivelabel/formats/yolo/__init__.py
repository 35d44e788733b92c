"""YOLO data sets as ultralytics reads them: a YAML, folders of images, and a text file for each."""

from drivelabel.formats.known import Format
from drivelabel.formats.pixels import CORNER
from drivelabel.formats.yolo.files import looks_like_yolo
from drivelabel.formats.yolo.read import read_yolo as read_yolo
from drivelabel.formats.yolo.write import write_yolo as write_yolo

FORMAT = Format(
    write=write_yolo,
    read=read_yolo,
    matches=looks_like_yolo,
    pixels=CORNER,
    about="YOLO detect, segment, pose and OBB, a folder with a YAML",
)
