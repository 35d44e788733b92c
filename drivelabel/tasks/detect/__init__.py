"""Boxes around objects; one adapter file per foreign model."""

from drivelabel.tasks.detect.looks import WHOLE as WHOLE
from drivelabel.tasks.detect.looks import WHOLE_AND_AHEAD as WHOLE_AND_AHEAD
from drivelabel.tasks.detect.onnx_yolo import OnnxDetector as OnnxDetector
