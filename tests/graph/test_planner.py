"""The planner: results do not depend on how memory is shared, and nothing that is still needed is written over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.arrays import copy
from kernels.plan import ARENA, SHARED
from kernels.targets.cpu import scratch_of_thread
from lab.graph import Layout, Storage, Tensor, assign, constant, data, differentiate
from lab.graph import functions as f
from lab.graph.dump import COLUMNS, dump, dump_text, lifetimes
from lab.graph.running import bind
from lab.graph.scopes import scope
from lab.graph.tensor import ALIGNMENT, call

UNARY: Sequence[Callable[[Tensor], Tensor]] = (f.tanh, f.negate, f.sigmoid, f.square, f.relu, f.identity)
BINARY: Sequence[Callable[[Tensor, Tensor], Tensor]] = (f.add, f.subtract, f.multiply, f.maximum)

operations = st.lists(
    st.tuples(st.integers(0, len(UNARY) + len(BINARY) + 1), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=25,
)


class Drawn:
    """A random graph: inputs in the arena and in shared memory, operations on them, and the gradient of their sum."""

    def __init__(self, choices, rows: int, columns: int, keep: bool) -> None:
        random = np.random.default_rng(rows * 100 + columns)
        self.parameters, self.results = Storage("parameters"), Storage("statistics")
        self.tensors = [self.parameters.member(name, (rows, columns)) for name in ("a", "b")]
        self.row = self.parameters.member("row", (columns,))
        self.values = {name: random.uniform(-1, 1, each.shape) for name, each in self.parameters.members.items()}
        self.shared = random.uniform(-1, 1, (rows, columns))
        self.made: list[Tensor] = [*self.tensors, data(self.shared, "shared")]
        for kind, first, second in choices:
            self.made.append(self._operation(kind, first, second))
        # Squashed first, so that long chains of squares stay within what float32 can compare.
        self.total = f.sum(f.tanh(self.made[-1]))
        found = differentiate(self.total, list(self.parameters.members.values()))
        wanted = {"total": self.total}
        wanted |= {name: each for name, each in zip(self.values, found, strict=True) if each is not None}
        if keep:
            # Every result gets memory of its own, as if nothing were ever shared.
            wanted |= {f"kept {n}": each for n, each in enumerate(self.made) if each.call is not None}
        self.wanted = {name: assign(each, self.results.member(name, each.shape)) for name, each in wanted.items()}
        self.layout = Layout({"all": list(self.wanted.values())})

    def _operation(self, kind: int, first: int, second: int) -> Tensor:
        a, b = (self.made[each % len(self.made)] for each in (first, second))
        if kind < len(UNARY):
            return f.tanh(UNARY[kind](a))
        if kind < len(UNARY) + len(BINARY):
            return f.tanh(BINARY[kind - len(UNARY)](a, b))
        if kind == len(UNARY) + len(BINARY):
            return f.add(a, self.row)
        return f.multiply(a.reshape(-1), b.reshape(-1)).reshape(*a.shape)

    def run(self, target: str) -> dict[str, np.ndarray]:
        memory = self.layout.memory(self.layout.shared_memory("float64"), 0)
        temporaries = self.layout.temporaries["all"][0]
        memory.arena[memory.arena.size - temporaries :] = np.nan  # what is read before it is written shows
        scratch_of_thread(temporaries, "float64")[:] = np.nan
        for name, value in self.values.items():
            if self.layout.knows(self.parameters.members[name]):
                self.layout.view(memory, self.parameters.members[name])[...] = value
        bind(self.layout.plans["all"], memory, target).run()
        return {name: self.layout.view(memory, each).copy() for name, each in self.wanted.items()}


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(operations, st.integers(1, 4), st.integers(1, 20))
def test_sharing_memory_changes_nothing(choices, rows, columns):
    shared, apart = Drawn(choices, rows, columns, keep=False), Drawn(choices, rows, columns, keep=True)
    results, right, plain = shared.run("cpu"), apart.run("cpu"), shared.run("python")
    for name, value in results.items():
        assert np.isfinite(value).all()
        np.testing.assert_array_equal(value, right[name])
        np.testing.assert_allclose(value, plain[name], rtol=1e-9, atol=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(operations, st.integers(1, 4), st.integers(1, 20))
def test_no_two_live_tensors_overlap(choices, rows, columns):
    layout = Drawn(choices, rows, columns, keep=False).layout
    plan = layout.plans["all"]
    start = layout.arena - layout.temporaries["all"][0]
    alive = lifetimes(plan, start)
    assert all(each.offset % ALIGNMENT == 0 and each.offset + each.size <= layout.arena for each in alive)
    for number, one in enumerate(alive):
        for other in alive[number + 1 :]:
            apart_in_time = one.last < other.first or other.last < one.first
            apart_in_place = one.offset + one.size <= other.offset or other.offset + other.size <= one.offset
            assert apart_in_time or apart_in_place, f"{one} and {other}"


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(operations, st.integers(1, 4), st.integers(1, 20))
def test_every_row_reads_only_what_was_written_before(choices, rows, columns):
    layout = Drawn(choices, rows, columns, keep=False).layout
    start = layout.arena - layout.temporaries["all"][0]
    written: set[int] = set()
    for row in dump(layout.plans["all"]):
        for operand in row.operands:
            if operand.segment == ARENA and operand.offset >= start:
                assert operand.access == "writes" or operand.offset in written
        written |= {each.offset for each in row.operands if each.access == "writes"}
        reads = {each.offset for each in row.operands if each.access == "reads" and each.segment == ARENA}
        assert not reads & {each.offset for each in row.operands if each.access == "writes"}


def test_a_chain_needs_two_buffers_however_long_it_is():
    x = Storage("parameters").member("x", (4, 16))
    y = x
    for _ in range(50):
        y = f.tanh(y)
    kept = Storage("statistics").member("y", (4, 16))
    layout = Layout({"chain": [assign(y, kept)]})
    size, most_alive = layout.temporaries["chain"]
    assert size == most_alive == 2 * 64


def test_freed_neighbours_become_one_hole():
    x = Storage("parameters").member("x", (16,))
    small = [f.negate(x) for _ in range(4)]
    total = f.add(f.add(small[0], small[1]), f.add(small[2], small[3]))
    large = f.sum(f.broadcast(total, (4, 16)))
    layout = Layout({"all": [assign(large, Storage("statistics").member("large", (1,)))]})
    size, most_alive = layout.temporaries["all"]
    assert most_alive == 5 * 16  # the four small ones and the first sum, or a sum and its repetition
    assert size <= 6 * 16


def test_programs_share_what_is_stored_and_reuse_the_rest():
    x = Storage("parameters").member("x", (64,))
    results = Storage("statistics")
    one = assign(f.tanh(f.negate(x)), results.member("one", (64,)))
    two = assign(f.exp(f.square(f.square(x))), results.member("two", (64,)))
    layout = Layout({"one": [one], "two": [two]})
    sizes = [size for size, _ in layout.temporaries.values()]
    assert sizes == [64, 128]
    assert layout.arena == layout.kept + max(sizes)
    memory = layout.memory(layout.shared_memory("float64"), 0)
    values = np.linspace(-1, 1, 64)
    layout.view(memory, x)[:] = values
    for name in ("one", "two"):
        bind(layout.plans[name], memory).run()
    np.testing.assert_allclose(layout.view(memory, one), np.tanh(-values), rtol=1e-12)
    np.testing.assert_allclose(layout.view(memory, two), np.exp(values**4), rtol=1e-12)


def test_stored_tensors_are_contiguous_and_come_first():
    parameters, gradients = Storage("parameters"), Storage("gradients")
    w, b = parameters.member("w", (3, 5)), parameters.member("b", (5,))
    places = [gradients.member(name, each.shape) for name, each in (("w", w), ("b", b))]
    loss = f.sum(f.square(f.dense(data(np.ones((2, 3)), "x"), w, b)))
    program = [assign(found, place) for found, place in zip(differentiate(loss, [w, b]), places, strict=True)]
    layout = Layout({"step": program})
    order = [layout.place(each) for each in (w, b, *places)]
    assert order == [(ARENA, 0), (ARENA, 16), (ARENA, 32), (ARENA, 48)]
    assert layout.kept == 64
    assert layout.place(parameters.whole) == (ARENA, 0)
    assert not layout.knows(Storage("states").member("other", (1,)))


def test_data_stands_in_shared_memory_once():
    values = np.arange(6.0).reshape(2, 3)
    table = data(values, "table")
    result = assign(f.sum(f.add(table, table)), Storage("statistics").member("sum", (1,)))
    layout = Layout({"all": [result]})
    assert layout.place(table) == (SHARED, 0)
    assert layout.shared == 16
    shared = layout.shared_memory("float32")
    memories = [layout.memory(shared, seed) for seed in (0, 1)]
    assert all(each.shared is shared for each in memories)
    np.testing.assert_array_equal(layout.view(memories[1], table), values)


@pytest.fixture
def small_plan():
    x = data(np.ones((4, 3)), "inputs")
    parameters = Storage("parameters")
    with scope("dense1"):
        y = f.dense(x, parameters.member("weight", (3, 5)), parameters.member("bias", (5,)))
    with scope("relu1"):
        y = f.relu(y)
    return Layout({"all": [assign(f.multiply(y, constant(2.0)), Storage("statistics").member("y", (4, 5)))]})


def test_dump_tells_operations_bytes_and_shapes(small_plan):
    rows = dump(small_plan.plans["all"])
    assert [(row.label, row.kernel) for row in rows] == [("dense1", "dense"), ("relu1", "relu"), ("", "scale")]
    dense = rows[0]
    assert [(each.name, each.shape, each.access) for each in dense.operands] == [
        ("inputs", (4, 3), "reads"),
        ("weight", (3, 5), "reads"),
        ("bias", (5,), "reads"),
        ("y", (4, 5), "writes"),
    ]
    assert dense.operands[0].segment == SHARED
    assert dense.operands[3].offset == small_plan.arena - small_plan.temporaries["all"][0]
    assert dense.bytes == 4 * (12 + 15 + 5 + 20)
    assert dense.operations == 2 * 4 * 3 * 5
    assert dump(small_plan.plans["all"], item=8)[0].bytes == 2 * dense.bytes


def test_dump_as_text_is_a_table(small_plan):
    lines = dump_text(small_plan.plans["all"]).splitlines()
    assert lines[0].split() == [word for column in COLUMNS for word in column.split()]
    assert "inputs [4, 3] @shared 0, weight [3, 5] @0" in lines[1]
    assert lines[-1].split()[:2] == ["3", "rows"]
    assert f"{sum(row.bytes for row in dump(small_plan.plans['all'])):,}" in lines[-1]


def test_lifetimes_end_with_the_last_use(small_plan):
    start = small_plan.arena - small_plan.temporaries["all"][0]
    dense, relu = lifetimes(small_plan.plans["all"], start)
    assert (dense.first, dense.last) == (0, 1)
    assert (relu.first, relu.last) == (1, 2)
    assert dense.offset != relu.offset


def test_a_tensor_of_two_programs_lives_as_long_as_each_of_them_needs_it():
    x, results = Storage("parameters").member("x", (40,)), Storage("statistics")
    first = f.tanh(x)
    second = f.square(f.negate(first))
    short = assign(f.negate(second), results.member("short", (40,)))
    # Only the long program uses `first` again, after all the others have been freed.
    later = f.exp(f.exp(f.square(f.negate(second))))
    long = assign(f.add(f.multiply(later, first), second), results.member("long", (40,)))
    layout = Layout({"long": [long], "short": [short]})
    memory = layout.memory(layout.shared_memory("float64"), 0)
    values = np.linspace(-1, 1, 40)
    layout.view(memory, x)[...] = values
    for name in ("long", "short"):
        bind(layout.plans[name], memory, "python").run()
    t = np.tanh(values)
    np.testing.assert_allclose(layout.view(memory, long), np.exp(np.exp(t**4)) * t + t**2, rtol=1e-12)
    np.testing.assert_allclose(layout.view(memory, short), -(t**2), rtol=1e-12)


def test_replicas_with_the_same_data_have_it_in_common():
    def layout(values: list[float]) -> Layout:
        return Layout({"read": [call(copy, data(np.array(values), "data")).result]})

    first, again, other = layout([1.0, 2.0]), layout([1.0, 2.0]), layout([1.0, 3.0])
    shared = first.shared_memory("float32")
    assert again.shared_memory("float32") is shared
    assert other.shared_memory("float32") is not shared
    assert again.shared_memory("float64").dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        shared[0] = 5.0
