"""The planner: calls become rows of a plan, and every tensor gets a place in one flat arena.

Stored tensors come first, storage by storage, so that all parameters, all gradients and all optimizer states are each
one contiguous stretch; temporaries follow and share memory where their lifetimes do not overlap. Several programs
(train, measure) may use one arena: they have the stored tensors in common, and their temporaries lie one above the
other, since only one program runs at a time.
"""

from __future__ import annotations

import bisect
import hashlib
import weakref
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from kernels.memory import Memory, aligned_zeros
from kernels.plan import ARENA, SHARED, Plan, Repeat, Row
from kernels.repeats import repeats_in
from lab.graph.devices import new_memory
from lab.graph.fusion import Fused, fuse, fused_calls
from lab.graph.gradients import ancestors
from lab.graph.repeats import IN_PLACE, Group, groups, rounds_of
from lab.graph.scopes import BlockPath
from lab.graph.tensor import Call, Storage, Tensor, aligned_size, owner_of

_segments: weakref.WeakValueDictionary[str, np.ndarray] = weakref.WeakValueDictionary()
_digests: dict[int, bytes] = {}

KEPT = ("settings", "parameters", "states", "gradients", "statistics")
"""Storages that are a replica's state, in the order in which they stand at the beginning of the arena."""


class Layout:
    """The place of every tensor of a replica's programs, and the plan of each program.

    programs: by name, the tensors and calls to be computed; what they depend on is added
    plans:    the plan of each program, by its name
    kept:     elements at the start of the arena that make up a replica's state, as checkpoints keep it
    kept_names: bytes that tell by name and shape what is kept there from what is kept of another network
    arena:    elements of the arena in all;  shared: elements of the segment of data that replicas share
    temporaries: by program, the elements that its temporaries take, and how many are in use at most at a time
    """

    def __init__(self, programs: Mapping[str, Sequence[Tensor | Call]]) -> None:
        calls = {name: _calls(results) for name, results in programs.items()}
        tensors = {name: [each for each in results if isinstance(each, Tensor)] for name, results in programs.items()}
        self._storages: dict[int, tuple[int, int]] = {}
        self._initial: list[tuple[Storage, int]] = []
        self._shared_data: list[tuple[Storage, int]] = []
        storages = _storages(calls.values())
        end = 0
        kept_names = hashlib.blake2b(digest_size=16)
        for kind in (*KEPT, "constants", "inputs"):
            for storage in storages:
                if storage.kind == kind:
                    self._storages[id(storage)] = (ARENA, end)
                    if storage.initial is not None:
                        self._initial.append((storage, end))
                    end += aligned_size(storage.whole.size)
                    if kind in KEPT:
                        members = [(name, tuple(tensor.shape)) for name, tensor in storage.members.items()]
                        kept_names.update(repr((kind, tuple(storage.whole.shape), members)).encode())
            if kind == KEPT[-1]:
                self.kept = end
        self.kept_names = kept_names.digest()
        self.shared = 0
        for storage in storages:
            if storage.kind == "data":
                self._storages[id(storage)] = (SHARED, self.shared)
                self._shared_data.append((storage, self.shared))
                self.shared += aligned_size(storage.whole.size)
        self._operands = _places_in_storages(calls.values())
        self._temporaries: dict[int, int] = {}
        self.arena = end
        self.temporaries: dict[str, tuple[int, int]] = {}
        rows: dict[str, tuple[tuple[Row, ...], tuple[Row, ...], tuple[Repeat, ...], tuple[Repeat, ...]]] = {}
        for name, program in calls.items():
            fused = fused_calls(program, tensors[name])
            rounds = rounds_of(program)
            size, most_alive = self._place_temporaries(program, end, fused, rounds)
            self.temporaries[name] = (size, most_alive)
            self.arena = max(self.arena, end + size)
            # At once: a tensor of several programs may stand elsewhere, and live longer, in the next one.
            every, fewer = self._rows(program), self._rows(fuse(program, fused))
            gone = {index for each in fused for index in each.parts if index != each.place}
            rows[name] = every, fewer, _repeats(every, rounds, ()), _repeats(fewer, rounds, gone)
        self.plans = {
            name: Plan(every, self.arena, self.shared, fewer, repeats, joined_repeats, end)
            for name, (every, fewer, repeats, joined_repeats) in rows.items()
        }

    def place(self, tensor: Tensor) -> tuple[int, int]:
        """Return the (segment, offset in elements) of a tensor. Raises KeyError if no program uses it."""
        owner, offset = owner_of(tensor)
        if owner.storage is not None:
            segment, start = self._storages[id(owner.storage)]
            return segment, start + offset
        return ARENA, self._temporaries[id(owner)] + offset

    def knows(self, tensor: Tensor) -> bool:
        """Return whether a tensor has a place, that is, whether any program uses it."""
        owner, _ = owner_of(tensor)
        return id(owner.storage) in self._storages if owner.storage is not None else id(owner) in self._temporaries

    def uses(self, tensor: Tensor) -> bool:
        """Return whether an operand of any program lies in this part of a storage. A storage has a place as a whole, so
        that the tensors that are known may be more than those that are used."""
        owner, first = owner_of(tensor)
        places = self._operands.get(id(owner.storage), ())
        return any(start < first + tensor.size and first < end for start, end in places)

    def shared_memory(self, real_name: str) -> np.ndarray:
        """The shared segment with its data, only to be read; replicas with the same data have it in common."""
        parts = []
        for storage, start in self._shared_data:
            assert storage.initial is not None
            parts.append((start, storage.initial))
        key = repr((real_name, self.shared, [(start, _digest(values)) for start, values in parts]))
        known = _segments.get(key)
        if known is not None:
            return known
        # Images alone are read where they are, if they can be: there is no second copy of a whole set.
        if len(parts) == 1 and (found := _in_place(parts[0][1], self.shared, real_name)) is not None:
            return _segments.setdefault(key, found)
        memory = aligned_zeros(max(self.shared, 1), real_name)
        for start, values in parts:
            if values.dtype == np.uint8:
                memory[start:].view(np.uint8)[: values.size] = values.ravel()
            else:
                memory[start : start + values.size] = values.ravel()
        memory.flags.writeable = False
        return _segments.setdefault(key, memory)

    def memory(self, shared: np.ndarray, seed: int) -> Memory:
        """Return a new memory for one replica, on the device that `on` chose: all zeros but for the constants.

        shared: the segment with its data, from `shared_memory`;  seed: of the replica's random numbers
        """
        memory = new_memory(self.arena, shared, seed)
        for storage, start in self._initial:
            assert storage.initial is not None
            memory.arena[start : start + storage.initial.size] = storage.initial.ravel()
        return memory

    def stretch(self, storage: Storage) -> tuple[int, int]:
        """Where a storage of the replica's own lies in the arena: (first element, how many); (0, 0) if it is not
        used."""
        whole = storage.whole
        return (self.place(whole)[1], whole.size) if self.knows(whole) else (0, 0)

    def view(self, memory: Memory, tensor: Tensor) -> np.ndarray:
        """Return a tensor's numbers in a replica's memory, of the tensor's shape, as a view and not a copy."""
        segment, offset = self.place(tensor)
        base = memory.shared if segment == SHARED else memory.arena
        return base[offset : offset + tensor.size].reshape(tensor.shape)

    def _place_temporaries(
        self, program: Sequence[Call], start: int, fused: Sequence[Fused], rounds: Sequence[Repeat]
    ) -> tuple[int, int]:
        last_use: dict[int, int] = {}
        for index, each in enumerate(program):
            for operand in each.operands:
                owner, _ = owner_of(operand)
                if owner.storage is None:
                    last_use[id(owner)] = index
        # Calls that are fused stand at one of their places, and may read what none of them read alone.
        early: dict[int, list[Call]] = {}
        for joint in fused:
            parts = [program[index] for index in joint.parts]
            early.setdefault(joint.place, []).extend(program[index] for index in joint.parts if index > joint.place)
            for operand in (*joint.call.operands, *(each for part in parts for each in part.operands)):
                owner, _ = owner_of(operand)
                if owner.storage is None:
                    last_use[id(owner)] = max(last_use[id(owner)], *joint.parts)
        together = groups(program, rounds, last_use)
        for made in (made for calls in early.values() for made in calls):
            for result in made.results:  # which is written before its turn
                for member in together.get(id(owner_of(result)[0]), Group((), 0)).members:
                    del together[id(member)]
        space = _Space()
        placed: set[int] = set()
        most_alive = alive = 0
        ends: dict[int, list[tuple[int, int]]] = {}
        for index, each in enumerate(program):
            for result in (result for made in (each, *early.get(index, ())) for result in made.results):
                owner, _ = owner_of(result)
                if owner.storage is None and id(owner) not in placed:
                    group = together.get(id(owner), Group((owner,), 0))
                    offset = space.take(group.size)
                    for number, member in enumerate(group.members):
                        self._temporaries[id(member)] = start + offset + number * group.stride
                        placed.add(id(member))
                    end = max(last_use[id(member)] for member in group.members)
                    ends.setdefault(end, []).append((offset, group.size))
                    alive += group.size
            most_alive = max(most_alive, alive)
            for offset, size in ends.pop(index, []):
                space.free(offset, size)
                alive -= size
        return space.top, most_alive

    def _rows(self, program: Sequence[Call]) -> tuple[Row, ...]:
        rows = []
        for index, each in enumerate(program):
            kernel, operands = each.kernel, each.operands
            places = [self.place(operand) for operand in operands]
            if kernel.name in IN_PLACE and places[0] == places[-1]:
                kernel, operands, places = IN_PLACE[kernel.name], operands[1:], places[1:]
            integers = (
                each.integers | {"rows": _rows_of(each.skips, program[index + 1 :])} if each.skips else each.integers
            )
            rows.append(
                Row(
                    kernel,
                    tuple(places),
                    tuple(each.extents[name] for name in kernel.extents),
                    tuple(integers[name] for name in kernel.integers),
                    each.label,
                    tuple(operand.name for operand in operands),
                )
            )
        return tuple(rows)


