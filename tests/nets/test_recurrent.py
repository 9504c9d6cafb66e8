"""Recurrent layers of the scenario language: names, stacks, directions, first states."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph import Layout, assign, data
from lab.graph.running import bind
from lab.graph.tensor import Storage
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates

X = np.random.default_rng(0).standard_normal((2, 4, 3))


class Built:
    """A network on an input, run once, with first weights of seed 0."""

    def __init__(self, model, x=X, sequence=None, outputs=5, **changed):
        self.network = Network(model, None, outputs, 0, AdjustableNumbers())
        self.sequence = sequence or SequenceStates()
        y, _ = self.network.apply(data(x, "x"), training=False, sequence=self.sequence)
        kept = Storage("statistics")
        found = {"y": y, **self.sequence.last}
        wanted = {name: assign(each, kept.member(name, each.shape)) for name, each in found.items()}
        layout = Layout({"run": list(wanted.values())})
        memory = layout.memory(layout.shared_memory("float32"), 0)
        self.values = self.network.first_values() | changed
        for name, value in self.values.items():
            layout.view(memory, self.network.kept[name])[...] = value
        bind(layout.plans["run"], memory).run()
        self.found = {name: layout.view(memory, tensor).copy() for name, tensor in wanted.items()}
        self.y = self.found["y"]


def test_names_and_shapes_of_weights():
    model = [{"gru": {"units": 4, "layers": 2, "bidirectional": True}}, {"dense": "classes"}]
    shapes = {name: value.shape for name, value in Built(model).values.items()}
    assert shapes["gru1.input.weight"] == (3, 12)
    assert shapes["gru1.layer2.input.weight"] == (8, 12)
    assert shapes["gru1.layer2.backward.recurrent.weight"] == (4, 12)
    assert shapes["gru1.backward.candidate.bias"] == (4,)
    assert shapes["dense1.weight"] == (8, 5)


def test_dense_acts_at_each_step_and_on_the_last_state():
    assert Built([{"lstm": {"units": 4}}, {"dense": "classes"}]).y.shape == (2, 4, 5)
    assert Built([{"lstm": {"units": 4, "return": "last"}}, {"dense": "classes"}]).y.shape == (2, 5)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_way_back_is_the_way_there_on_reversed_inputs(kind):
    both = Built([{kind: {"units": 4, "bidirectional": True}}])
    weights = {name.replace("backward.", ""): value for name, value in both.values.items() if "backward" in name}
    back = Built([{kind: {"units": 4}}], X[:, ::-1], **weights)
    np.testing.assert_allclose(both.y[..., 4:], back.y[:, ::-1], rtol=1e-6)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_carried_state_continues_the_sequence(kind):
    model = [{kind: {"units": 4, "layers": 2}}]
    whole, first = Built(model), Built(model, X[:, :1])
    states = {name: data(value, name) for name, value in first.found.items() if name != "y"}
    rest = Built(model, X[:, 1:], SequenceStates(states))
    np.testing.assert_allclose(rest.y, whole.y[:, 1:], rtol=1e-5, atol=1e-6)


def test_symbols_need_no_embedding():
    assert Built([{"rnn": {"units": 4}}], np.array([[0, 4, 2]])).values["rnn1.input.weight"].shape == (5, 4)


def test_images_are_refused():
    with pytest.raises(InvalidValue, match="takes sequences"):
        Built([{"rnn": {"units": 4}}], np.zeros((1, 2, 2, 1)))
