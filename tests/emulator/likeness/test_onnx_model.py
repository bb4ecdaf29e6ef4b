from __future__ import annotations

import numpy as np
import onnxruntime

from scenario_search.emulator.likeness.onnx_model import OnnxNode, onnx_model


def session(*nodes: OnnxNode, side: int | str = "n") -> onnxruntime.InferenceSession:
    """A network from ``x`` to ``y`` that knows the weights ``shift``."""
    model = onnx_model(
        nodes,
        {"shift": np.array([1, -2, 0.5], dtype=np.float32)},
        inputs={"x": (side, 3)},
        outputs=["y"],
    )
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def test_weights_and_names_are_read_as_written() -> None:
    network = session(
        OnnxNode("Add", ["x", "shift"], "moved", {}), OnnxNode("Relu", ["moved"], "y", {})
    )
    (y,) = network.run(None, {"x": np.zeros((2, 3), dtype=np.float32)})
    assert y.tolist() == [[1, 0, 0.5], [1, 0, 0.5]]


def test_sides_are_fixed_or_named() -> None:
    node = OnnxNode("Relu", ["x"], "y", {})
    assert session(node).get_inputs()[0].shape == ["n", 3]
    assert session(node, side=300).get_inputs()[0].shape == [300, 3]


def test_a_setting_is_a_number_a_word_or_several_numbers() -> None:
    turned = OnnxNode("Transpose", ["x"], "turned", {"perm": [1, 0]})
    added = OnnxNode("ReduceMax", ["turned"], "y", {"axes": [1], "keepdims": 0})
    (y,) = session(turned, added).run(None, {"x": np.array([[1, 2, 3], [6, 5, 4]], np.float32)})
    assert y.tolist() == [6, 5, 4]


def test_a_long_tensor_keeps_its_length() -> None:
    convolution = OnnxNode("Conv", ["wide", "mask"], "y", {"auto_pad": "VALID", "strides": [1, 1]})
    model = onnx_model(
        [convolution],
        {"mask": np.ones((1, 1, 1, 200), dtype=np.float32)},
        inputs={"wide": (1, 1, 1, "width")},
        outputs=["y"],
    )
    network = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (y,) = network.run(None, {"wide": np.ones((1, 1, 1, 200), dtype=np.float32)})
    assert y.tolist() == [[[[200]]]]
