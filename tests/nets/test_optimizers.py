"""Optimizers and schedules in the training of a network."""

from __future__ import annotations

import numpy as np

from tests.tasks.test_training import experiment, gradients

FULL = {"train": {"batch": "all", "steps": 50}}


def test_nesterov_looks_ahead_in_training_and_stands_at_the_parameters_when_measured():
    rate, momentum = 0.1, 0.9
    optimizer = {"name": "sgd", "rate": rate, "momentum": momentum, "nesterov": "look_ahead"}
    net = experiment(**FULL, optimizer=optimizer)
    inputs, targets = net.split.train.inputs, net.split.train.targets
    w = {name: value.astype(np.float64) for name, value in net.weights().items()}
    v = {name: np.zeros_like(value) for name, value in w.items()}
    for _ in range(8):
        ahead = {name: w[name] + momentum * v[name] for name in w}
        for name, gradient in gradients(ahead, inputs, targets).items():
            v[name] = momentum * v[name] - rate * gradient
        w = {name: w[name] + v[name] for name in w}
    net.advance(8)
    for name, value in net.weights().items():
        np.testing.assert_allclose(value, w[name], rtol=2e-4, atol=2e-5, err_msg=name)


def test_a_layer_that_keeps_running_numbers_may_be_trained_with_a_look_ahead():
    optimizer = {"name": "sgd", "rate": 0.1, "momentum": 0.9, "nesterov": "look_ahead"}
    model = [{"dense": 8}, "batch_norm", "relu", {"dense": "classes"}]
    ahead = experiment(**FULL, model=model, optimizer=optimizer, watch=["loss"])
    plain = experiment(**FULL, model=model, optimizer=optimizer | {"momentum": 0.0}, watch=["loss"])
    for net in (ahead, plain):
        net.advance(1)
    # The first step has no velocity yet, and the running numbers have taken in one batch.
    for name, value in plain.weights().items():
        np.testing.assert_array_equal(ahead.weights()[name], value, err_msg=name)


def test_the_rate_that_is_measured_is_that_of_the_last_step():
    schedule = [{"warm_up": {"steps": 4}}, {"step": {"every": 3, "factor": 0.5}}]
    net = experiment(**FULL, optimizer={"name": "adam", "rate": 0.08, "schedule": schedule}, watch=["rate"])
    found = [net.measure()["rate"]]
    for _ in range(9):
        net.advance(1)
        found.append(net.measure()["rate"])
    expected = [0.02, 0.02, 0.04, 0.06, 0.08, 0.08, 0.08, 0.08, 0.04, 0.04]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_without_a_rate_in_the_file_the_optimizers_own_is_taken():
    assert experiment(**FULL, optimizer={"name": "lbfgs"}, watch=["loss"]).optimizer.rate == 1
    assert experiment(**FULL, optimizer={"name": "adam"}, watch=["loss"]).optimizer.rate == 0.01
    assert experiment(**FULL, optimizer={"name": "lbfgs", "rate": 0.5}, watch=["loss"]).optimizer.rate == 0.5
