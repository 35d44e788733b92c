"""nuScenes results files: the JSON that detectors and trackers submit."""

from drivelabel.formats.known import Format
from drivelabel.formats.nuscenes_results.read import is_results
from drivelabel.formats.nuscenes_results.read import read_results as read_results
from drivelabel.formats.nuscenes_results.write import write_results as write_results

FORMAT = Format(
    write=write_results,
    read=read_results,
    matches=is_results,
    about="nuScenes results: detections or tracks, one JSON file",
)
