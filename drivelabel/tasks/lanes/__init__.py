"""Lane lines: found in single images by the Hough transform, followed over time."""

from drivelabel.tasks.lanes.hough import HoughLanes as HoughLanes
from drivelabel.tasks.lanes.hough import detect_lane_lines as detect_lane_lines
from drivelabel.tasks.lanes.track import LaneTracker as LaneTracker
