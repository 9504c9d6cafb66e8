"""Threads in which kernels run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

STACK = 16 * 1024**2
"""Bytes of a thread's stack. What a kernel works on beside its operands lies there, up to 1.2 MB for a convolution; by
default a thread has as little as 2 MB, on Windows and on Linux where the stack is not limited."""

_starting = threading.Lock()
"""Held while threads have another size than they had, so that it is that one which comes back."""


class KernelThread(threading.Thread):
    """A daemon thread whose stack has room for any kernel."""

    def __init__(self, target: Callable[..., None], name: str, arguments: tuple[Any, ...] = ()) -> None:
        super().__init__(target=target, name=name, args=arguments, daemon=True)

    def start(self) -> None:
        """Begin."""
        with _starting:
            before = threading.stack_size(STACK)
            try:
                super().start()
            finally:
                threading.stack_size(before)
