"""The page a person reads: one file, no requests, no markup from anybody's labels."""

from drivelabel.evaluation.report.html.page import Draw as Draw
from drivelabel.evaluation.report.html.page import render as render
