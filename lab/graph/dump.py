"""Plans as text: every row with its operations, bytes, shapes and places, and which result holds which memory when.

`lab describe` prints it, and lessons on backpropagation draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kernels.plan import ARENA, SHARED, Plan, Row

COLUMNS = ("row", "layer", "kernel", "operations", "bytes", "reads and writes")


@dataclass(frozen=True, slots=True)
class Operand:
    """One array of a row.

    name:    what it is called in the graph;  shape: as the kernel sees it
    segment: ARENA or SHARED;  offset: its place there, in elements
    access:  "reads", "writes", or "updates" (both)
    """

    name: str
    shape: tuple[int, ...]
    segment: int
    offset: int
    access: str

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for extent in self.shape:
            size *= extent
        return size

    def __str__(self) -> str:
        place = f"shared {self.offset}" if self.segment == SHARED else str(self.offset)
        return f"{self.name} {list(self.shape)} @{place}"


@dataclass(frozen=True, slots=True)
class DumpedRow:
    """One row of a plan.

    index:      its place in the plan;  label: the layer;  kernel: the kernel's name
    operations: floating-point operations;  bytes: read and written at least
    operands:   in the order of the kernel's declaration;  integers: (name, value) of each
    """

    index: int
    label: str
    kernel: str
    operations: float
    bytes: int
    operands: tuple[Operand, ...]
    integers: tuple[tuple[str, int], ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as texts, one for each of `COLUMNS`."""
        reads = [str(each) for each in self.operands if each.access == "reads"]
        reads += [f"{name}={value}" for name, value in self.integers]
        writes = [
            f"{each}{'!' if each.access == 'updates' else ''}" for each in self.operands if each.access != "reads"
        ]
        moves = f"{', '.join(reads)} → {', '.join(writes)}" if reads else f"→ {', '.join(writes)}"
        return (str(self.index), self.label, self.kernel, f"{self.operations:,.0f}", f"{self.bytes:,}", moves)


def dump(plan: Plan, item: int = 4) -> tuple[DumpedRow, ...]:
    """Return every row of a plan; `item` is the size of one number in bytes."""
    return tuple(_row(index, row, item) for index, row in enumerate(plan.rows))


def dump_text(plan: Plan, item: int = 4) -> str:
    """Return a plan as a table: a head, one line per row, and the sums; `item` is the size of a number in bytes."""
    rows = dump(plan, item)
    lines = [COLUMNS, *(row.cells for row in rows)]
    operations, moved = sum(row.operations for row in rows), sum(row.bytes for row in rows)
    lines.append(
        ("", "", f"{len(rows)} rows", f"{operations:,.0f}", f"{moved:,}", f"arena {plan.arena * item:,} bytes")
    )
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    right = {COLUMNS.index("row"), COLUMNS.index("operations"), COLUMNS.index("bytes")}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A stretch of the arena while it holds one result.

    name:   of the result;  offset, size: the stretch, in elements
    first:  index of the row that writes it;  last: index of the last row that uses it
    """

    name: str
    offset: int
    size: int
    first: int
    last: int

    def overlaps(self, operand: Operand) -> bool:
        """Return whether an operand stands in this stretch, in whole or in part."""
        return self.offset < operand.offset + operand.size and operand.offset < self.offset + self.size


def lifetimes(plan: Plan, start: int = 0) -> tuple[Lifetime, ...]:
    """Return who holds which stretch of the arena from element `start` on, in the order in which they are written.

    What the rows only read or update there was written before: it lives from row 0 on.
    """
    found: list[Lifetime] = []
    for index, row in enumerate(plan.rows):
        for operand in _operands(row):
            if operand.segment != ARENA or operand.offset < start:
                continue
            writes = operand.access == "writes"
            # The latest holder of this place, unless the row is about to take it over.
            place = next((n for n in reversed(range(len(found))) if found[n].overlaps(operand)), None)
            if place is not None and (not writes or found[place].first == index):
                found[place] = replace(found[place], last=index)
            else:
                first = index if writes else 0
                found.append(Lifetime(operand.name, operand.offset, operand.size, first, index))
    return tuple(found)


def _row(index: int, row: Row, item: int) -> DumpedRow:
    integers = tuple(zip(row.kernel.integers, row.integers, strict=True))
    operands = tuple(_operands(row))
    return DumpedRow(index, row.label, row.kernel.name, row.operations, row.bytes(item), operands, integers)


def _operands(row: Row) -> list[Operand]:
    names = row.names or tuple(operand.name for operand in row.kernel.operands)
    made = []
    for place, (operand, name, (segment, offset)) in enumerate(
        zip(row.kernel.operands, names, row.operands, strict=True)
    ):
        access = "updates" if operand.updated else "writes" if operand.written else "reads"
        made.append(Operand(name or operand.name, row.shape(place), segment, offset, access))
    return made
