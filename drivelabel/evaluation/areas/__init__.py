"""How good dense labels are: mean IoU as Cityscapes, panoptic quality as panopticapi, boundary IoU."""

from drivelabel.evaluation.areas.boundary import boundary_iou as boundary_iou
from drivelabel.evaluation.areas.boundary import boundary_of as boundary_of
from drivelabel.evaluation.areas.mean_iou import MeanIou as MeanIou
from drivelabel.evaluation.areas.mean_iou import confusion_of as confusion_of
from drivelabel.evaluation.areas.mean_iou import mean_iou as mean_iou
from drivelabel.evaluation.areas.panoptic import PanopticQuality as PanopticQuality
from drivelabel.evaluation.areas.panoptic import Segments as Segments
from drivelabel.evaluation.areas.panoptic import panoptic_quality as panoptic_quality
