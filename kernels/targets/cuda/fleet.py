"""A replica for each block of threads: jobs in, one launch, what was measured out.

`Memory` is a replica's memory on a GPU with its image on the host, `Program` a plan bound to it as on other targets,
`launch` runs many replicas at once. Whoever asks for `memory.arena` gets the numbers as they are now, and the device
takes them over again before it next runs; launches that nobody looks into copy nothing but the statistics.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from kernels.jobs import Job
from kernels.language import Kernel
from kernels.memory import aligned_zeros
from kernels.plan import SEED, SHARED, STATE_SIZE, STEP, Plan, Row
from kernels.targets.cuda import grid
from kernels.targets.cuda import interpreter as text
from kernels.targets.cuda.driver import SimulatedDevice, device

MOST_REGISTERS = 128
FEWEST_LANES, MOST_LANES = 64, 256
MOST_TEAMS = 8
SIMULATED_LANES = 4
ELEMENTS_PER_LANE = 8
"""Of the largest operand of a training step; blocks are made so large that each lane has about so many."""

Progress = Callable[[str, int], None]


class Segment:
    """Bytes on a device, freed with the object."""

    def __init__(self, on: Any, size: int) -> None:
        self.address = on.allocate(size)
        weakref.finalize(self, _free, on, self.address)


def _free(on: Any, address: int) -> None:
    try:
        on.free(address)
    except Exception:  # the device is gone, and with it its memory
        return


_shared: weakref.WeakValueDictionary[tuple[int, bytes], Segment] = weakref.WeakValueDictionary()


def _shared_segment(on: Any, values: np.ndarray) -> Segment:
    """Data on a device; replicas with the same data have it in common."""
    key = (on.number, hashlib.sha256(values.tobytes()).digest())
    segment = _shared.get(key)
    if segment is None:
        segment = _shared[key] = Segment(on, values.nbytes)
        on.upload(segment.address, values)
    return segment


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
        self._data = _shared_segment(self.device, shared)
        self._arena = Segment(self.device, self._image.nbytes)
        self._state = Segment(self.device, self.state.nbytes)
        self._known_state: np.ndarray | None = None
        self._backup: Segment | None = None
        self._device_newer = False
        self._host_newer = True
        self._lanes: int | None = None
        self.whole_gpu = False

    def settle(self, plan: Plan, replicas: int, mode: str) -> None:
        """Decide, once, how this replica is computed: its results must not depend on what happens to run beside it."""
        self._lanes = SIMULATED_LANES if isinstance(self.device, SimulatedDevice) else facts(plan).lanes
        self.whole_gpu = mode_for(plan, replicas, mode, self.device) == "grid"

    def lanes_of(self, plan: Plan) -> int:
        """Lanes of the block that walks a plan: as settled, or as suits the plan."""
        if isinstance(self.device, SimulatedDevice):
            return SIMULATED_LANES
        return self._lanes or facts(plan).lanes

    @property
    def arena(self) -> np.ndarray:
        """The numbers as they are now, to read and to write."""
        if self._device_newer:
            self.device.download(self._image, self._arena.address)
            self._device_newer = False
        self._host_newer = True
        return self._image

    @property
    def size(self) -> int:
        return self._image.size

    @property
    def real_name(self) -> str:
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

    def hand_over(self) -> None:
        """Bring the device up to date before a launch."""
        if self._host_newer:
            self.device.upload(self._arena.address, self._image)
            self._host_newer = False
        if self._known_state is None or not np.array_equal(self.state, self._known_state):
            self.device.upload(self._state.address, self.state)

    def take_over(self, state: np.ndarray) -> None:
        """Note what a launch has done."""
        self.state[:] = state
        self._known_state = state.copy()
        self._device_newer = True

    def copy_to_backup(self, kept: int) -> None:
        """Keep the first `kept` elements as they are now."""
        self.device.copy(self.backup(kept), self._arena.address, kept * self._image.itemsize)

    def fetch_state(self) -> None:
        """Bring the integers from the device."""
        state = np.empty_like(self.state)
        self.device.download(state, self._state.address)
        self.take_over(state)

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
        """Of arena, shared data and state."""
        return self._arena.address, self._data.address, self._state.address


class Interpreter:
    """The compiled interpreter of a set of kernels on one device, and the rows it has been given."""

    def __init__(self, number: int, kernels: Sequence[Kernel], real_name: str, tiled: bool) -> None:
        from kernels.targets.cuda import compiler, products

        assert products
        self.device = device(number)
        self.kernels, self.real_name, self.tiled = text.ordered(kernels), real_name, tiled
        self.width = text.width(self.kernels)
        self._numbers = {each.name: index for index, each in enumerate(self.kernels)}
        if isinstance(self.device, SimulatedDevice):
            self.function: Any = compiler.simulated(text.interpreter(self.kernels, real_name, tiled))
        else:
            code = compiler.kept(_key(self.kernels, real_name, self.device.capability, tiled), self._compile)
            name, _, machine_code = code.partition(b"\0")
            self.function = self.device.load(machine_code, name.decode(), self.device.properties.scratch)
        self._table: Segment | None = None
        self._rows = np.zeros((0, self.width), np.int64)
        self._stretches: dict[bytes, tuple[int, int]] = {}
        self._plans: dict[int, tuple[Facts, tuple[int, int]]] = {}
        self._uploaded = 0

    def _compile(self) -> bytes:
        from kernels.targets.cuda import compiler

        capability = self.device.capability
        ptx, name = compiler.to_ptx(text.interpreter(self.kernels, self.real_name, self.tiled), 5, capability)
        return name.encode() + b"\0" + compiler.to_machine_code(ptx, capability, MOST_REGISTERS)

    def stretch(self, plan: Plan) -> tuple[int, int]:
        """Where a plan's rows stand in the table: the first one, and the one behind the last."""
        about = facts(plan)
        known = self._plans.get(id(plan))
        if known is None or known[0] is not about:
            known = self._plans[id(plan)] = (about, self._placed(plan.rows))
        return known[1]

    def _placed(self, rows: Sequence[Row]) -> tuple[int, int]:
        encoded = np.zeros((len(rows), self.width), np.int64)
        for line, row in zip(encoded, rows, strict=True):
            places = [-1 - offset if segment == SHARED else offset for segment, offset in row.operands]
            values = [self._numbers[row.kernel.name], *places, *row.extents, *row.integers]
            line[: len(values)] = values
        key = encoded.tobytes()
        if key not in self._stretches:
            first = len(self._rows)
            self._rows = np.concatenate([self._rows, encoded])
            self._stretches[key] = (first, first + len(rows))
        return self._stretches[key]

    @property
    def table(self) -> int:
        """The address of all rows."""
        if self._table is None or self._uploaded < len(self._rows):
            self._table = Segment(self.device, self._rows.nbytes)
            self.device.upload(self._table.address, self._rows)
            self._uploaded = len(self._rows)
        return self._table.address


