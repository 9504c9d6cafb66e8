"""A network in memory of its own: it computes with what it was given, and does not go on with what was there before."""

from __future__ import annotations

import numpy as np
import pytest

from lab.graph import Storage, assign, data
from lab.tasks.training.own_memory import OwnMemory
from tests.tasks.test_training import experiment, forward


@pytest.fixture(scope="module")
def net():
    return experiment()


@pytest.fixture(scope="module")
def inputs(net):
    return net.split.train.inputs[::9].astype(np.float32)


@pytest.fixture
def memory(net, inputs):
    outputs, _ = net.network.apply(data(inputs, "inputs"), training=False)
    answers = assign(outputs, Storage("statistics").member("answers", outputs.shape))
    return OwnMemory(net.network, {"answer": [answers]}), answers


def test_it_computes_with_the_weights_that_it_was_given(net, memory, inputs):
    own, outputs = memory
    weights = {name: value * 1.5 for name, value in net.weights().items()}
    own.take(weights, net.inspection.settings())
    own.run("answer")
    logits = own.view(outputs).astype(np.float64)
    chances = np.exp(logits - logits.max(1, keepdims=True))
    expected = forward(weights, inputs.astype(np.float64), np.zeros(len(inputs), int))[2]
    np.testing.assert_allclose(chances / chances.sum(1, keepdims=True), expected, rtol=1e-4)


def test_a_weight_that_is_not_given_is_missed_and_not_left_as_it_was(net, memory):
    own, _ = memory
    weights = net.weights()
    del weights[next(iter(weights))]
    with pytest.raises(KeyError):
        own.take(weights, net.inspection.settings())


def test_settings_that_no_program_reads_need_not_be_given():
    """A network's settings have one memory with those of its optimizer, whose names may be others where it trains."""
    net = experiment(model=[{"dense": 5}, "batch_norm", "relu", {"dense": "classes"}])
    outputs, _ = net.network.apply(data(net.split.train.inputs[:4], "inputs"), training=False)
    own = OwnMemory(net.network, {"answer": [assign(outputs, Storage("statistics").member("answers", outputs.shape))]})
    settings = net.inspection.settings()
    assert own.knows(net.network.settings.storage.members["optimizer.rate"])
    own.take(net.weights(), {"batch_norm1.epsilon": settings["batch_norm1.epsilon"]})
    with pytest.raises(KeyError, match="epsilon"):
        own.take(net.weights(), {"optimizer.rate": settings["optimizer.rate"]})
