"""What generated code uses under numba's simulator: addresses of this process, and arrays of NumPy.

The names are those of `kernels.targets.cuda.intrinsics`.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from kernels.targets.cuda.code_generation import generated, on_device

C_TYPES: dict[str, Any] = {
    "int32": ctypes.c_int32,
    "int64": ctypes.c_int64,
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
}


class Pointer:
    """An address of one type of number, as compiled code has it."""

    def __init__(self, address: int, kind: str) -> None:
        self.address, self.kind = int(address), kind

    def __getitem__(self, index: int) -> Any:
        return view(self, index, 1)[0]

    def __setitem__(self, index: int, value: Any) -> None:
        view(self, index, 1)[0] = value


def view(pointer: Pointer, offset: int, shape: Any) -> np.ndarray:
    c_type = C_TYPES[pointer.kind]
    place = ctypes.cast(pointer.address + int(offset) * ctypes.sizeof(c_type), ctypes.POINTER(c_type))
    extents = tuple(int(each) for each in shape) if isinstance(shape, tuple) else (int(shape),)
    return np.ctypeslib.as_array(place, extents)


view_at_constant = view


def same(number: int, known: int = 0) -> int:
    return number


to_int32 = assume_positive = assume_equal = opaque = same


def select_base(first: Pointer, second: Pointer, offset: int) -> tuple[Pointer, int]:
    return (first, offset) if offset >= 0 else (second, -1 - offset)


def _neighbours(numbers: Any, index: int, count: int) -> np.ndarray:
    return view(numbers, index, count) if isinstance(numbers, Pointer) else numbers[index : index + count]


def load2(numbers: Any, index: int) -> tuple[Any, ...]:
    return tuple(_neighbours(numbers, index, 2))


def load4(numbers: Any, index: int) -> tuple[Any, ...]:
    return tuple(_neighbours(numbers, index, 4))


def offset_pointer(pointer: Pointer, offset: int) -> Pointer:
    return Pointer(pointer.address + int(offset) * ctypes.sizeof(C_TYPES[pointer.kind]), pointer.kind)


def pointer_into(numbers: np.ndarray, index: int) -> Pointer:
    return Pointer(numbers.ctypes.data + int(index) * numbers.itemsize, numbers.dtype.name)


def put(numbers: Any, index: int, *given: Any) -> None:
    _neighbours(numbers, index, len(given))[:] = given


store2 = store4 = put


def pointer_to(kind: str, on_device: bool = False) -> Any:
    return lambda address: Pointer(address, kind)


def shared_memory_pointer(kind: str) -> Any:
    source = "def shared(offset):\n    return Pointer(cuda.shared.array(0, byte).ctypes.data + offset, kind)\n"
    return on_device(generated("shared", source, {"Pointer": Pointer, "byte": np.dtype("int8"), "kind": kind}))


group_sync = on_device(generated("group_sync", "def group_sync():\n    cuda.syncthreads()\n", {}))


def group_sync_of(threads: int | None) -> Any:
    return group_sync
