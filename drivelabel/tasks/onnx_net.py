"""Running an ONNX network, through onnxruntime or, where that is absent, OpenCV."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from drivelabel._check import did_you_mean
from drivelabel._optional import require
from drivelabel.errors import FormatError, InvalidLabelError, MissingExtraError, StoreError
from drivelabel.models.onnx_file import FLOAT, OnnxInfo, Port, read_onnx_info
from drivelabel.models.registry import find_weights
from drivelabel.typing import Float32Array

Backend = Literal["auto", "onnxruntime", "opencv"]
_Runner = Callable[[Float32Array], list[Float32Array]]
_BACKENDS = ("auto", "onnxruntime", "opencv")
_LOG_ERRORS_ONLY = 3


class OnnxNet:
    """A network with one image input.

    Its bytes are read once: those that were hashed and searched for references to other files are those
    that run.

    Attributes:
        where: the file's name, for messages.
        sha256: hex digest of the file.
        info: inputs and outputs as the file names them.
        backend: ``onnxruntime`` or ``opencv``.
    """

    def __init__(
        self, weights: str | Path, *, device: str = "cpu", threads: int = 0, backend: Backend = "auto"
    ) -> None:
        """Load a network.

        Args:
            weights: a name that :func:`drivelabel.models.find_weights` knows, or a path.
            device: ``cpu``, ``cuda`` or ``cuda:N``.
            threads: how many CPU threads one forward may use; 0 leaves it to the backend. OpenCV has one
                setting for the whole process (``cv2.setNumThreads``), which is left alone.
            backend: ``auto`` takes onnxruntime when it is installed.

        Raises:
            StoreError: the weights are missing, altered or unreadable.
            FormatError: no ONNX model, one with data in other files, or not one float32 image as input.
            MissingExtraError: the backend or the device is not there.
        """
        path = find_weights(weights)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: cannot be read ({error.strerror or error}).") from error
        self.where = path.name
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.info: OnnxInfo = read_onnx_info(data, self.where)
        self._port = _image_port(self.info, self.where)
        self.backend = _choose(backend)
        if self.backend == "onnxruntime":
            self._run = _onnxruntime(data, self.where, self._port, device, threads)
        else:
            self._run = _opencv(data, self.where, self._port, self.info, device)

    @property
    def input_hw(self) -> tuple[int | None, int | None]:
        """Height and width of the input image, None where the network takes any."""
        return self._port.shape[2], self._port.shape[3]

    def shapes_for(self, input_hw: tuple[int, int]) -> list[tuple[int | None, ...]]:
        """Shapes of the outputs, in the file's order, for an input of some size.

        A file with free sizes says nothing of its outputs, so an empty image is run through it.
        """
        declared = [port.shape for port in self.info.outputs]
        if all(size is not None for shape in declared for size in shape[1:]) and all(map(len, declared)):
            return declared
        outputs = self(np.zeros((1, 3, *input_hw), np.float32))
        return [(None, *output.shape[1:]) for output in outputs]

    def __call__(self, images: Float32Array) -> list[Float32Array]:
        """Outputs for a batch, in the file's order.

        A network that takes batches of any size gets them whole; another gets its images one by one.

        Args:
            images: (n, 3, h, w) float32, C order, n >= 1.
        """
        if self._port.shape[0] is None or self._port.shape[0] == len(images):
            return self._run(images)
        if self._port.shape[0] != 1:
            raise FormatError(
                f"{self.where}: runs {self._port.shape[0]} images at a time only; export it with a free "
                f"batch size or with 1."
            )
        parts = [self._run(images[i : i + 1]) for i in range(len(images))]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


def _image_port(info: OnnxInfo, where: str) -> Port:
    ports = info.inputs
    if len(ports) == 1 and len(ports[0].shape) == 4 and ports[0].shape[1] in (3, None):
        if ports[0].dtype == FLOAT:
            return ports[0]
        raise FormatError(f"{where}: expected a float32 input, got ONNX type {ports[0].dtype}.")
    shapes = ", ".join(f"{p.name} {list(p.shape)}" for p in ports) or "none"
    raise FormatError(f"{where}: expected one input of shape (n, 3, h, w), got {shapes}.")


def _choose(backend: str) -> str:
    if backend not in _BACKENDS:
        raise InvalidLabelError(f"backend: no {backend!r}.{did_you_mean(backend, _BACKENDS)}")
    if backend != "auto":
        return backend
    return "onnxruntime" if importlib.util.find_spec("onnxruntime") else "opencv"


def _device_number(device: str) -> int | None:
    """Number of the CUDA device, or None for the CPU."""
    kind, _, number = device.partition(":")
    if device == "cpu":
        return None
    if kind == "cuda" and (not number or number.isdigit()):
        return int(number or 0)
    raise InvalidLabelError(f"device: expected cpu, cuda or cuda:N, got {device!r}.")


def _onnxruntime(data: bytes, where: str, port: Port, device: str, threads: int) -> _Runner:
    number = _device_number(device)
    ort = require("onnxruntime", extra="models")
    providers: list[Any] = ["CPUExecutionProvider"]
    if number is not None:
        if "CUDAExecutionProvider" not in ort.get_available_providers():
            raise MissingExtraError(_no_cuda("this onnxruntime was built without CUDA", "onnxruntime-gpu"))
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": number}))
    options = ort.SessionOptions()
    options.log_severity_level = _LOG_ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the cores from decoding and tracking.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(data, options, providers=providers)
    except Exception as error:  # onnxruntime's errors share no base but Exception
        raise FormatError(f"{where}: onnxruntime cannot load it: {error}") from error
    if number is not None and session.get_providers()[0] != "CUDAExecutionProvider":
        raise MissingExtraError(_no_cuda("no CUDA device could be opened", "the CUDA libraries"))
    return lambda images: list(session.run(None, {port.name: images}))


def _opencv(data: bytes, where: str, port: Port, info: OnnxInfo, device: str) -> _Runner:
    if _device_number(device) is not None:
        raise MissingExtraError(_no_cuda("the OpenCV backend runs on the CPU", "onnxruntime-gpu"))
    names = [output.name for output in info.outputs]
    try:
        net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    except cv2.error as error:
        raise FormatError(f"{where}: OpenCV cannot load it: {error.err}") from error

    def run(images: Float32Array) -> list[Float32Array]:
        net.setInput(images, port.name)
        # A copy: the next forward reuses OpenCV's memory.
        return [np.array(output, np.float32) for output in net.forward(names)]

    return run


def _no_cuda(why: str, what: str) -> str:
    return f"device 'cuda' was asked for, but {why}. Install {what}, or use device 'cpu'."
