"""The persistent kernel: each thread group takes one replica and walks the rows of its plan, for many steps.

Several thread groups make a block: what a multiprocessor has fetched of the instructions for one serves all, and on
small nets it is this fetching that takes the time, since every row of a plan is other code.

The interpreter is generated for a set of kernels: a loop over rows with one branch for each kernel. A **job** is what
one thread group does in one launch, described by integers (see `JOB`): a replica's memory, three stretches of rows, and
how many steps. In each step that is measured the rows `remember` run before the training step and `measure` after it,
and what they found goes to the job's ring, so that a launch passes many measurements without the host.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from kernels.language import Kernel
from kernels.plan import HALT, SEED, SKIP, STATE_SIZE, STEP
from kernels.targets.cuda import code_generation
from kernels.targets.cuda.row_table import LOOP, width
from kernels.targets.cuda.specialized_source import SpecializedPlan, SpecializedSource
from kernels.targets.cuda.tabled_rows import MEETS, TabledRows

JOB = (
    "arena",  # addresses of the replica's arena, shared segment and state
    "shared",
    "state",
    "remember_first",  # rows of the three programs, as far as they go
    "remember_end",
    "step_first",
    "step_end",
    "measure_first",
    "measure_end",
    "steps",  # how many steps to do at most
    "every",  # measure after each step whose number is a multiple of this, and after the last one
    "until",  # how many steps there are up to the first such number
    "ring",  # address of what is measured: one stretch of `statistics` numbers for each time
    "statistics_first",  # where the statistics stand in the arena, `stride` elements apart
    "statistics",
    "stride",
    "kept",  # elements at the beginning of the arena that are the replica's state
    "backup",  # address to which they are copied before anything runs; 0: nowhere
    "stretches_first",  # rows of the table: which elements of the arena stand in shared memory while it trains
    "stretches_end",
    "shared_offset",  # where in it, in bytes
    "measured_end",  # where the elements end that are brought home, where it is measured; 0: it is not measured there
    "touched_first",  # the stretch of the replica's state in which `measure` writes
    "touched",
    "found_first",  # rows of the table: which of the statistics stand in shared memory when they have been measured
    "found_end",
)

REMEMBERING, STEPPING, MEASURING, STARTING = 0, 1, 2, 3
"""The phases of a thread group: the programs, in the order of the job's stretches of rows, or none of them yet."""


def ordered(kernels: Sequence[Kernel]) -> tuple[Kernel, ...]:
    """Each kernel once, as a GPU runs it, in an order that does not depend on that of the plans."""
    from kernels.targets.cuda.matmul import lowered_kernel

    return tuple(sorted(dict.fromkeys(lowered_kernel(each) for each in kernels), key=lambda each: each.name))


BEFORE_LOOPS = """
    round_end = to_int32(-1)
    length = to_int32(0)
    turn = to_int32(0)
    turns = to_int32(0)
"""
AT_THE_END_OF_A_ROUND = """
        if k == round_end:
            turn += 1
            if turn < turns:
                k -= length
            else:
                # Behind a loop stand its strides.
                k += length
                round_end = to_int32(-1)
"""


def in_loops(width: int, behind: str) -> str:
    """Where the interpreter reads a row: it begins a loop, or puts together, with all threads, a row of one as it is in
    this round, in shared memory.

    width: numbers in a row;  behind: where in shared memory the row ends, in bytes
    """
    return f"""
        if kernel == {LOOP}:
            length = row[1]
            turns = row[2]
            turn = to_int32(0)
            k += 1
            round_end = k + length
            continue
        if round_end >= 0:
            moves = offset_pointer(rows, (k + length) * {width})
            now = int32_shared({behind} - {bytes_of_row(width)})
            for i in range(thread, {width}, threads):
                now[i] = row[i] + turn * moves[i]
            group_sync()
            row = now
"""


def copied(line: str, job: dict[str, str], width: int, depth: int, first: str = "", behind: str = "") -> str:
    """Lines that do something for each element of the arena that stands in shared memory, `depth` spaces from the left.

    line: what is done with element i, which stands at moved + i in shared memory
    first, behind: if only some elements are meant
    """
    begin = f"max(stretch[0], {first})" if first else "stretch[0]"
    end = f"min(stretch[1], {behind})" if behind else "stretch[1]"
    text = f"""
for each in range({job["stretches_first"]}, {job["stretches_end"]}):
    stretch = offset_pointer(rows, each * {width})
    moved = stretch[2] - stretch[0]
    for i in range({begin} + thread, {end}, threads):
        {line}
"""
    return textwrap.indent(text.strip(), " " * depth)


