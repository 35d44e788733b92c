"""The main job: scene in, labels out, resumable."""

from drivelabel.pipeline.annotate_run import AnnotateReport as AnnotateReport
from drivelabel.pipeline.annotate_run import annotate as annotate
from drivelabel.pipeline.ingest_run import ingest as ingest
from drivelabel.pipeline.plan import Plan as Plan
from drivelabel.pipeline.tasks import TASKS as TASKS
from drivelabel.pipeline.tasks import ModelChoice as ModelChoice
from drivelabel.pipeline.tasks import make_plan as make_plan
