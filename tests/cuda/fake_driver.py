"""A driver with GPUs that exist nowhere: enough of it to be looked at, and to fail in the ways of a real one."""

from __future__ import annotations

import enum
import threading
from types import SimpleNamespace
from typing import Any


class Status(enum.IntEnum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_DEVICE_UNAVAILABLE = 46
    CUDA_ERROR_NO_DEVICE = 100
    CUDA_ERROR_NOT_READY = 600
    CUDA_ERROR_LAUNCH_FAILED = 719
    CUDA_ERROR_SYSTEM_DRIVER_MISMATCH = 803
    CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901


OK = Status.CUDA_SUCCESS

ATTRIBUTES = {
    "COMPUTE_CAPABILITY_MAJOR": 9,
    "COMPUTE_CAPABILITY_MINOR": 0,
    "MULTIPROCESSOR_COUNT": 132,
    "MAX_SHARED_MEMORY_PER_BLOCK_OPTIN": 227 * 1024,
    "MAX_SHARED_MEMORY_PER_MULTIPROCESSOR": 228 * 1024,
}


class FakeDriver:
    """As `cuda.bindings.driver`. fails: from the name of a function to what it answers; version: of CUDA, as 13000
    busy: GPUs that another process has for itself

    calls: (function, a thread's current context, handle or address) of what was done on a GPU, in this order
    """

    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL=1)
    CUfunction_attribute = SimpleNamespace(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES=8)
    CUdevice_attribute = SimpleNamespace(**{f"CU_DEVICE_ATTRIBUTE_{name}": name for name in ATTRIBUTES})

    def __init__(self, devices: int = 1, version: int = 13000, **changed: int) -> None:
        self.devices, self.version = devices, version
        self.attributes = ATTRIBUTES | changed
        self.fails: dict[str, Status] = {}
        self.busy: set[int] = set()
        self.memory = 80 * 1024**3
        self.taken: dict[int, int] = {}
        self.calls: list[tuple[str, Any, Any]] = []
        self.streams = self.modules = 0
        self._thread = threading.local()

    def done(self, name: str, handle: Any, *values: Any) -> tuple[Any, ...]:
        """The answer of a function that does something on a GPU."""
        self.calls.append((name, getattr(self._thread, "context", None), handle))
        return self.answer(name, *values)

    def answer(self, name: str, *values: Any) -> tuple[Any, ...]:
        status = self.fails.get(name, OK)
        return (status, *values) if status is OK else (status, *(None for _ in values))

    def cuInit(self, flags: int) -> tuple[Any, ...]:
        return self.answer("cuInit")

    def cuDriverGetVersion(self) -> tuple[Any, ...]:
        return self.answer("cuDriverGetVersion", self.version)

    def cuDeviceGetCount(self) -> tuple[Any, ...]:
        return self.answer("cuDeviceGetCount", self.devices)

    def cuDeviceGet(self, number: int) -> tuple[Any, ...]:
        return self.answer("cuDeviceGet", number)

    def cuDevicePrimaryCtxRetain(self, device: int) -> tuple[Any, ...]:
        if device in self.busy:
            return Status.CUDA_ERROR_DEVICE_UNAVAILABLE, None
        return self.answer("cuDevicePrimaryCtxRetain", device)

    def cuCtxSetCurrent(self, context: int) -> tuple[Any, ...]:
        self._thread.context = context
        return self.answer("cuCtxSetCurrent")

    def cuStreamCreate(self, flags: int) -> tuple[Any, ...]:
        self.streams += 1
        return self.answer("cuStreamCreate", self.streams)

    def cuStreamDestroy(self, stream: int) -> tuple[Any, ...]:
        return self.done("cuStreamDestroy", stream)

    def cuStreamSynchronize(self, stream: int) -> tuple[Any, ...]:
        return self.done("cuStreamSynchronize", stream)

    def cuStreamQuery(self, stream: int) -> tuple[Any, ...]:
        return self.done("cuStreamQuery", stream)

    def cuStreamBeginCapture(self, stream: int, mode: int) -> tuple[Any, ...]:
        return self.done("cuStreamBeginCapture", stream)

    def cuStreamEndCapture(self, stream: int) -> tuple[Any, ...]:
        return self.done("cuStreamEndCapture", stream, "graph")

    def cuGraphInstantiate(self, graph: str, flags: int) -> tuple[Any, ...]:
        return self.done("cuGraphInstantiate", graph, "made graph")

    def cuGraphLaunch(self, graph: str, stream: int) -> tuple[Any, ...]:
        return self.done("cuGraphLaunch", stream)

    def cuGraphDestroy(self, graph: str) -> tuple[Any, ...]:
        return self.done("cuGraphDestroy", graph)

    def cuGraphExecDestroy(self, graph: str) -> tuple[Any, ...]:
        return self.done("cuGraphExecDestroy", graph)

    def cuModuleLoadData(self, code: bytes) -> tuple[Any, ...]:
        self.modules += 1
        return self.done("cuModuleLoadData", self.modules, self.modules)

    def cuModuleGetFunction(self, module: int, name: bytes) -> tuple[Any, ...]:
        return self.answer("cuModuleGetFunction", (module, name))

    def cuModuleUnload(self, module: int) -> tuple[Any, ...]:
        return self.done("cuModuleUnload", module)

    def cuFuncSetAttribute(self, function: Any, attribute: int, value: int) -> tuple[Any, ...]:
        return self.answer("cuFuncSetAttribute")

    def cuLaunchKernel(self, *arguments: Any) -> tuple[Any, ...]:
        return self.done("cuLaunchKernel", arguments[8])

    def cuDeviceGetAttribute(self, attribute: str, device: int) -> tuple[Any, ...]:
        return self.answer("cuDeviceGetAttribute", self.attributes[attribute])

    def cuDeviceGetName(self, length: int, device: int) -> tuple[Any, ...]:
        return self.answer("cuDeviceGetName", b"Imagined GPU\0\0")

    def cuMemGetInfo(self) -> tuple[Any, ...]:
        return self.answer("cuMemGetInfo", self.memory - sum(self.taken.values()), self.memory)

    def cuMemAlloc(self, size: int) -> tuple[Any, ...]:
        if size > self.memory - sum(self.taken.values()):
            return Status.CUDA_ERROR_OUT_OF_MEMORY, None
        address = 256 + max((each + size for each, size in self.taken.items()), default=0)
        self.taken[address] = size
        return self.done("cuMemAlloc", address, address)

    def cuMemcpyHtoDAsync(self, address: int, source: int, size: int, stream: int) -> tuple[Any, ...]:
        return self.done("cuMemcpyHtoDAsync", stream)

    def cuMemcpyDtoHAsync(self, target: int, address: int, size: int, stream: int) -> tuple[Any, ...]:
        return self.done("cuMemcpyDtoHAsync", stream)

    def cuMemcpyDtoDAsync(self, target: int, source: int, size: int, stream: int) -> tuple[Any, ...]:
        return self.done("cuMemcpyDtoDAsync", stream)

    def cuMemFree(self, address: int) -> tuple[Any, ...]:
        del self.taken[address]
        return self.done("cuMemFree", address)
