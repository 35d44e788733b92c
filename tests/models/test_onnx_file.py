import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.onnx_bytes import graph, message, model, node, number, port, tensor

from drivelabel.errors import FormatError
from drivelabel.models.onnx_file import Port, read_onnx_info

IMAGE = port("images", ["batch", 3, 8, 8])
PLAIN = model(
    graph(
        [node("Mul", ["images", "k"], ["out"])],
        [IMAGE, port("k", [1])],
        [port("out", ["batch", 3, 8, 8])],
        [tensor("k", [2.0], [1])],
    )
)


def test_inputs_and_outputs_are_read_and_weights_are_not_inputs() -> None:
    info = read_onnx_info(PLAIN, "toy.onnx")
    assert info.inputs == (Port("images", (None, 3, 8, 8), 1),)
    assert info.outputs == (Port("out", (None, 3, 8, 8), 1),)


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(graph([], [IMAGE], [], [tensor("k", [], [1], external="/etc/passwd")]), id="weight"),
        pytest.param(
            graph(
                [node("Constant", [], ["k"], message(5, message(5, tensor("k", [], [1], "../k.bin"))))],
                [IMAGE],
                [],
            ),
            id="constant in a node",
        ),
        pytest.param(
            graph(
                [
                    node(
                        "If",
                        ["c"],
                        ["k"],
                        message(5, message(6, graph([], [], [], [tensor("k", [], [1], "k")]))),
                    )
                ],
                [IMAGE],
                [],
            ),
            id="graph inside a graph",
        ),
        pytest.param(
            graph([], [IMAGE], []) + message(15, message(1, tensor("k", [], [1], "k"))), id="sparse"
        ),
        pytest.param(graph([], [IMAGE], [], [number(14, 1) + message(8, "k")]), id="location without a file"),
    ],
)
def test_data_in_other_files_is_refused_wherever_it_hides(hidden: bytes) -> None:
    with pytest.raises(FormatError, match="expected a single-file ONNX model, got tensor 'k'"):
        read_onnx_info(model(hidden), "toy.onnx")


def test_a_function_with_data_in_other_files_is_refused() -> None:
    constant = node("Constant", [], ["k"], message(5, message(5, tensor("k", [], [1], "k.bin"))))
    with pytest.raises(FormatError, match="single-file"):
        read_onnx_info(PLAIN + message(25, message(7, constant)), "toy.onnx")


@given(st.integers(0, len(PLAIN) - 1))
def test_a_file_cut_anywhere_is_our_error_or_a_shorter_model(length: int) -> None:
    try:
        read_onnx_info(PLAIN[:length], "toy.onnx")
    except FormatError as error:
        assert "toy.onnx" in str(error)


@given(st.binary(max_size=200))
def test_any_bytes_are_our_error_or_a_model(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        read_onnx_info(data, "toy.onnx")


def test_endless_nesting_is_refused() -> None:
    inner = graph([], [], [])
    for _ in range(200):
        inner = graph([node("If", [], [], message(5, message(6, inner)))], [], [])
    with pytest.raises(FormatError, match="nested too deeply"):
        read_onnx_info(model(inner), "toy.onnx")


@pytest.mark.parametrize("name", ["yolox_nano.onnx", "twinlitenet.onnx", "nanodet_m.onnx"])
def test_the_reader_agrees_with_onnxruntime_on_real_files(name: str, shared_weights: Path) -> None:
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(str(shared_weights / name), options, providers=["CPUExecutionProvider"])
    info = read_onnx_info((shared_weights / name).read_bytes(), name)
    assert [(p.name, list(p.shape)) for p in info.inputs] == [(i.name, i.shape) for i in session.get_inputs()]
    assert [(p.name, list(p.shape)) for p in info.outputs] == [
        (o.name, o.shape) for o in session.get_outputs()
    ]
