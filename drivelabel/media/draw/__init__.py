"""Pictures of labelled frames: boxes, areas, lines, lights, cuboids and lidar points, drawn to be read."""

from drivelabel.media.draw.birds_eye import draw_birds_eye as draw_birds_eye
from drivelabel.media.draw.cuboids import View as View
from drivelabel.media.draw.frame import draw_frame as draw_frame
from drivelabel.media.draw.gather import points_of as points_of
from drivelabel.media.draw.layer_labels import LayerLabels as LayerLabels
from drivelabel.media.draw.rig import draw_mosaic as draw_mosaic
from drivelabel.media.draw.rig import draw_scene_rig as draw_scene_rig
from drivelabel.media.draw.scene_frame import draw_scene_frame as draw_scene_frame