def _key(kernels: Sequence[Kernel], real_name: str, capability: tuple[int, int], tiled: bool) -> list[str]:
    return [f"block {tiled}", real_name, f"{capability}", f"{MOST_REGISTERS}", *(each.name for each in kernels)]


_interpreters: dict[tuple[int, str, bool], list[Interpreter]] = {}
_lock = threading.RLock()


def interpreter(number: int, kernels: Iterable[Kernel], real_name: str, tiled: bool) -> Interpreter:
    """An interpreter that knows these kernels: the smallest one there is, or a new one."""
    wanted = set(kernels)
    with _lock:
        known = _interpreters.setdefault((number, real_name, tiled), [])
        fitting = [each for each in known if wanted <= set(each.kernels)]
        if not fitting:
            fitting = [Interpreter(number, tuple(wanted), real_name, tiled)]
            known.append(fitting[0])
        return min(fitting, key=lambda each: len(each.kernels))


def tiled(lanes: int) -> bool:
    """Whether a team of so many lanes multiplies matrices in tiles."""
    from kernels.targets.cuda import tiles

    return lanes == tiles.LANES


def prepare(
    number: int, kernels: Iterable[Kernel], real_name: str, progress: Progress | None = None, tiled: bool = False
) -> None:
    """Compile one interpreter for all these kernels, or load it. `progress` is told when it has to be compiled."""
    from kernels.targets.cuda import compiler

    wanted = text.ordered(tuple(kernels))
    on = device(number)
    ready = isinstance(on, SimulatedDevice) or compiler.place(_key(wanted, real_name, on.capability, tiled)).exists()
    if progress and not ready:
        progress(f"{len(wanted)} kernels for {on.properties.name}", 1)
    interpreter(number, wanted, real_name, tiled)
    if progress and not ready:
        progress("", 0)


