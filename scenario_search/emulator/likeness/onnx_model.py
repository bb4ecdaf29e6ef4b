"""Writes a network as an ONNX file, without the package ``onnx``.

The format is a protocol buffer; its messages and the numbers of their fields are those of
``onnx.proto`` (ONNX 1.14). Only what a network of float32 tensors needs is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["OnnxNode", "Setting", "onnx_model"]

Setting: TypeAlias = int | str | list[int]
Field: TypeAlias = tuple[int, int | str | bytes]
Shape: TypeAlias = Sequence[int | str]

_IR_VERSION: Final = 8
_OPERATOR_SET: Final = 13
_FLOAT: Final = 1


@dataclass(frozen=True)
class OnnxNode:
    """One operation.

    Attributes:
        kind: Its name among ONNX's operators, such as ``Conv``.
        inputs: The names of what it reads: outputs of others, weights or inputs.
        output: The name of its one output.
        settings: The operator's attributes.
    """

    kind: str
    inputs: Sequence[str]
    output: str
    settings: Mapping[str, Setting]


def onnx_model(
    nodes: Iterable[OnnxNode],
    weights: Mapping[str, NDArray[np.float32]],
    *,
    inputs: Mapping[str, Shape],
    outputs: Iterable[str],
) -> bytes:
    """The content of an ONNX file.

    Args:
        nodes: The operations, each after those whose output it reads.
        weights: Constant tensors by name.
        inputs: The shapes of the inputs by name; a side that may vary has a name for a length.
        outputs: The names of what the network answers with.
    """
    graph = _message(
        *((1, _node(node)) for node in nodes),
        (2, "network"),
        *((5, _tensor(name, weight)) for name, weight in weights.items()),
        *((11, _value(name, shape)) for name, shape in inputs.items()),
        *((12, _value(name, None)) for name in outputs),
    )
    operators = _message((1, ""), (2, _OPERATOR_SET))
    return _message((1, _IR_VERSION), (7, graph), (8, operators))


def _node(node: OnnxNode) -> bytes:
    return _message(
        *((1, name) for name in node.inputs),
        (2, node.output),
        (4, node.kind),
        *((5, _attribute(name, value)) for name, value in node.settings.items()),
    )


def _attribute(name: str, value: Setting) -> bytes:
    if isinstance(value, int):
        return _message((1, name), (3, value), (20, 2))
    if isinstance(value, str):
        return _message((1, name), (4, value), (20, 3))
    return _message((1, name), *((8, number) for number in value), (20, 7))


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    content = values.astype("<f4").tobytes()
    return _message(*((1, side) for side in values.shape), (2, _FLOAT), (8, name), (9, content))


def _value(name: str, shape: Shape | None) -> bytes:
    sides = [_message((1 if isinstance(side, int) else 2, side)) for side in shape or ()]
    known = [] if shape is None else [(2, _message(*((1, side) for side in sides)))]
    return _message((1, name), (2, _message((1, _message((1, _FLOAT), *known)))))


def _message(*fields: Field) -> bytes:
    """A protocol buffer: each field a key, then a number, or a length and so many bytes."""
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts.append(_varint(number << 3) + _varint(value))
        else:
            content = value.encode() if isinstance(value, str) else value
            parts.append(_varint(number << 3 | 2) + _varint(len(content)) + content)
    return b"".join(parts)


def _varint(value: int) -> bytes:
    """A whole number, not negative, seven bits a byte and the lowest first."""
    low, high = value & 0x7F, value >> 7
    return bytes([low]) if not high else bytes([low | 0x80]) + _varint(high)
