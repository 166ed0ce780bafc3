"""Linear layers of a graph in 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sftsec_core.recipes.encoder.row_int8 import (
    LEVELS,
    quantize_linear_layers,
    quantize_weights,
)

INPUTS, OUTPUTS = 48, 32
WEIGHTS = np.random.default_rng(1).normal(size=(INPUTS, OUTPUTS)).astype(np.float32)


def graph() -> Any:
    """Two layers that read the same values, and a product of two results, which is no layer."""
    kept = [numpy_helper.from_array(WEIGHTS, "w"), numpy_helper.from_array(2 * WEIGHTS, "v")]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("MatMul", ["x", "v"], ["b"]),
        helper.make_node("Transpose", ["b"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["a", "t"], ["y"]),
    ]
    of = helper.make_tensor_value_info
    x = of("x", TensorProto.FLOAT, ["texts", "tokens", INPUTS])
    outputs = [of("a", TensorProto.FLOAT, None), of("y", TensorProto.FLOAT, None)]
    made = helper.make_graph(nodes, "two", [x], outputs, kept)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: Any, x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, {"x": x}))


@pytest.fixture(scope="module")
def quantized() -> Any:
    model = graph()
    assert quantize_linear_layers(model) == 2
    return model


class TestQuantizeWeights:
    @given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=4, max_size=4))
    def test_error_is_half_a_step(self, values: list[float]) -> None:
        weights = np.array(values, dtype=np.float32).reshape(2, 2)
        numbers, scales = quantize_weights(weights)
        assert numbers.dtype == np.int8
        assert np.abs(numbers.astype(int)).max() <= LEVELS
        assert (np.abs(numbers * scales - weights) <= 0.501 * scales + 1e-12).all()


class TestQuantizeLinearLayers:
    def test_products_stay_close(self, quantized: Any) -> None:
        x = np.random.default_rng(2).normal(size=(3, 5, INPUTS)).astype(np.float32)
        for found, wanted in zip(run(quantized, x), run(graph(), x), strict=True):
            assert np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()

    @settings(max_examples=20, deadline=None)
    @given(st.integers(1, 40), st.floats(1e-3, 1e4))
    def test_neighbours_change_no_row(self, quantized: Any, rows: int, size: float) -> None:
        random = np.random.default_rng(rows)
        x = random.normal(size=(1, 4, INPUTS)).astype(np.float32)
        others = (size * random.normal(size=(rows, 4, INPUTS))).astype(np.float32)
        alone, together = run(quantized, x)[0], run(quantized, np.concatenate([x, others]))[0]
        np.testing.assert_array_equal(alone[0], together[0])

    def test_row_of_zeros_gives_zeros(self, quantized: Any) -> None:
        assert not run(quantized, np.zeros((1, 2, INPUTS), dtype=np.float32))[0].any()

    def test_float_weights_are_gone(self, quantized: Any) -> None:
        names = {tensor.name for tensor in quantized.graph.initializer}
        assert not names & {"w", "v"}
        assert {"a.int8", "b.int8"} <= names
        assert sum(node.op_type == "QuantizeLinear" for node in quantized.graph.node) == 1
