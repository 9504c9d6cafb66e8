"""A plan: the rows of kernel calls that a program consists of, with every operand at its place in memory.

Memory has two segments: the **arena** of one replica (parameters, gradients, states, temporaries) and **shared** memory
(data sets), which replicas read in common. Offsets count elements, not bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernels.language import Kernel

ARENA, SHARED = 0, 1


@dataclass(frozen=True, slots=True)
class Row:
    """One kernel call: `(segment, offset)` per operand, then extents and integers in the kernel's order.

    `label` says where in the network it stands (`dense1`); `names` what its operands are called there. Raises
    ExtentError where the extents are not those that the kernel's declaration defines, so this holds on every target.
    """

    kernel: Kernel
    operands: tuple[tuple[int, int], ...]
    extents: tuple[int, ...]
    integers: tuple[int, ...]
    label: str = ""
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.kernel.derive(self.sizes, dict(zip(self.kernel.integers, self.integers, strict=True)))

    @property
    def sizes(self) -> dict[str, int]:
        """The kernel's extents, by name."""
        return dict(zip(self.kernel.extents, self.extents, strict=True))

    def shape(self, operand: int) -> tuple[int, ...]:
        """The shape in which the kernel sees one operand."""
        sizes = self.sizes
        return tuple(int(each) if each.isdigit() else sizes[each] for each in self.kernel.operands[operand].extents)

    @property
    def operations(self) -> float:
        """How many floating-point operations this call takes."""
        return self.kernel.operations(self.sizes, dict(zip(self.kernel.integers, self.integers, strict=True)))

    def bytes(self, item: int = 4) -> int:
        """How many bytes this call reads and writes at least; `item`: bytes of one number."""
        return self.kernel.bytes(self.sizes, item)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Which rows of a plan come again: `length` of them from number `first` on, `count` times in all; see
    `kernels.repeats`."""

    first: int
    length: int
    count: int

    @property
    def end(self) -> int:
        """The number of the row behind the last round."""
        return self.first + self.length * self.count


@dataclass(frozen=True, slots=True)
class Loop:
    """Rows that run `count` times one after the other: those of the first round, and by how much the operands' offsets
    and the integers of each grow from round to round."""

    rows: tuple[Row, ...]
    strides: tuple[tuple[int, ...], ...]
    count: int


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Plan:
    """The rows of one program, and how many elements its two segments must have.

    joined:  the same with fewer rows, where one kernel does what two do; what stands between two is not written.
             This is what runs; the rows one by one are for people, and for finding out where something went wrong
    stored:  elements at the beginning of the arena that are somebody's; behind them stand temporaries, which nobody
             reads but the walk that has written them. None: all are somebody's
    repeats: which of `rows` come again, each time further on;  joined_repeats: which of `joined` do. Rows stand here as
             often as they run; targets run each repeat as one loop (`kernels.repeats.folded`)
    """

    rows: tuple[Row, ...]
    arena: int
    shared: int
    joined: tuple[Row, ...] | None = None
    repeats: tuple[Repeat, ...] = ()
    joined_repeats: tuple[Repeat, ...] = ()
    stored: int | None = None

    @property
    def shortest(self) -> tuple[Row, ...]:
        """The fewest rows that do the work."""
        return self.rows if self.joined is None else self.joined

    @property
    def shortest_repeats(self) -> tuple[Repeat, ...]:
        """Which of the `shortest` rows come again."""
        return self.repeats if self.joined is None else self.joined_repeats

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Each kernel that runs, once, in order of first use."""
        return tuple(dict.fromkeys(row.kernel for row in self.shortest))

    @property
    def operations(self) -> float:
        """How many floating-point operations one walk over the rows takes."""
        return sum(row.operations for row in self.rows)


STEP, SEED, HALT, SKIP, STATE_SIZE = 0, 1, 2, 3, 4
"""Places in the integer state of a replica: number of the current step, seed of the run, wish to halt, and how many of
the rows that follow the one that set it are to be left out."""
