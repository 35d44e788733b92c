"""What is true of a simulated drive: labels that follow from the world and from what each pixel shows."""

from drivelabel.simulate.truth.cuboids import cuboids_of as cuboids_of
from drivelabel.simulate.truth.frame import FrameTruth as FrameTruth
from drivelabel.simulate.truth.frame import drive_tags as drive_tags
from drivelabel.simulate.truth.frame import frame_truth as frame_truth
from drivelabel.simulate.truth.view import MIN_PIXELS as MIN_PIXELS
from drivelabel.simulate.truth.view import View as View