def bytes_of_row(width: int) -> int:
    """Shared memory for a row of so many numbers."""
    return -(-4 * width // 16) * 16


def source(
    real_name: str,
    columns: int = 0,
    plans: Sequence[list[str]] = (),
    threads: int | None = None,
    tabled: tuple[Sequence[Sequence[str]], int, int] = ((), 0, 0),
) -> str:
    """The interpreter's text, which calls `perform_row` for each row.

    columns: numbers in a row of its table
    plans: in place of rows, lines of plans that are specialized
    threads: of the thread group, if that is known
    tabled: in place of rows, the lines of kinds of rows (`kernels.targets.cuda.tabled_rows`), the width of their
        table, and bytes of shared memory in front of an arena
    """
    kinds, widest, in_front = tabled
    walks = bool(columns or kinds)
    performs = columns > 0
    # What is rarely needed is read from the job where it is needed: registers are scarce.
    job = {name: f"jobs[job + {index}]" for index, name in enumerate(JOB)}
    short = {name: f"to_int32({place})" for name, place in job.items()}
    found = {"stretches_first": short["found_first"], "stretches_end": short["found_end"]}
    columns = max(columns, width(()), widest)
    lines = f"""
def interpret(job_table, row_table, states, count, group_bytes):
    if cuda.threadIdx.x == 0 and cuda.threadIdx.y == 0:
        block_shared_memory()[0] = group_bytes
    cuda.syncthreads()
    which = cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y
    if which >= count:
        return
    threads = {f"assume_equal(cuda.blockDim.x, {threads})" if threads else "assume_positive(cuda.blockDim.x)"}
    thread = cuda.threadIdx.x
    rows = int32_pointer(row_table)
    jobs = int64_pointer(job_table)
    job = which * {len(JOB)}
    home = {real_name}_pointer({job["arena"]})
    data = {real_name}_pointer({job["shared"]})
    state = {job["state"]}
    words = view(int64_pointer(state), 0, {STATE_SIZE})
    if {job["backup"]} != 0:
        copies = {real_name}_pointer({job["backup"]})
        for i in range(thread, {short["kept"]}, threads):
            copies[i] = home[i]
    memory = home
    within = {real_name}_shared({short["shared_offset"]})
    at_home = {real_name}_global_pointer({job["arena"]})
    all_data = {real_name}_global_pointer({job["shared"]})
    in_shared_memory = {short["stretches_end"]} > {short["stretches_first"]}
    if in_shared_memory:
        memory = within
{copied("within[moved + i] = home[i]", short, columns, 8)}
    number = words[{STEP}]
    seed = words[{SEED}]
    left = {short["steps"]}
    until = {short["until"]}
    written = to_int32(0)
    base = memory
    step = number
    phase = to_int32({STARTING})
    due = False
    stopped = False
    halted = words[{HALT}]
    k = to_int32(0)
    end = to_int32(0)
    ahead = to_int32(-1)
{BEFORE_LOOPS if walks else ""}
    group_sync()
    # One loop for the rows of all programs, so that the compiler writes what a row does only once.
    while True:
{AT_THE_END_OF_A_ROUND if walks else ""}
        if k >= end:
            if phase == {STEPPING}:
                stopped = words[{HALT}] != 0
            elif words[{HALT}] != halted:
                group_sync()
                if thread == 0:
                    words[{HALT}] = halted
                group_sync()
            if due and phase != {MEASURING}:
                phase += 1
            else:
                if due:
                    if in_shared_memory and {short["touched"]} > 0:
                        first = {short["touched_first"]}
                        behind = first + {short["touched"]}
{copied("within[moved + i] = home[i]", short, columns, 24, "first", "behind")}
                        group_sync()
                    if {short["found_end"]} > {short["found_first"]}:
                        first = {short["statistics_first"]}
                        behind = first + {short["statistics"]} * {short["stride"]}
{copied("home[i] = within[moved + i]", found, columns, 24, "first", "behind")}
                        group_sync()
                    places = {real_name}_pointer({job["ring"]})
                    first = {short["statistics_first"]}
                    stride = {short["stride"]}
                    many = {short["statistics"]}
                    for i in range(thread, many, threads):
                        places[written + i] = home[first + i * stride]
                    written += many
                    group_sync()
                if left == 0 or stopped:
                    break
                left -= 1
                number += 1
                until -= 1
                due = left == 0 or until == 0
                if until == 0:
                    until = {short["every"]}
                phase = to_int32({REMEMBERING}) if due else to_int32({STEPPING})
            base = memory
            step = number
            if phase == {MEASURING}:
                step = number + 1
                if in_shared_memory and {short["measured_end"]} > 0:
                    # It may need far more memory than training, and then works where the arena is at home.
                    base = home
                    behind = {short["measured_end"]}
{copied("home[i] = within[moved + i]", short, columns, 20, "to_int32(0)", "behind")}
                    group_sync()
            halted = words[{HALT}]
            k = to_int32(jobs[job + {JOB.index("remember_first")} + 2 * phase])
            end = to_int32(jobs[job + {JOB.index("remember_end")} + 2 * phase])
            continue
        row = offset_pointer(rows, k * {columns})
        kernel = row[0]
{in_loops(columns, f"{short['shared_offset']} - {in_front}") if walks else ""}
        k += 1
""".splitlines()[1:]
    if performs:
        lines.append("        k += perform_row(kernel, row, base, data, thread, threads, step, seed, state)")
    for number, written in enumerate(plans or kinds):
        lines.append(f"        {'if' if number == 0 else 'elif'} kernel == {number}:")
        lines += [f"            {line}" for line in written]
    lines += f"""
        {f"if row[{MEETS}] != 0:" if kinds else ""}
        {"    " if kinds else ""}group_sync()
    if thread == 0:
        words[{STEP}] = number
        answer = int64_pointer(states)
        for i in range({STATE_SIZE}):
            answer[which * {STATE_SIZE} + i] = words[i]
    if in_shared_memory:
{copied("home[i] = within[moved + i]", short, columns, 8)}
""".splitlines()[1:]
    return "\n".join(lines) + "\n"


def call_lines(kernel: Kernel, arena: str, data: str) -> list[str]:
    """Glue from a row of integers, called `row`, to a call of a kernel; `number`, `seed` and `words` stand for the
    replica's state."""
    lines = []
    place = 1 + len(kernel.operands)
    for name in (*kernel.extents, *kernel.integers):
        lines.append(f"{name}_ = row[{place}]")
        place += 1
    for index, operand in enumerate(kernel.operands):
        lines.append(f"from_here, place = select_base({arena}, {data}, row[{index + 1}])")
        extents = [extent if extent.isdigit() else f"{extent}_" for extent in operand.extents]
        shape = extents[0] if len(extents) == 1 else f"({', '.join(extents)})"
        lines.append(f"array_{operand.name} = view(from_here, place, {shape})")
    values = {"thread": "thread", "threads": "threads", "step": "step", "seed": "seed", "state": "words"}
    arguments = [f"array_{operand.name}" for operand in kernel.operands]
    arguments += [f"{name}_" for name in kernel.integers] + [values[name] for name in kernel.extra]
    lines.append(f"kernel_{kernel.name}({', '.join(arguments)})")
    return lines


def columns_for(kernels: Sequence[Kernel]) -> int:
    """Numbers in a row of the table of an interpreter: some more than are needed, so that few different ones there are
    walk a table."""
    return -(-width(kernels) // 8) * 8


def walk(real_name: str, columns: int, **names: Any) -> Callable:
    """What is the same in all interpreters of tables with so many columns; `names`: what else it calls."""
    return code_generation.generated("interpret", source(real_name, columns), names, plain=True)


def row_of(kernel: Kernel, real_name: str, tiled: bool) -> Callable:
    """What an interpreter does for a row of a kernel; it returns how many of the rows that follow are left out.

    tiled: for thread groups that are large enough to multiply matrices in tiles; others do without that code
    """
    from kernels.targets.cuda import compiler

    lines = ["def perform(row, base, data, thread, threads, step, seed, state):"]
    if "state" in kernel.extra:
        lines.append(f"    words = view(int64_pointer(state), 0, {STATE_SIZE})")
    lines += [f"    {line}" for line in call_lines(kernel, "base", "data")]
    if "state" in kernel.extra:
        lines += f"""
    group_sync()
    further = to_int32(words[{SKIP}])
    group_sync()
    if further != 0 and thread == 0:
        words[{SKIP}] = 0
    return further
""".splitlines()[1:]
    else:
        lines.append("    return 0")
    names = {f"kernel_{kernel.name}": compiler.body_of(kernel, real_name, "cuda-tiles" if tiled else "cuda")}
    return code_generation.generated("perform", "\n".join(lines) + "\n", names, plain=True)


def simulated_interpreter(kernels: Sequence[Kernel], real_name: str, tiled: bool) -> Callable:
    """The interpreter of these kernels, in the order of their numbers, as one function for the simulator. What is
    compiled is put together of the same functions by `kernels.targets.cuda.kept_rows`."""
    rows = [code_generation.on_device(row_of(each, real_name, tiled)) for each in kernels]

    def perform_row(kernel: int, *given: Any) -> Any:
        return rows[kernel](*given)

    return walk(real_name, columns_for(kernels), perform_row=perform_row)


def tabled_kernel(rows: TabledRows, real_name: str, threads: int, table_bytes: int) -> Callable:
    """Return the persistent kernel of plans whose rows stand in a table by their kinds.

    table_bytes: of shared memory in front of an arena
    """
    lines = source(real_name, 0, (), threads, (tuple(rows.kinds), rows.width, table_bytes))
    return code_generation.generated("interpret", lines, _called(rows.source), plain=True)


def specialized_kernel(plans: Sequence[SpecializedPlan], real_name: str, threads: int) -> Callable:
    """Return the persistent kernel of specialized plans as a Python function; a row of its table is a plan's number."""
    text = SpecializedSource(real_name, threads)
    written = [text.lines(plan) for plan in plans]
    return code_generation.generated("interpret", source(real_name, 0, written, threads), _called(text), plain=True)


def _called(text: SpecializedSource) -> dict[str, Any]:
    """What a text calls."""
    from kernels.targets.cuda import primitives

    made = {name: make() for name, make in text.names.items()}
    return made | {"group_sync": primitives.group_sync_of(text.threads)}
