"""The driver: GPUs, their memory, and launches, through NVIDIA's Python bindings; or what stands for them.

Everything that goes wrong becomes a `DeviceProblem`, one sentence that says what and what to do
(`kernels.targets.cuda.driver_answers`). Under numba's simulator one device exists, another class
(`kernels.targets.cuda.simulated_device`).
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib.metadata
import importlib.util
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.targets.cuda.driver_answers import HELP, DeviceProblem, checked
from kernels.targets.cuda.simulated_device import DeviceProperties, SimulatedDevice, simulating

OLDEST_CAPABILITY = (7, 5)
"""The compute capability below which present compilers make no code."""

INSTALL = "pip install 'backprop-lab[cuda]' (or [cuda12] for drivers before 580)"


MOST_UNUSED = 64 * 2**20
"""Bytes that may wait to be given back until nothing runs; for more of them, everything that runs is waited for."""


@dataclass(frozen=True)
class Function:
    """A loaded kernel: its module, which is unloaded with this object, and the handle."""

    module: Any
    handle: Any


@dataclass(frozen=True)
class _Unused:
    """A thing that is to be given back: by which function of the driver, its handle, and its size in bytes."""

    give_back: Callable[[Any], Any]
    handle: Any
    size: int = 0


def _bindings() -> Any:
    # Others bring the bindings along too; without the compiler they are of no use.
    if importlib.util.find_spec("numba_cuda") is not None:
        with contextlib.suppress(ImportError):
            from cuda.bindings import driver

            return driver
    raise DeviceProblem(f"Running on a GPU needs numba-cuda, which is not installed: {INSTALL}.")


@functools.cache
def _initialised() -> Any:
    driver = _bindings()
    try:
        (status,) = driver.cuInit(0)
    except RuntimeError:  # the bindings found no library of the driver
        raise DeviceProblem("There is no NVIDIA driver on this machine (libcuda was not found).") from None
    name = status.name
    if name == "CUDA_ERROR_NO_DEVICE" or (int(status) == 0 and not _count(driver)):
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        raise DeviceProblem(
            "The NVIDIA driver sees no GPU" + (f" (CUDA_VISIBLE_DEVICES is {hidden!r})." if hidden is not None else ".")
        )
    if int(status) != 0:
        raise DeviceProblem(f"The NVIDIA driver cannot be used: {name}{HELP.get(name, '')}.")
    return driver


def _count(driver: Any) -> int:
    return int(checked(driver.cuDeviceGetCount(), "counting GPUs"))


class Device:
    """One GPU: its primary context and its streams, in each of which everything happens in order.

    Any thread may use it. What a thread asks for happens on the stream that it chose, by default the first.
    """

    def __init__(self, number: int) -> None:
        driver = self._driver = _initialised()
        count = _count(driver)
        if not 0 <= number < count:
            seen = "is only cuda:0" if count == 1 else f"are cuda:0 to cuda:{count - 1}"
            raise DeviceProblem(f"There is no cuda:{number} here; there {seen}.")
        known, made = driver_version(), toolkit_version()
        if made is not None and made > known[0]:
            older = ", or pip install 'backprop-lab[cuda12]'" if known[0] == 12 else ""
            raise DeviceProblem(
                f"The driver knows CUDA up to {known[0]}.{known[1]}, and the compiler is that of CUDA {made}: update "
                f"the driver{older}."
            )
        self.number = number
        self._device = checked(driver.cuDeviceGet(number), "looking at a GPU")
        self._context = checked(driver.cuDevicePrimaryCtxRetain(self._device), "starting on the GPU")
        self._streams: list[Any] = []
        self._chosen = threading.local()
        self._unused: deque[_Unused] = deque()
        self._sizes: dict[int, int] = {}
        self.use_stream(0)
        self.capability = self.properties.capability
        if self.capability < OLDEST_CAPABILITY:
            raise DeviceProblem(
                f"{self.properties.name} has compute capability {self.capability[0]}.{self.capability[1]}; "
                f"{OLDEST_CAPABILITY[0]}.{OLDEST_CAPABILITY[1]} or newer is needed."
            )

    def use_stream(self, number: int) -> None:
        """Let what follows happen in order on this stream, and beside what happens on others."""
        self.activate()
        while len(self._streams) <= number:
            self._streams.append(self._new_stream())
        self._chosen.stream = self._streams[number]

    def _new_stream(self) -> Any:
        # One that does not wait for the default stream.
        return checked(self._driver.cuStreamCreate(0x1), "starting on the GPU")

    @property
    def stream(self) -> Any:
        """The stream that the calling thread has chosen."""
        return getattr(self._chosen, "stream", self._streams[0])

    def activate(self) -> None:
        """Use this GPU from the calling thread, which may have used another one in between."""
        checked(self._driver.cuCtxSetCurrent(self._context), "starting on the GPU")

    @functools.cached_property
    def properties(self) -> DeviceProperties:
        """What this GPU is. Raises DeviceProblem if it does not answer."""
        driver = self._driver
        attribute = driver.CUdevice_attribute

        def of(name: str) -> int:
            value = getattr(attribute, f"CU_DEVICE_ATTRIBUTE_{name}")
            return int(checked(driver.cuDeviceGetAttribute(value, self._device), "looking at a GPU"))

        name = checked(driver.cuDeviceGetName(128, self._device), "looking at a GPU")
        free, total = checked(driver.cuMemGetInfo(), "looking at a GPU")
        return DeviceProperties(
            name.decode(errors="replace").rstrip("\0") if isinstance(name, bytes) else str(name),
            (of("COMPUTE_CAPABILITY_MAJOR"), of("COMPUTE_CAPABILITY_MINOR")),
            of("MULTIPROCESSOR_COUNT"),
            int(total),
            int(free),
            of("MAX_SHARED_MEMORY_PER_BLOCK_OPTIN"),
            of("MAX_SHARED_MEMORY_PER_MULTIPROCESSOR"),
        )

    def free_memory(self) -> int:
        """How many bytes of its memory nobody has taken, no other process either."""
        self.activate()
        free, _ = checked(self._driver.cuMemGetInfo(), "looking at a GPU")
        return int(free)

    def allocate(self, size: int) -> int:
        """Take so many bytes of the GPU's memory and return their address. Raises DeviceProblem if it is full."""
        self.activate()
        self._give_back()
        answer = self._driver.cuMemAlloc(max(size, 16))
        if answer[0].name == "CUDA_ERROR_OUT_OF_MEMORY":
            # What only a circle of objects still holds, Python would find in its own time.
            gc.collect()
            self._give_back(at_once=True)
            answer = self._driver.cuMemAlloc(max(size, 16))
        address = int(checked(answer, "taking memory"))
        self._sizes[address] = size
        return address

    def free(self, address: int) -> None:
        """Give memory back, before more is taken: whoever is cleaning up may be any thread, in the middle of anything,
        and what is running may still use it."""
        self._unused.append(_Unused(self._driver.cuMemFree, address, self._sizes.pop(address, 0)))

    def free_graph(self, graph: Any) -> None:
        """Give back a graph, in the same way."""
        self._unused.append(_Unused(self._driver.cuGraphExecDestroy, graph))

    def _unload(self, module: Any) -> None:
        self._unused.append(_Unused(self._driver.cuModuleUnload, module))

    def _give_back(self, at_once: bool = False) -> None:
        """Give back what nobody uses, if nothing runs that might; at_once: after waiting for what runs.

        What runs may be another session's, which nobody should have to wait for. Raises DeviceProblem.
        """
        taken: list[_Unused] = []
        with contextlib.suppress(IndexError):
            while True:
                taken.append(self._unused.popleft())
        try:
            # Only now: whoever adds something later may have launched something later.
            if not taken or not self._idle(at_once or sum(each.size for each in taken) > MOST_UNUSED):
                return
            while taken:
                each = taken.pop()
                checked(each.give_back(each.handle), "giving memory back")
        finally:
            self._unused.extendleft(taken)

    def _idle(self, wait: bool) -> bool:
        """Whether no stream runs anything; if `wait`, each is waited for first."""
        for stream in tuple(self._streams):
            if wait:
                checked(self._driver.cuStreamSynchronize(stream), "training")
                continue
            answer = self._driver.cuStreamQuery(stream)
            if answer[0].name == "CUDA_ERROR_NOT_READY":
                return False
            checked(answer, "training")
        return True

    def upload(self, address: int, array: np.ndarray) -> None:
        """Copy an array to the device; returns when it is there for every stream, and the array may be changed."""
        self.activate()
        checked(self._driver.cuMemcpyHtoDAsync(address, array.ctypes.data, array.nbytes, self.stream), "copying to it")
        # The driver promises neither for memory that is not pinned, and takes it where it lies if the GPU can reach it.
        self.wait()

    def download(self, array: np.ndarray, address: int) -> None:
        """Copy from the device into an array, once all that was launched before is done."""
        self.activate()
        checked(
            self._driver.cuMemcpyDtoHAsync(array.ctypes.data, address, array.nbytes, self.stream), "copying from it"
        )
        self.wait()

    def copy(self, target: int, source: int, size: int) -> None:
        """Copy bytes from one place of this GPU to another."""
        self.activate()
        checked(self._driver.cuMemcpyDtoDAsync(target, source, size, self.stream), "copying on it")

    def wait(self) -> None:
        """Wait until everything that was asked for on this thread's stream is done."""
        self.activate()
        checked(self._driver.cuStreamSynchronize(self.stream), "training")

    def load(self, code: bytes, name: str, shared_bytes: int = 0) -> Function:
        """A kernel of some machine code; `shared_bytes`: bytes of shared memory that a launch may ask for."""
        self.activate()
        module = checked(self._driver.cuModuleLoadData(code), "loading kernels")
        handle = checked(self._driver.cuModuleGetFunction(module, name.encode()), "loading kernels")
        if shared_bytes > 48 * 1024:
            attribute = self._driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
            checked(self._driver.cuFuncSetAttribute(handle, attribute, shared_bytes), "loading kernels")
        function = Function(module, handle)
        weakref.finalize(function, self._unload, module)
        return function

    def launch(
        self, function: Function, blocks: int, threads: tuple[int, int], shared_bytes: int, arguments: Sequence[int]
    ) -> None:
        """Start a kernel whose arguments are 64-bit integers; does not wait.

        threads: of a block, (threads, thread groups);  shared_bytes: bytes for a block
        """
        self.activate()
        values = tuple(int(each) for each in arguments)
        kinds = (ctypes.c_int64,) * len(values)
        checked(
            self._driver.cuLaunchKernel(
                function.handle, blocks, 1, 1, *threads, 1, shared_bytes, self.stream, (values, kinds), 0
            ),
            "starting a kernel",
        )

    def captured(self, launches: Callable[[], None]) -> Any:
        """Record what `launches` starts as a graph, which can be replayed with `replay` until `free_graph`."""
        self.activate()
        driver, usual = self._driver, self.stream
        # On a stream of its own: to wait for one that is being recorded is an error, for whichever thread does it.
        stream = self._chosen.stream = self._new_stream()
        try:
            mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
            checked(driver.cuStreamBeginCapture(stream, mode), "recording a graph")
            try:
                launches()
            except BaseException:
                status, graph = driver.cuStreamEndCapture(stream)
                if int(status) == 0:
                    driver.cuGraphDestroy(graph)
                raise
            graph = checked(driver.cuStreamEndCapture(stream), "recording a graph")
        finally:
            self._chosen.stream = usual
            driver.cuStreamDestroy(stream)
        try:
            return checked(driver.cuGraphInstantiate(graph, 0), "recording a graph")
        finally:
            driver.cuGraphDestroy(graph)

    def replay(self, graph: Any, times: int = 1) -> None:
        """Run a graph so many times; does not wait."""
        self.activate()
        for _ in range(times):
            checked(self._driver.cuGraphLaunch(graph, self.stream), "training")


@functools.cache
def device(number: int = 0) -> Any:
    """The GPU with this number among those that CUDA_VISIBLE_DEVICES shows. Raises DeviceProblem."""
    if simulating():
        return SimulatedDevice(number)
    return Device(number)


def count() -> int:
    """How many GPUs there are. Raises DeviceProblem if none can be used."""
    if simulating():
        return 1
    return _count(_initialised())


def toolkit_version() -> int | None:
    """Which CUDA the installed compiler belongs to: 12, 13; None if nobody knows."""
    try:
        return int(importlib.metadata.version("cuda-bindings").partition(".")[0])
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def driver_version() -> tuple[int, int]:
    """The newest CUDA that the driver knows. Raises DeviceProblem."""
    number = int(checked(_initialised().cuDriverGetVersion(), "asking the driver"))
    return number // 1000, number % 1000 // 10