def _repeats(rows: Sequence[Row], rounds: Sequence[Repeat], gone: Iterable[int]) -> tuple[Repeat, ...]:
    """Which rows come again, of calls that do. gone: the numbers of calls without a row, since others do their work"""
    without = sorted(gone)

    def row_of(number: int) -> int:
        return min(max(number - bisect.bisect_left(without, number), 0), len(rows))

    found: list[Repeat] = []
    for each in rounds:
        period = row_of(each.first + each.length) - row_of(each.first)
        # What goes before the first round and behind the last one may be parts of rounds.
        begin = max(row_of(each.first - each.length), found[-1].end if found else 0)
        made = repeats_in(rows, begin, period, row_of(each.end + each.length))
        if made is not None:
            found.append(made)
    return tuple(found)


def _digest(values: np.ndarray) -> bytes:
    """What tells an array's numbers from others. That of bytes, which are many and never change, is kept."""
    known = _digests.get(id(values))
    if known is not None:
        return known
    digest = hashlib.blake2b(
        np.ascontiguousarray(values).data, digest_size=16, person=values.dtype.str.encode()
    ).digest()
    if values.dtype == np.uint8 and not values.flags.writeable:
        _digests[id(values)] = digest
        weakref.finalize(values, _digests.pop, id(values), None)
    return digest


