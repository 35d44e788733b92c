"""The main job: scene in, labels out, resumable."""

from drivelabel.pipeline.annotate_run import AnnotateReport as AnnotateReport
from drivelabel.pipeline.annotate_run import annotate as annotate
from drivelabel.pipeline.convert_run import ConvertReport as ConvertReport
from drivelabel.pipeline.convert_run import convert_labels as convert_labels
from drivelabel.pipeline.export_run import ExportSettings as ExportSettings
from drivelabel.pipeline.export_run import export_labels as export_labels
from drivelabel.pipeline.import_run import ImportedScene as ImportedScene
from drivelabel.pipeline.import_run import import_labels as import_labels
from drivelabel.pipeline.ingest_run import ingest as ingest
from drivelabel.pipeline.ingest_run import labels_format as labels_format
from drivelabel.pipeline.plan import Plan as Plan
from drivelabel.pipeline.tasks import TASKS as TASKS
from drivelabel.pipeline.tasks import ModelChoice as ModelChoice
from drivelabel.pipeline.tasks import make_plan as make_plan