class Facts:
    """What a launch has to know of a plan; found out once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan  # kept, so that nothing else can come to have its identity
        self.kernels = frozenset(plan.kernels)
        places = [
            (offset, int(np.prod(row.shape(index))))
            for row in plan.rows
            for index, (segment, offset) in enumerate(row.operands)
            if segment != SHARED
        ]
        # Elements of the arena up to the last one that the plan touches.
        self.reach = max((offset + size for offset, size in places), default=0)
        largest = max((size for _, size in places), default=1)
        wanted = 1 << max(0, (largest // ELEMENTS_PER_LANE - 1).bit_length())
        self.lanes = min(MOST_LANES, max(FEWEST_LANES, wanted))
        self._scratch: dict[tuple[int, int], int] = {}

    def scratch(self, lanes: int, item: int) -> int:
        """Scratch memory of a team for reductions and products, in bytes."""
        from kernels.targets.cuda import compiler, products

        if (lanes, item) not in self._scratch:
            most = max((products.scratch_of(row, lanes, item) for row in self.plan.rows), default=0)
            self._scratch[lanes, item] = compiler.REDUCTION_BYTES + most
        return self._scratch[lanes, item]


_facts: dict[int, Facts] = {}


def facts(plan: Plan) -> Facts:
    """Those of a plan."""
    found = _facts.get(id(plan))
    if found is None:
        if len(_facts) > 1 << 15:
            _facts.clear()
        found = _facts[id(plan)] = Facts(plan)
    return found


ROW_SECONDS, BLOCK_SPEED = 1e-6, 4e10
"""About what a row costs a block beside its work, and the floating-point operations per second of one block."""
LAUNCH_SECONDS, GRID_SPEED = 2.5e-6, 6e12
"""The same for the whole GPU."""


def mode_for(plan: Plan, replicas: int, wished: str, on: Any) -> str:
    """ "block" or "grid": as wished, or what is estimated to be faster for so many replicas of a training step."""
    if wished != "auto":
        return wished
    rows, operations = len(plan.rows), plan.operations
    waves = -(-replicas // on.properties.multiprocessors)
    by_block = waves * (rows * ROW_SECONDS + operations / BLOCK_SPEED)
    by_grid = replicas * (rows * LAUNCH_SECONDS + operations / GRID_SPEED)
    return "grid" if by_grid < by_block else "block"


def run(jobs: Sequence[Job]) -> None:
    """Run jobs: those that a block each will do side by side, those that need a whole GPU one after the other."""
    groups: dict[tuple[int, str, int], list[Job]] = {}
    for job in jobs:
        memory = job.memory
        if memory.whole_gpu:
            grid.run(job)
        else:
            groups.setdefault((memory.device.number, memory.real_name, memory.lanes_of(job.plan)), []).append(job)
    # All are started before any is waited for, each on a stream of its own.
    launches = [Launch(group, lanes, stream) for stream, ((_, _, lanes), group) in enumerate(groups.items())]
    for each in launches:
        each.finish()


class Launch:
    """One launch of jobs on one device, in one type of number; started when it is made.

    lanes:  threads of a team, which works on one replica
    inside: whether training may work in scratch memory where that is large enough
    """

    def __init__(self, jobs: Sequence[Job], lanes: int, stream: int = 0, inside: bool = True) -> None:
        self._jobs, self._stream = jobs, stream
        from kernels.targets.cuda import compiler

        memory = jobs[0].memory
        on = self._device = memory.device
        on.use_stream(stream)
        self._real_name, item = memory.real_name, np.dtype(memory.real_name).itemsize
        known = [(facts(job.plan), *(facts(each) for each in job.plans)) for job in jobs]
        kernels = frozenset().union(*(each.kernels for line in known for each in line))
        code = interpreter(on.number, kernels, self._real_name, tiled(lanes))
        scratch = -(-max(each.scratch(lanes, item) for line in known for each in line) // 16) * 16
        teams = teams_of(on, len(jobs), lanes)
        room = on.properties.scratch // teams - scratch - 64 if inside else 0
        reach = [max(job.kept, facts(job.plan).reach, facts(job.remember).reach if job.remember else 0) for job in jobs]
        moved = [size if size * item <= room else 0 for size in reach]
        sizes = [job.times * job.statistics[1] for job in jobs]
        self._places = np.concatenate([[0], np.cumsum(sizes)])
        self._ring = Segment(on, int(self._places[-1]) * item)
        self._states = Segment(on, len(jobs) * STATE_SIZE * 8)
        self._before = [int(job.memory.state[STEP]) for job in jobs]
        table = np.zeros((len(jobs), len(text.JOB)), np.int64)
        for index, job in enumerate(jobs):
            ring = self._ring.address + int(self._places[index]) * item
            _describe(table[index], job, code, ring, moved[index], scratch)
        self._table = Segment(on, table.nbytes)
        on.upload(self._table.address, table)
        each = -(-(scratch + max(moved) * item) // 16) * 16
        on.launch(
            code.function,
            -(-len(jobs) // teams),
            (lanes, teams),
            compiler.HEADER_BYTES + teams * each,
            (self._table.address, code.table, self._states.address, len(jobs), each),
        )

    def finish(self) -> None:
        """Wait for the end, and tell the jobs what they have done."""
        on, jobs = self._device, self._jobs
        on.use_stream(self._stream)
        states = np.empty((len(jobs), STATE_SIZE), np.int64)
        on.download(states, self._states.address)
        found = np.empty(int(self._places[-1]), self._real_name)
        if found.size:
            on.download(found, self._ring.address)
        on.use_stream(0)
        for index, job in enumerate(jobs):
            job.memory.take_over(states[index])
            before = self._before[index]
            job.done = int(states[index][STEP]) - before
            job.measured = []
            if job.statistics[1]:
                numbers = [
                    step
                    for step in range(before + 1, before + job.done + 1)
                    if step == before + job.steps or (job.every and step % job.every == 0)
                ]
                stretch = found[self._places[index] : self._places[index + 1]].reshape(-1, job.statistics[1])
                job.measured = list(zip(numbers, stretch, strict=False))


def _describe(line: np.ndarray, job: Job, code: Interpreter, ring: int, inside: int, inside_at: int) -> None:
    """Fill in a job's line of the table, in the order of `interpreter.JOB`."""
    memory, kept = job.memory, job.kept
    memory.hand_over()
    nothing = (0, 0)
    line[:] = (
        *memory.addresses,
        *(code.stretch(job.remember) if job.remember else nothing),
        *code.stretch(job.plan),
        *(code.stretch(job.measure) if job.measure else nothing),
        job.steps,
        job.every,
        ring,
        *job.statistics,
        kept,
        memory.backup(kept) if kept else 0,
        inside,
        inside_at,
    )


