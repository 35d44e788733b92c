"""Detection and tracking as nuScenes judges them, equal to its devkit."""

from drivelabel.evaluation.nuscenes.columns import DetectionColumns as DetectionColumns
from drivelabel.evaluation.nuscenes.columns import TrackingColumns as TrackingColumns
from drivelabel.evaluation.nuscenes.columns import joined as joined
from drivelabel.evaluation.nuscenes.config import ATTRIBUTE_NAMES as ATTRIBUTE_NAMES
from drivelabel.evaluation.nuscenes.config import DETECTION_NAMES as DETECTION_NAMES
from drivelabel.evaluation.nuscenes.config import NO_ATTRIBUTE as NO_ATTRIBUTE
from drivelabel.evaluation.nuscenes.config import TRACKING_NAMES as TRACKING_NAMES
from drivelabel.evaluation.nuscenes.config import DetectionConfig as DetectionConfig
from drivelabel.evaluation.nuscenes.config import TrackingConfig as TrackingConfig
from drivelabel.evaluation.nuscenes.detection import detection as detection
from drivelabel.evaluation.nuscenes.detection_result import DetectionCurve as DetectionCurve
from drivelabel.evaluation.nuscenes.detection_result import DetectionResult as DetectionResult
from drivelabel.evaluation.nuscenes.from_scene import SceneBoxes as SceneBoxes
from drivelabel.evaluation.nuscenes.from_scene import detections_of as detections_of
from drivelabel.evaluation.nuscenes.from_scene import tracks_of as tracks_of
from drivelabel.evaluation.nuscenes.results_file import DetectionResults as DetectionResults
from drivelabel.evaluation.nuscenes.results_file import TrackingResults as TrackingResults
from drivelabel.evaluation.nuscenes.results_file import read_detections as read_detections
from drivelabel.evaluation.nuscenes.results_file import read_tracks as read_tracks
from drivelabel.evaluation.nuscenes.samples import BikeRacks as BikeRacks
from drivelabel.evaluation.nuscenes.samples import Samples as Samples
from drivelabel.evaluation.nuscenes.samples import place as place
from drivelabel.evaluation.nuscenes.tracking import tracking as tracking
from drivelabel.evaluation.nuscenes.tracking_result import TrackingCurve as TrackingCurve
from drivelabel.evaluation.nuscenes.tracking_result import TrackingResult as TrackingResult
