"""The machine for PTX as the only GPU that the lab sees."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from tests.ptx_machine.block import Order, forwards
from tests.ptx_machine.machine import SHARED_MEMORY, Machine


@contextmanager
def machine(order: Order = forwards, multiprocessors: int = 1, shared_bytes: int = SHARED_MEMORY) -> Iterator[Machine]:
    """Inside, the only GPU is such a machine; what is compiled for it is kept as PTX, apart from machine code."""
    from kernels.targets.cuda import (
        driver,
        interpreter_kernels,
        machine_code_cache,
        memory,
        nvidia_compilers,
        row_kernels,
        specialized_kernels,
    )

    made = Machine(0, order, multiprocessors, shared_bytes)
    name = machine_code_cache._place
    row_kernels.of_device.cache_clear()
    with ExitStack() as changed:
        for module in (driver, interpreter_kernels, memory, row_kernels, specialized_kernels):
            changed.enter_context(mock.patch.object(module, "device", return_value=made))
        changed.enter_context(mock.patch.object(driver, "count", return_value=1))
        changed.enter_context(mock.patch.object(interpreter_kernels, "_interpreters", {}))
        changed.enter_context(mock.patch.object(specialized_kernels, "_kernels", {}))
        changed.enter_context(mock.patch.object(memory, "_shared", weakref.WeakValueDictionary()))
        changed.enter_context(mock.patch.object(machine_code_cache, "_place", lambda key: name(["PTX", *key])))
        changed.enter_context(mock.patch.object(nvidia_compilers, "to_machine_code", lambda ptx, *_: ptx.encode()))
        changed.callback(row_kernels.of_device.cache_clear)
        yield made
