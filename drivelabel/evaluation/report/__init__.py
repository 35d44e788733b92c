"""The report per drive log: what was judged, every number with its counts, and a page to read."""

from drivelabel.evaluation.report.log import LogReport as LogReport
from drivelabel.evaluation.report.log import evaluate_scene as evaluate_scene
from drivelabel.evaluation.report.metrics import metrics_json as metrics_json
from drivelabel.evaluation.report.projected import ProjectedTruth as ProjectedTruth
from drivelabel.evaluation.report.projected import projected_truth as projected_truth
from drivelabel.evaluation.report.settings import Settings as Settings
from drivelabel.evaluation.report.settings import changed as changed
from drivelabel.evaluation.report.write import read_baseline as read_baseline
from drivelabel.evaluation.report.write import write_report as write_report
