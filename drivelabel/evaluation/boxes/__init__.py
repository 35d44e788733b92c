"""How well boxes were found, as the public benchmarks count it."""

from drivelabel.evaluation.boxes.argoverse2 import Argoverse2Result as Argoverse2Result
from drivelabel.evaluation.boxes.argoverse2 import Cuboids as Cuboids
from drivelabel.evaluation.boxes.argoverse2 import argoverse2_detection as argoverse2_detection
from drivelabel.evaluation.boxes.argoverse2 import in_regions as in_regions
from drivelabel.evaluation.boxes.coco import CocoObjects as CocoObjects
from drivelabel.evaluation.boxes.coco import CocoResult as CocoResult
from drivelabel.evaluation.boxes.coco import coco_average_precision as coco_average_precision
from drivelabel.evaluation.boxes.columns import ImageBoxes as ImageBoxes
from drivelabel.evaluation.boxes.kitti import KittiObjects as KittiObjects
from drivelabel.evaluation.boxes.kitti import KittiResult as KittiResult
from drivelabel.evaluation.boxes.kitti import kitti_average_precision as kitti_average_precision
from drivelabel.evaluation.boxes.voc import VocResult as VocResult
from drivelabel.evaluation.boxes.voc import voc_average_precision as voc_average_precision
