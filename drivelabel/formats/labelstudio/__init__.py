"""Label Studio: one JSON file of tasks, for images or for video."""

from drivelabel.formats.known import Format
from drivelabel.formats.labelstudio.read import looks_like_labelstudio, read_labelstudio, video_tasks
from drivelabel.formats.labelstudio.write import write_labelstudio
from drivelabel.formats.pixels import CORNER

FORMAT = Format(
    write=write_labelstudio,
    read=read_labelstudio,
    matches=looks_like_labelstudio,
    scenes=video_tasks,
    pixels=CORNER,
    about="Label Studio tasks, JSON",
)
