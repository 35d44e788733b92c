"""One identity through time: which box of this frame is which box of the frames before."""

from drivelabel.tasks.track.groups import category_groups as category_groups
from drivelabel.tasks.track.lights import light_track_ids as light_track_ids
from drivelabel.tasks.track.tracker import IDS_PER_CAMERA as IDS_PER_CAMERA
from drivelabel.tasks.track.tracker import BoxTracker as BoxTracker
from drivelabel.tasks.track.tracker import TrackerSettings as TrackerSettings
