"""Boxes around objects; one adapter file per foreign model."""

from drivelabel.tasks.detect.onnx_yolo import OnnxDetector as OnnxDetector