def _in_place(values: np.ndarray, size: int, real_name: str) -> np.ndarray | None:
    """Bytes that nobody changes, as a segment of so many numbers; None if they do not fill it, or are not aligned."""
    fits = values.nbytes == size * np.dtype(real_name).itemsize and values.ctypes.data % 64 == 0
    if values.dtype != np.uint8 or values.flags.writeable or not values.flags.c_contiguous or not fits:
        return None
    return values.reshape(-1).view(real_name)


def _rows_of(skipped: BlockPath, following: Sequence[Call]) -> int:
    """How many calls at the beginning of `following` are part of a block."""
    count = 0
    for each in following:
        if each.block[: len(skipped)] != skipped:
            break
        count += 1
    return count


class _Space:
    """Free stretches of memory; `take` uses the lowest one that is large enough."""

    def __init__(self) -> None:
        self.holes: list[tuple[int, int]] = []
        self.top = 0

    def take(self, size: int) -> int:
        for index, (offset, length) in enumerate(self.holes):
            if length >= size:
                if length == size:
                    del self.holes[index]
                else:
                    self.holes[index] = (offset + size, length - size)
                return offset
        if self.holes and sum(self.holes[-1]) == self.top:
            offset, _ = self.holes.pop()
        else:
            offset = self.top
        self.top = offset + size
        return offset

    def free(self, offset: int, size: int) -> None:
        index = bisect.bisect(self.holes, (offset, size))
        if index < len(self.holes) and offset + size == self.holes[index][0]:
            size += self.holes.pop(index)[1]
        if index and sum(self.holes[index - 1]) == offset:
            offset, before = self.holes[index - 1][0], self.holes[index - 1][1]
            self.holes[index - 1] = (offset, before + size)
        else:
            self.holes.insert(index, (offset, size))


def _calls(results: Sequence[Tensor | Call]) -> list[Call]:
    made = [each for each in results if isinstance(each, Call)]
    tensors = [each for each in results if isinstance(each, Tensor)]
    tensors += [operand for each in made for operand in each.operands]
    numbered = {each.number: each for each in (*ancestors(tensors), *made)}
    return sorted(numbered.values(), key=lambda each: each.order)


def _places_in_storages(programs: Iterable[Sequence[Call]]) -> dict[int, set[tuple[int, int]]]:
    """Of each storage, by its identity, where operands begin and end in it."""
    found: dict[int, set[tuple[int, int]]] = {}
    for program in programs:
        for each in program:
            for operand in each.operands:
                owner, first = owner_of(operand)
                if owner.storage is not None:
                    found.setdefault(id(owner.storage), set()).add((first, first + operand.size))
    return found


def _storages(programs: Iterable[Sequence[Call]]) -> list[Storage]:
    found: dict[int, Storage] = {}
    for program in programs:
        for each in program:
            for operand in each.operands:
                owner, _ = owner_of(operand)
                if owner.storage is not None:
                    found.setdefault(id(owner.storage), owner.storage)
    return list(found.values())
