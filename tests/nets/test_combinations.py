"""Things that work alone, together: random layers, batch norm, averaged weights and optimizers that try points out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from kernels.targets.cpu import scratch_of_thread
from lab.graph import Layout, Storage
from lab.graph import functions as f
from lab.graph.running import bind
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step
from tests.tasks.test_gradient_check import experiment as gradient_check
from tests.tasks.test_training import experiment

DATA = {"name": "spiral", "points": 120, "noise": 0.1, "validation": 0.25}
RANDOM = {
    "dropout": [{"dense": 8}, "tanh", {"dropout": 0.4}, {"dense": "classes"}],
    "dropconnect": [{"dropconnect": {"units": 8, "rate": 0.4}}, "tanh", {"dense": "classes"}],
    "survive": [{"dense": 6}, {"residual": {"layers": [{"dense": 6}, "tanh"], "survive": 0.6}}, {"dense": "classes"}],
}


@pytest.mark.parametrize("model", RANDOM.values(), ids=RANDOM)
@pytest.mark.parametrize("difference", ["centred", "one-sided"])
def test_gradients_of_random_layers_are_checked_under_one_mask(model, difference):
    made = gradient_check(steps=10, model=model, largest=1e-2, smallest=1e-8, difference=difference)
    made.advance(10)
    assert made.measure()["smallest_error"] < (1e-9 if difference == "centred" else 1e-6)


def test_running_numbers_of_averaged_weights_are_those_of_their_own_activations():
    model = [{"dense": 12}, "batch_norm", "relu", {"dense": 12}, "batch_norm", "relu", {"dense": "classes"}]
    made = experiment(
        task="average",
        data=DATA,
        model=model,
        optimizer={"name": "sgd", "rate": 0.3},
        train={"batch": 16, "steps": 400},
        watch=["average_loss", "current_loss", "average_accuracy"],
        options={"after": 50},
    )
    made.advance(400)
    weights = made.averaged()
    x = made.split.train.inputs.astype(np.float64)
    for number in (1, 2):
        x = x @ weights[f"dense{number}.weight"] + weights[f"dense{number}.bias"]
        layer = f"batch_norm{number}"
        mean, variance = x.mean(axis=0), x.var(axis=0)
        np.testing.assert_allclose(weights[f"{layer}.running_mean"], mean, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(weights[f"{layer}.running_variance"], variance, rtol=0.02)
        x = weights[f"{layer}.gamma"] * (x - mean) / np.sqrt(variance + 1e-5) + weights[f"{layer}.beta"]
        x = np.maximum(x, 0)
    found = made.measure()
    assert found["average_loss"] < 1.2 * found["current_loss"]


def test_layers_that_a_step_leaves_out_have_no_gradient_whatever_stood_in_memory():
    inner = [{"dense": 6}, "scale", {"residual": {"layers": ["scale", {"dense": 6}], "survive": 0.5}}]
    model = [{"dense": 6}, {"residual": {"layers": inner, "survive": 0.5}}, {"dense": "classes"}]
    one, other = (
        experiment(data=DATA, model=model, optimizer={"rate": 0.1}, train={"batch": 1, "steps": 20}, watch=["loss"])
        for _ in range(2)
    )
    left_out = 0
    for _ in range(20):
        one.advance(1)
        scratch_of_thread(1, "float32")[:] = np.nan  # of other programs of this thread
        other.advance(1)
        gradients = [other.read(each) for name, each in other.gradients.members.items() if "residual" in name]
        left_out += not any(each.any() for each in gradients)
        for name, value in one.weights().items():
            np.testing.assert_array_equal(other.weights()[name], value, err_msg=name)
    assert 3 < left_out < 17


def test_gradients_are_checked_with_layers_left_out():
    layers = [{"dense": 6}, "scale", {"dense": 6}]
    model = [{"dense": 6}, {"residual": {"layers": layers, "survive": 0.01}}, "tanh", {"dense": "classes"}]
    made = gradient_check(steps=10, model=model, largest=1e-2, smallest=1e-8)
    scratch_of_thread(1, "float64")[:] = 7.0
    made.advance(10)
    assert made.measure()["smallest_error"] < 1e-9


@pytest.mark.parametrize("name", ["lbfgs", "bfgs"])
def test_a_line_search_compares_losses_under_one_mask(name):
    made = experiment(
        data=DATA,
        model=RANDOM["dropout"],
        optimizer={"name": name},
        train={"batch": "all", "steps": 60},
        watch=["loss"],
    )
    first = made.measure()["loss"]
    places = []
    for _ in range(60):
        made.advance(1)
        places.append(made.weights()["dense1.weight"])
    assert made.measure()["loss"] < 0.8 * first
    # It stands still only where one mask offers no way down, and goes on under the next.
    still = sum(np.array_equal(a, b) for a, b in pairwise(places))
    assert still < 20


@pytest.mark.parametrize("name", ["lbfgs", "newton", "sgd"])
@pytest.mark.parametrize("model", [RANDOM["dropout"], [{"dense": 5}, "tanh", {"dense": "classes"}]])
def test_the_full_batch_is_the_same_run_as_a_word_and_as_a_number(name, model):
    def run(batch):
        settings = {"name": name} | ({"damping": 1.0} if name == "newton" else {})
        made = experiment(
            data=DATA, model=model, optimizer=settings, train={"batch": batch, "steps": 8}, watch=["loss"]
        )
        made.advance(8)
        return made.weights()

    numbers = run(90)
    for key, value in run("all").items():
        np.testing.assert_array_equal(numbers[key], value, err_msg=key)


def test_points_that_are_only_tried_leave_running_means_alone():
    model = [{"dense": 6}, {"batch_norm": {"momentum": 0.5}}, "tanh", {"dense": "classes"}]
    made = experiment(
        data=DATA,
        model=model,
        optimizer={"name": "lbfgs", "rate": 0.05},
        train={"batch": "all", "steps": 5},
        watch=["loss"],
    )
    x = made.split.train.inputs.astype(np.float64)
    mean = np.zeros(6)
    for step in range(5):
        weights = made.weights()
        begun = (x @ weights["dense1.weight"] + weights["dense1.bias"]).mean(axis=0)
        if step == 0:
            mean = 0.5 * mean + 0.5 * begun
        made.advance(1)
        weights = made.weights()
        mean = 0.5 * mean + 0.5 * (x @ weights["dense1.weight"] + weights["dense1.bias"]).mean(axis=0)
        np.testing.assert_allclose(weights["batch_norm1.running_mean"], mean, rtol=1e-3, atol=1e-4)
    assert made.evaluations > 6


def test_a_singular_hessian_is_refused_with_a_sentence_and_moves_nothing():
    # Two classes' scores can rise together without changing anything: the Hessian of a softmax is singular.
    made = experiment(
        data=DATA,
        model=[{"dense": "classes"}],
        init="zero",
        optimizer={"name": "newton"},
        train={"batch": "all", "steps": 5},
        watch=["loss"],
    )
    before = made.weights()
    made.advance(5)
    assert "Hessian" in made.diverged()
    assert "damping" in made.diverged()
    for name, value in made.weights().items():
        np.testing.assert_array_equal(value, before[name])


def test_the_length_of_weights_is_limited_per_unit_whatever_their_rank():
    parameters, adjustable = Storage("parameters"), AdjustableNumbers()
    weight = parameters.member("filter.weight", (3, 2, 4, 5))
    limited = optimizer("sgd", {"rate": 1e-6, "max_norm": 0.5})
    flat = weight.reshape(weight.size)
    step = training_step(f.sum(f.multiply(flat, flat)), parameters, limited, adjustable)
    layout = Layout({"step": step.program})
    memory = layout.memory(layout.shared_memory("float32"), 0)
    for name, tensor in adjustable.storage.members.items():
        layout.view(memory, tensor)[...] = adjustable.first[name]
    first = np.random.default_rng(0).standard_normal(weight.shape) * [0.01, 1, 1, 0.01, 1]
    layout.view(memory, weight)[...] = first
    bind(layout.plans["step"], memory).run()
    lengths = np.sqrt((layout.view(memory, weight) ** 2).sum(axis=(0, 1, 2)))
    np.testing.assert_allclose(lengths[[1, 2, 4]], 0.5, rtol=1e-4)
    np.testing.assert_allclose(lengths[[0, 3]], np.sqrt((first**2).sum(axis=(0, 1, 2)))[[0, 3]], rtol=1e-4)
