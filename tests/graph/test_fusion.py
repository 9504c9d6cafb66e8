"""Calls that the planner joins: the numbers are those of the calls one by one, and what is still needed stays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lab.graph import Layout, Storage, Tensor, assign, differentiate, planner
from lab.graph import functions as f
from lab.graph.running import bind
from lab.graph.tensor import block
from tests.graph.checking import check


def net(x: Tensor, *weights: Tensor) -> Tensor:
    """Layers with ReLU between them."""
    for number in range(0, len(weights), 2):
        x = f.dense(f.relu(x) if number else x, *weights[number : number + 2])
    return x


class Net:
    """A net of these sizes, and its gradients, as a program."""

    def __init__(self, batch: int, *sizes: int) -> None:
        self.inputs, self.kept = Storage("parameters"), Storage("statistics")
        given = [self.inputs.member("x", (batch, sizes[0]))]
        for number, (m, n) in enumerate(itertools.pairwise(sizes)):
            given += [self.inputs.member(f"{kind}{number}", shape) for kind, shape in (("w", (m, n)), ("b", (n,)))]
        y = net(*given)
        found = [y, *differentiate(f.total(f.tanh(y)), given)]
        self.wanted = [assign(each, self.kept.member(str(n), each.shape)) for n, each in enumerate(found) if each]
        self.layout = Layout({"all": self.wanted})

    @property
    def kernels(self) -> list[str]:
        return [row.kernel.name for row in self.layout.plans["all"].rows]

    def numbers(self, target: str = "cpu") -> list[np.ndarray]:
        memory = self.layout.memory(self.layout.shared_memory("float32"), 0)
        random = np.random.default_rng(0)
        for each in self.inputs.members.values():
            self.layout.view(memory, each)[...] = random.standard_normal(each.shape)
        bind(self.layout.plans["all"], memory, target).run()
        return [self.layout.view(memory, each) for each in self.wanted]


SIZES = [(32, 2, 16, 16, 2), (64, 64, 128, 64, 10), (1, 3, 1, 5, 2), (37, 5, 33, 7, 3)]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_numbers_are_those_of_the_calls_one_by_one(sizes, monkeypatch):
    joined = Net(*sizes)
    monkeypatch.setattr(planner, "fused", lambda program, results: list(program))
    single = Net(*sizes)
    assert joined.kernels.count("dense_relu") == joined.kernels.count("dense_relu_gradient") == 2
    assert len(single.kernels) == len(joined.kernels) + 4
    assert not {"dense_relu", "dense_relu_gradient"} & set(single.kernels)
    for one, other in zip(joined.numbers(), single.numbers(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_gradients_of_what_is_joined():
    random = np.random.default_rng(0)
    arrays = [random.standard_normal(shape) for shape in ((4, 3), (3, 5), (5,), (5, 2), (2,))]
    x, weight, bias, last, end = arrays
    check(net, *arrays, equals=np.maximum(x @ weight + bias, 0) @ last + end)


@pytest.mark.parametrize("use", ["wanted", "read again"])
def test_what_somebody_else_needs_is_not_joined(use):
    inputs, kept = Storage("parameters"), Storage("statistics")
    x, weight, bias = inputs.member("x", (4, 3)), inputs.member("w", (3, 5)), inputs.member("b", (5,))
    between = f.dense(x, weight, bias)
    after = f.relu(between)
    if use == "wanted":
        program = [between, assign(after, kept.member("y", (4, 5)))]
    else:
        program = [assign(f.add(after, between), kept.member("y", (4, 5)))]
    kernels = [row.kernel.name for row in Layout({"all": program}).plans["all"].rows]
    assert kernels[:2] == ["dense", "relu"]


def test_calls_of_different_blocks_are_not_joined():
    inputs, kept = Storage("parameters"), Storage("statistics")
    x, weight, bias = inputs.member("x", (4, 3)), inputs.member("w", (3, 5)), inputs.member("b", (5,))
    with block():
        between = f.dense(x, weight, bias)
    program = [assign(f.relu(between), kept.member("y", (4, 5)))]
    assert [row.kernel.name for row in Layout({"all": program}).plans["all"].rows] == ["dense", "relu"]
