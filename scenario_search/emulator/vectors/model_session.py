"""Networks opened in onnxruntime, which is imported when the first one is.

From release 1.30 on, onnxruntime's builds report their use to its maker, and a forked process that
inherits the reporting thread never ends. The emulator speaks to nobody but its client, so it
switches that off, unless ``ORT_DISABLE_TELEMETRY`` is set otherwise or the program has imported
onnxruntime itself before.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime  # type: ignore[import-untyped]

__all__ = ["open_model"]

if find_spec("onnxruntime") is None:  # to be known when the emulator starts, not in a search
    raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")


def open_model(model: str | bytes) -> onnxruntime.InferenceSession:
    """Opens a network that runs on the thread that calls it.

    Args:
        model: The path of an ONNX file, or such a file's content.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    # Imported late: half a second, and only searches by meaning or likeness need it.
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Whoever has much to run, runs it on several threads; the threads of one run wait a lot.
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