def teams_of(on: Any, jobs: int, lanes: int) -> int:
    """How many teams make a block: as many as one multiprocessor has to take, as far as its registers go."""
    if isinstance(on, SimulatedDevice):
        return 1
    wanted = -(-jobs // on.properties.multiprocessors)
    return max(1, min(wanted, 65536 // (lanes * MOST_REGISTERS), MOST_TEAMS))


class Program:
    """A plan bound to one replica's memory; the same interface as `kernels.targets.cpu.Program`."""

    def __init__(self, plan: Plan, memory: Memory) -> None:
        if plan.arena > memory.size or plan.shared > memory.shared.size:
            raise ValueError("the memory is smaller than the plan needs")
        self.plan, self.memory = plan, memory
        self.on_device = memory.device

    def run(self, steps: int = 1) -> int:
        """Walk the rows `steps` times; returns how often, fewer if a kernel halted."""
        job = Job(self.memory, self.plan, steps)
        run([job])
        return job.done

    def run_row(self, index: int) -> None:
        """Run one row alone, without counting a step."""
        self.memory.state[STEP] -= 1
        alone = Plan((self.plan.rows[index],), self.plan.arena, self.plan.shared)
        Launch([Job(self.memory, alone, 1)], self.memory.lanes_of(self.plan)).finish()
