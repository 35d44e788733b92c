"""The weight files that drivelabel knows by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One published file of weights.

    Attributes:
        name: the file's name in `$DRIVELABEL_MODELS` and in the cache.
        task: ``detect`` or ``segment``.
        sha256: hex digest of its bytes.
        n_bytes: its size.
        licence: SPDX name of the licence that its publisher gives it.
        source: the public project that it comes from.
        url: where exactly these bytes can be downloaded, or None when no such place is known.
    """

    name: str
    task: str
    sha256: str
    n_bytes: int
    licence: str
    source: str
    url: str | None = None


KNOWN: dict[str, WeightFile] = {
    weights.name: weights
    for weights in (
        WeightFile(
            name="yolox_nano.onnx",
            task="detect",
            sha256="c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
            n_bytes=3_659_407,
            licence="Apache-2.0",
            source="https://github.com/Megvii-BaseDetection/YOLOX",
            url="https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx",
        ),
        WeightFile(
            name="nanodet_m.onnx",
            task="detect",
            sha256="4b82da9944b88577175ee23a459dce2e26e6e4be573def65b1055dc2d9720186",
            n_bytes=3_800_954,
            licence="Apache-2.0",
            source="https://github.com/opencv/opencv_zoo",
            # By commit: the file's name there says 2022nov, a branch may replace it.
            url="https://media.githubusercontent.com/media/opencv/opencv_zoo/"
            "47534e27c9851bb1128ccc0102f1145e27f23f98/models/object_detection_nanodet/"
            "object_detection_nanodet_2022nov.onnx",
        ),
        WeightFile(
            name="twinlitenet.onnx",
            task="segment",
            sha256="9548df62a3c64c321eddfff531fe96400f6c8ce072f8334c46086c12d8d4e512",
            n_bytes=1_800_338,
            licence="MIT",
            source="https://github.com/chequanghuy/TwinLiteNet",
        ),
    )
}
"""File name to file."""
