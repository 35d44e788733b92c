"""How good tracks are: HOTA, CLEAR and Identity as TrackEval, CLEAR and IDF1 as py-motmetrics."""

from drivelabel.evaluation.tracks.clear import Clear as Clear
from drivelabel.evaluation.tracks.clear import clear as clear
from drivelabel.evaluation.tracks.columns import Overlaps as Overlaps
from drivelabel.evaluation.tracks.columns import Tracks as Tracks
from drivelabel.evaluation.tracks.hota import ALPHAS as ALPHAS
from drivelabel.evaluation.tracks.hota import Hota as Hota
from drivelabel.evaluation.tracks.hota import hota as hota
from drivelabel.evaluation.tracks.identity import Identity as Identity
from drivelabel.evaluation.tracks.identity import identity as identity
from drivelabel.evaluation.tracks.motchallenge import MOT17_DISTRACTORS as MOT17_DISTRACTORS
from drivelabel.evaluation.tracks.motchallenge import MOT20_DISTRACTORS as MOT20_DISTRACTORS
from drivelabel.evaluation.tracks.motchallenge import read_mot_text as read_mot_text
from drivelabel.evaluation.tracks.motchallenge import read_motchallenge as read_motchallenge
from drivelabel.evaluation.tracks.motmetrics import MotClear as MotClear
from drivelabel.evaluation.tracks.motmetrics import mot_clear as mot_clear
