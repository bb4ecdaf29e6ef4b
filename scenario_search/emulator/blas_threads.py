"""One BLAS thread for small matrices.

BLAS splits each product over all cores and lets its threads spin while they wait. For matrices of
one small picture that costs more than it gives, and ten times as much on a busy machine.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

__all__ = ["SingleBlasThread", "single_blas_thread"]


class SingleBlasThread:
    """Holds BLAS to one thread while anybody is inside `held`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._restore = contextlib.ExitStack()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold BLAS to one thread. Threads may overlap: the last one out gives it back."""
        with self._lock:
            if not self._inside:
                limit = ThreadpoolController().limit(limits=1, user_api="blas")
                self._restore.enter_context(limit)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._restore.close()


single_blas_thread = SingleBlasThread()
"""The process has one BLAS, so it has one of these."""
