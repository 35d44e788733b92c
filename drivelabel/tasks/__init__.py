"""From pixels and points to labels; one adapter file per foreign model."""

from drivelabel.tasks.annotator import Annotator as Annotator
from drivelabel.tasks.annotator import FrameLabels as FrameLabels
from drivelabel.tasks.annotator import Sequencer as Sequencer
from drivelabel.tasks.registry import ANNOTATORS as ANNOTATORS
from drivelabel.tasks.registry import annotator_names as annotator_names
from drivelabel.tasks.registry import make_annotator as make_annotator
