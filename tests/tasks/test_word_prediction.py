"""`task: next-word`: the flat and the hierarchical softmax against NumPy, and what is counted about them."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from tests.tasks.test_training import experiment

WATCH = ["loss", "rate", "nodes", "tree_depth", "probability_sum", "step_time"]


def predictor(output, seed=0, **changes):
    settings = {
        "task": "next-word",
        "data": {"name": "words", "points": 120, "vocabulary": 20, "context": 2},
        "model": [{"embedding": 4}, {"dense": 6}, "tanh"],
        "init": None,
        "optimizer": {"name": "sgd", "rate": 0.5},
        "train": {"batch": "all", "steps": 20},
        "watch": WATCH,
        "options": {"output": output},
    }
    return experiment(seed, **(settings | changes))


def hidden(w, inputs):
    rows = w["embedding1.weight"][inputs.astype(int)].reshape(len(inputs), -1)
    return np.tanh(rows @ w["dense1.weight"] + w["dense1.bias"])


def log_probabilities(net, w, inputs):
    """[examples, words], from the definition."""
    h = hidden(w, inputs)
    if "output.weight" in w:
        logits = h @ w["output.weight"]
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    tree, found = net.output.tree, []
    for path, sign, length in zip(tree.path.astype(int), tree.sign, tree.length, strict=True):
        z = h @ w["output.nodes"][path[:length]].T * sign[:length]
        found.append(-np.log1p(np.exp(-z)).sum(axis=1))
    return np.stack(found, axis=1)


def loss(net, w):
    train = net.split.train
    return -log_probabilities(net, w, train.inputs)[np.arange(train.count), train.targets].mean()


def weights(net):
    return {name: value.astype(np.float64) for name, value in net.weights().items()}


@pytest.mark.parametrize("output", ["tree", "flat"])
def test_loss_and_probabilities_follow_the_definition(output):
    net = predictor(output)
    net.advance(5)
    values, w = net.measure(), weights(net)
    assert values["loss"] == pytest.approx(loss(net, w), rel=1e-5)
    total = np.exp(log_probabilities(net, w, net.split.train.inputs)).sum(axis=1)
    np.testing.assert_allclose(total, 1, rtol=1e-9)
    assert values["probability_sum"] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("output", ["tree", "flat"])
def test_a_step_is_gradient_descent_on_every_parameter_though_tables_are_changed_in_a_few_rows_only(output):
    net = predictor(output)
    net.advance(3)
    before = weights(net)
    net.advance(1)
    after = weights(net)
    for name, value in before.items():
        gradient = np.zeros_like(value)
        for place in np.ndindex(value.shape):
            for sign in (1, -1):
                moved = {key: each.copy() if key == name else each for key, each in before.items()}
                moved[name][place] += sign * 1e-5
                gradient[place] += sign * loss(net, moved) / 2e-5
        np.testing.assert_allclose(after[name], value - 0.5 * gradient, atol=2e-6, err_msg=name)


def test_nodes_are_counted_in_the_tree_that_is_used():
    net = predictor("tree")
    lengths = {word: int(length) for word, length in enumerate(net.output.tree.length)}
    values = net.measure()
    assert values["nodes"] == pytest.approx(np.mean([lengths[int(word)] for word in net.split.train.targets]))
    assert values["tree_depth"] == max(lengths.values())
    assert values["nodes"] <= values["tree_depth"]


def test_a_flat_softmax_evaluates_every_word_and_has_no_depth():
    net = predictor("flat")
    assert "tree_depth" not in net.metrics
    assert net.measure()["nodes"] == 20


def test_the_step_time_is_measured_once_there_was_a_step():
    net = predictor("tree")
    assert "step_time" not in net.measure()
    net.advance(5)
    assert net.measure()["step_time"] > 0


@pytest.mark.parametrize("output", ["tree", "flat"])
def test_training_goes_on_from_a_saved_state_to_the_same_bits(output):
    first = predictor(output, train={"batch": 16, "steps": 20})
    first.advance(7)
    saved = first.state()
    first.advance(9)
    second = predictor(output, train={"batch": 16, "steps": 20})
    second.restore(saved)
    second.advance(4)
    second.advance(5)
    assert all(np.array_equal(value, second.weights()[name]) for name, value in first.weights().items())


def test_the_picture_of_the_tree_adds_up():
    net = predictor("tree")
    diagram = net.pictures()[0]
    shares = {name: float(value.rstrip("%")) for name, _, value, _ in diagram.nodes}
    assert shares["root"] == 100
    assert shares["l"] + shares["r"] == pytest.approx(100, abs=0.2)
    assert {end for _, end in diagram.edges} == set(shares) - {"root"}


def test_an_optimizer_with_memory_is_refused():
    with pytest.raises(InvalidValue, match="plain sgd"):
        predictor("tree", optimizer={"name": "sgd", "rate": 0.5, "momentum": 0.9})


def test_more_examples_per_step_than_there_are_is_refused():
    with pytest.raises(InvalidValue, match="only 120"):
        predictor("flat", train={"batch": 121, "steps": 1})
