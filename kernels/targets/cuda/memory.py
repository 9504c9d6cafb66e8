"""A replica's memory on a GPU, with its image on the host.

Whoever asks for `memory.arena` gets the numbers as they are now, and the device takes them over again before it next
runs; launches that nobody looks into copy nothing but the statistics.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from kernels.memory import aligned_zeros
from kernels.plan import SEED, STATE_SIZE, Plan
from kernels.targets.cuda.driver import device
from kernels.targets.cuda.driver_answers import DeviceProblem
from kernels.targets.cuda.launch_configuration import mode_for, threads_for


class Segment:
    """Bytes on a device, freed with the object."""

    def __init__(self, on: Any, size: int) -> None:
        self.address = on.allocate(size)
        weakref.finalize(self, on.free, self.address)


class _Data(Segment):
    """Data on a device."""

    def __init__(self, on: Any, values: np.ndarray) -> None:
        super().__init__(on, values.nbytes)
        self.values = values  # kept, so that nothing else can come to have its identity
        on.upload(self.address, values)


_shared: weakref.WeakValueDictionary[tuple[int, int], _Data] = weakref.WeakValueDictionary()


def _shared_data(on: Any, values: np.ndarray) -> _Data:
    """Data on a device; replicas that have an array in common have it in common there, too."""
    key = (on.number, id(values))
    data = _shared.get(key)
    if data is None:
        data = _shared[key] = _Data(on, values)
    return data


class Memory:
    """A replica's memory on a GPU; the same to use as `kernels.memory.Memory`.

    state is always that of the last launch; `arena` is fetched when it is asked for.
    """

    def __init__(self, arena: int, shared: np.ndarray, seed: int = 0, number: int = 0) -> None:
        self.device = device(number)
        self.shared = shared
        self.state = np.zeros(STATE_SIZE, np.int64)
        self.state[SEED] = seed
        self._image = aligned_zeros(arena, shared.dtype.name)
        self._data = _shared_data(self.device, shared)
        self._arena = Segment(self.device, self._image.nbytes)
        self._state = Segment(self.device, self.state.nbytes)
        self._known_state: np.ndarray | None = None
        self._backup: Segment | None = None
        self._device_newer = False
        self._host_newer = True
        self._lost = False
        self.kernel: Any = None  # the specialized kernel that it was run by, which stays loaded for it
        self._threads: int | None = None
        self.whole_gpu = self.specialized = False

    def settle(self, plan: Plan, replicas: int, mode: str, specialized: bool = False) -> None:
        """Decide, once, how this replica is computed: its results must not depend on what happens to run beside it."""
        self._threads = threads_for(plan, self.device)
        self.specialized = specialized
        self.whole_gpu = mode_for(plan, replicas, mode, self.device) == "grid"

    def threads_of(self, plan: Plan) -> int:
        """Threads of the block that walks a plan: as settled, or as suits the plan."""
        return self._threads or threads_for(plan, self.device)

    @property
    def arena(self) -> np.ndarray:
        """The numbers as they are now, to read and to write. Raises DeviceProblem if nobody can say."""
        if self._lost:
            raise DeviceProblem("What this replica computed last was lost when the GPU failed.")
        if self._device_newer:
            self.device.download(self._image, self._arena.address)
            self._device_newer = False
        self._host_newer = True
        return self._image

    @property
    def size(self) -> int:
        """How many elements the arena has."""
        return self._image.size

    @property
    def real_name(self) -> str:
        """The type of its numbers, float32 or float64."""
        return self._image.dtype.name

    def backup(self, kept: int) -> int:
        """The address of room for the first `kept` elements."""
        if self._backup is None:
            self._backup = Segment(self.device, kept * self._image.itemsize)
        return self._backup.address

    def backed_up(self, kept: int) -> np.ndarray:
        """The first `kept` elements as they were before the last launch that kept them."""
        assert self._backup is not None
        old = np.empty(kept, self._image.dtype)
        self.device.download(old, self._backup.address)
        return old

    def update_device(self) -> None:
        """Bring the device up to date before a launch."""
        if self._host_newer:
            self.device.upload(self._arena.address, self._image)
            self._host_newer = False
        if self._known_state is None or not np.array_equal(self.state, self._known_state):
            self.device.upload(self._state.address, self.state)

    def adopt_state(self, state: np.ndarray) -> None:
        """Note what a launch has done."""
        self.state[:] = state
        self._known_state = state.copy()
        self._device_newer, self._host_newer = True, False

    def lose(self) -> None:
        """Note that a launch failed on the way: its weights would not fit to the state from before."""
        self._lost = True

    @contextlib.contextmanager
    def state_kept_on_failure(self) -> Iterator[None]:
        """Inside, if something is raised, the integers on the host become again what they were."""
        before = self.state.copy()
        try:
            yield
        except BaseException:
            self.state[:] = before
            raise

    def copy_to_backup(self, kept: int) -> None:
        """Keep the first `kept` elements as they are now."""
        self.device.copy(self.backup(kept), self._arena.address, kept * self._image.itemsize)

    def fetch_state(self) -> None:
        """Bring the integers from the device."""
        state = np.empty_like(self.state)
        self.device.download(state, self._state.address)
        self.adopt_state(state)

    def push_state(self) -> None:
        """Bring the integers to the device."""
        self.device.upload(self._state.address, self.state)
        self._known_state = self.state.copy()

    def fetch(self, first: int, count: int, stride: int) -> np.ndarray:
        """Some numbers of the arena, without the rest of it."""
        found = np.empty((count - 1) * stride + 1, self._image.dtype)
        self.device.download(found, self._arena.address + first * self._image.itemsize)
        return found[::stride]

    @property
    def addresses(self) -> tuple[int, int, int]:
        """The addresses on the device of the arena, the shared data and the state."""
        return self._arena.address, self._data.address, self._state.address
