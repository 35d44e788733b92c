"""nuScenes v1.0: drives as thirteen tables of records that name each other by tokens."""

from drivelabel.formats.known import Format
from drivelabel.formats.nuscenes.read import is_nuscenes, scene_names
from drivelabel.formats.nuscenes.read import read_nuscenes as read_nuscenes
from drivelabel.formats.nuscenes.tables import open_tables as open_tables
from drivelabel.formats.nuscenes.write import write_nuscenes as write_nuscenes
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_nuscenes,
    read=read_nuscenes,
    matches=is_nuscenes,
    scenes=scene_names,
    pixels=CORNER,
    about="nuScenes v1.0 tables, with images and sweeps",
)
