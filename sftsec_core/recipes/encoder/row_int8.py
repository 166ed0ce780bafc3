"""Linear layers of an ONNX graph in 8 bits: each row of what they multiply has a scale of its own.

Weights are quantized once, a scale for each output (Krishnamoorthi 2018). What they multiply is
quantized as it comes, a scale for each token (as Dettmers 2022, without its outliers). ONNX
Runtime's own dynamic quantization takes one scale for all that is scored at once: there, what
shares the batch moves a text's probability, and one large value takes the digits of all others.
Symmetric, around 128: unsigned times signed 8 bits is what processors multiply in one instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LEVELS = 127  # of the absolute value
MIDDLE = 128  # the unsigned number that stands for 0
_TINY = 1e-12  # the scale of a row of zeros is none
_MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
_OPSET = 21


def quantize_weights(
    weights: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights in 8 bits.

    Args:
        weights: shape (inputs, outputs).

    Returns:
        The numbers, of that shape, and what each output's are multiplied by, shape (outputs,).
    """
    scales = np.maximum(np.abs(weights).max(axis=0), _TINY).astype(np.float32) / LEVELS
    numbers = np.clip(np.round(weights / scales), -LEVELS, LEVELS).astype(np.int8)
    return numbers, scales.astype(np.float32)


def quantize_linear_layers(model: Any) -> int:  # noqa: ANN401 - onnx's ModelProto
    """Put linear layers of 8 bits in the place of a graph's products with constant matrices.

    Args:
        model: an `onnx.ModelProto` in float32, changed in place.

    Returns:
        How many there were.
    """
    from onnx import helper

    graph = model.graph
    kept = {tensor.name: tensor for tensor in graph.initializer}
    layers = [node for node in graph.node if _is_linear(node, kept)]
    numbers = {MatrixName(node): _read(kept[node.input[1]]) for node in layers}
    nodes: list[Any] = []
    quantized: set[str] = set()
    for node in graph.node:
        if MatrixName(node) not in numbers:
            nodes.append(node)
            continue
        if node.input[0] not in quantized:  # several layers may read the same values
            quantized.add(node.input[0])
            nodes += _quantize_rows(node.input[0], len(numbers[MatrixName(node)]))
        nodes += _multiply(node)
    used = {name for node in nodes for name in node.input}
    constants = list(_constants(numbers))
    tensors = [tensor for name, tensor in kept.items() if name in used]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*tensors, *constants])
    _require_opsets(model, helper)
    return len(layers)


class MatrixName(str):
    """The name under which a layer's quantized weights stand: that of what it computes."""

    __slots__ = ()

    def __new__(cls, node: Any) -> MatrixName:  # noqa: ANN401 - onnx's NodeProto
        """Take it from a node."""
        return super().__new__(cls, node.output[0])


def _is_linear(node: Any, kept: Any) -> bool:  # noqa: ANN401 - onnx's NodeProto
    return node.op_type == "MatMul" and node.input[1] in kept and len(kept[node.input[1]].dims) == 2


def _read(tensor: Any) -> NDArray[np.float32]:  # noqa: ANN401 - onnx's TensorProto
    from onnx import numpy_helper

    return np.asarray(numpy_helper.to_array(tensor), dtype=np.float32)


def _constants(numbers: dict[MatrixName, NDArray[np.float32]]) -> Iterator[Any]:
    """The quantized weights, and the numbers that all layers share."""
    from onnx import numpy_helper

    shared = {
        "int8.levels": np.float32(LEVELS),
        "int8.tiny": np.float32(_TINY),
        "int8.one": np.float32(1),
        "int8.middle": np.uint8(MIDDLE),
        "int8.last_axis": np.array([-1], dtype=np.int64),
    }
    for name, value in shared.items():
        yield numpy_helper.from_array(np.asarray(value), name)
    for width in sorted({len(weights) for weights in numbers.values()}):
        yield numpy_helper.from_array(np.array([-1, width], np.int64), f"int8.rows_of_{width}")
    for name, weights in numbers.items():
        quantized, scales = quantize_weights(weights)
        yield numpy_helper.from_array(quantized, f"{name}.int8")
        yield numpy_helper.from_array(scales, f"{name}.scales")


def _quantize_rows(name: str, width: int) -> Iterator[Any]:
    """Nodes that quantize values, shape (..., width), by the largest of each row."""
    from onnx import helper, numpy_helper

    def made(suffix: str) -> str:
        return f"{name}.{suffix}"

    middle = numpy_helper.from_array(np.array([MIDDLE], dtype=np.uint8))
    steps: tuple[tuple[str, list[str], str, dict[str, Any]], ...] = (
        ("Abs", [name], "absolute", {}),
        ("ReduceMax", [made("absolute"), "int8.last_axis"], "largest", {"keepdims": 1}),
        ("Max", [made("largest"), "int8.tiny"], "bounded", {}),
        ("Div", [made("bounded"), "int8.levels"], "scale", {}),
        ("Reshape", [name, f"int8.rows_of_{width}"], "rows", {}),
        ("Reshape", [made("scale"), "int8.last_axis"], "row_scales", {}),
        ("Shape", [made("row_scales")], "count", {}),
        ("ConstantOfShape", [made("count")], "middles", {"value": middle}),
        (
            "QuantizeLinear",
            [made(x) for x in ("rows", "row_scales", "middles")],
            "flat",
            {"axis": 0},
        ),
        ("Shape", [name], "shape", {}),
        ("Reshape", [made("flat"), made("shape")], "int8", {}),
    )
    for operator, inputs, output, attributes in steps:
        yield helper.make_node(operator, inputs, [made(output)], **attributes)


def _multiply(node: Any) -> Iterator[Any]:  # noqa: ANN401 - onnx's NodeProto
    """Nodes that multiply quantized rows by quantized weights, and take the scales of both back."""
    from onnx import helper

    values, output = node.input[0], MatrixName(node)
    inputs = [
        f"{values}.int8",
        f"{output}.int8",
        "int8.one",
        f"{output}.scales",
        "int8.middle",
    ]
    product = f"{output}.unscaled"
    yield helper.make_node("MatMulIntegerToFloat", inputs, [product], domain=_MICROSOFT)
    yield helper.make_node("Mul", [product, f"{values}.scale"], [str(output)])


def _require_opsets(model: Any, helper: Any) -> None:  # noqa: ANN401 - onnx's
    versions = {each.domain: each.version for each in model.opset_import}
    versions |= {"": max(_OPSET, versions.get("", 0)), _MICROSOFT: 1}
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(*each) for each in sorted(versions.items()))
