"""How good lane lines are: TuSimple, CULane, OpenLane."""

from drivelabel.evaluation.lanes.columns import LinePoints as LinePoints
from drivelabel.evaluation.lanes.columns import RowLanes as RowLanes
from drivelabel.evaluation.lanes.culane import culane as culane
from drivelabel.evaluation.lanes.culane import culane_pairs as culane_pairs
from drivelabel.evaluation.lanes.openlane import openlane_2d as openlane_2d
from drivelabel.evaluation.lanes.openlane import openlane_3d as openlane_3d
from drivelabel.evaluation.lanes.tusimple import tusimple as tusimple
from drivelabel.evaluation.lanes.tusimple import tusimple_frames as tusimple_frames
from drivelabel.evaluation.lanes.tusimple import tusimple_repaired as tusimple_repaired
