"""Which calls of a program come again and again, and where their results stand so that one block of rows does for all.

A network that reads its own words, or looks anew before each of them, is unrolled: its calls are there once for each
step, forward and backward. Nothing in the graph says so; it is seen here, by the calls being of the same kinds in the
same order with the same parameters. The planner then gives the results of one call in all rounds places that are a
fixed distance apart, and `kernels.repeats` finds that the rows are the same but for that distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kernels.arithmetic import accumulate, add
from kernels.plan import Repeat
from kernels.repeats import FEWEST
from kernels.windows import accumulate_columns, add_columns
from lab.graph.tensor import Call, Tensor, aligned_size, owner_of

IN_PLACE = {add.name: accumulate, add_columns.name: accumulate_columns}
"""Kernels whose result may stand where their first operand does, and what computes it there from the others."""
WEIGHTS = ("parameters", "states")
"""Storages whose members a recurrence has in common in all steps; deep networks have others in each layer."""


def rounds_of(program: Sequence[Call]) -> list[Repeat]:
    """The stretches of a program in which the same calls come in the same order, at least `FEWEST` times, and with the
    same weights; in their order."""
    if any(each.skips for each in program):
        return []  # how many rows are left out is counted in single rows
    kinds: dict[object, int] = {}
    keys = np.array(
        [kinds.setdefault((each.kernel.name, tuple(sorted(each.extents.items()))), len(kinds)) for each in program]
    )
    candidates: list[tuple[int, int, Repeat]] = []
    for length in range(1, len(keys) // FEWEST + 1):
        same = np.concatenate([[False], keys[length:] == keys[:-length], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1])
        firsts, counts = edges[::2], (edges[1::2] - edges[::2]) // length + 1
        often = counts >= FEWEST
        for first, count in zip(firsts[often].tolist(), counts[often].tolist(), strict=True):
            candidates.append((-length * count, length, Repeat(first, length, count)))
    found: list[Repeat] = []
    for _, _, each in sorted(candidates, key=lambda candidate: candidate[:2]):
        apart = all(each.end <= other.first or other.end <= each.first for other in found)
        if apart and _shares(program, each) and _goes_on(program, each):
            found.append(each)
    return sorted(found, key=lambda each: each.first)


def _shares(program: Sequence[Call], rounds: Repeat) -> bool:
    """Whether a call reads the same weights in each round."""
    for place in range(rounds.first, rounds.first + rounds.length):
        for one, other in zip(program[place].operands, program[place + rounds.length].operands, strict=True):
            (owner, offset), again = owner_of(one), owner_of(other)
            if owner.storage is not None and owner.storage.kind in WEIGHTS and (owner, offset) == again:
                return True
    return False


def _goes_on(program: Sequence[Call], rounds: Repeat) -> bool:
    """Whether the second round reads a result of the first."""
    second = rounds.first + rounds.length
    made = {id(owner_of(result)[0]) for call in program[rounds.first : second] for result in call.results}
    return any(
        id(owner_of(operand)[0]) in made
        for call in program[second : second + rounds.length]
        for operand in call.operands
    )


@dataclass(frozen=True)
class Group:
    """The results of one call in all rounds.

    members: in the order of the rounds;  stride: how far apart they stand, in elements, 0 if they have one place
    """

    members: tuple[Tensor, ...]
    stride: int

    @property
    def size(self) -> int:
        """Elements that all of them take together."""
        return aligned_size(self.members[0].size) + self.stride * (len(self.members) - 1)


def groups(program: Sequence[Call], rounds: Sequence[Repeat], last_use: Mapping[int, int]) -> dict[int, Group]:
    """By the identity of each temporary that is a result of calls in rounds, the group that it is in.

    last_use: by the identity of a tensor, the number of the last call that reads it
    """
    found: dict[int, Group] = {}
    for each in rounds:
        for place in range(each.first, each.first + each.length):
            calls = program[place : each.end : each.length]
            for number in range(len(calls[0].results)):
                # What is wanted of the last round may be stored.
                members = [owner_of(call.results[number])[0] for call in calls]
                kept = [member for member in members if member.storage is None]
                if kept != members[: len(kept)] or len(kept) < 2:
                    continue
                stride = aligned_size(kept[0].size)
                if _one_place(calls[: len(kept)], kept, [place + turn * each.length for turn in range(len(kept))],
                              last_use):  # fmt: skip
                    stride = 0
                group = Group(tuple(kept), stride)
                found |= {id(member): group for member in kept}
    return found


def _one_place(
    calls: Sequence[Call], members: Sequence[Tensor], numbers: Sequence[int], last_use: Mapping[int, int]
) -> bool:
    """Whether all members can have the same place: each is no longer needed when the next one is written, or is what
    that is computed from in place."""
    ends = [last_use[id(member)] for member in members]
    if all(end < following for end, following in zip(ends, numbers[1:], strict=False)):
        return True
    return calls[0].kernel.name in IN_PLACE and all(
        owner_of(call.operands[0])[0] is before and call.operands[0].size == before.size and end == number
        for call, before, end, number in zip(calls[1:], members, ends, numbers[1:], strict=False)
    )
