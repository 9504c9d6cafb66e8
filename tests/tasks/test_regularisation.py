"""Metrics of the chapter on regularisation, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lab.tasks.host_metrics.sampled_subnetworks import probabilities, variation
from tests.tasks.test_training import experiment

TRAIN = {"batch": "all", "steps": 20}


def net(model, watch, **changes):
    return experiment(**({"model": [*model, {"dense": "classes"}], "watch": watch, "train": TRAIN} | changes))


def test_spread_of_the_weights():
    made = net([{"dense": 12}, "relu"], ["small_weights", "weight_kurtosis"], init={"normal": 0.002})
    weights = {name[:6]: value for name, value in made.weights().items() if name.endswith(".weight")}
    values = made.measure()
    for layer, each in weights.items():
        assert values[f"small_weights.{layer}"] == pytest.approx((np.abs(each) < 1e-3).mean(), abs=1e-6)
        known = stats.kurtosis(each.ravel().astype(np.float64), fisher=False)
        assert values[f"weight_kurtosis.{layer}"] == pytest.approx(known, rel=1e-4)
    share = np.concatenate([np.abs(each).ravel() < 1e-3 for each in weights.values()]).mean()
    assert values["small_weights"] == pytest.approx(share, abs=1e-6)


def test_weights_on_noise():
    data = {"name": "gaussian", "points": 80, "features": 6, "informative": 2}
    made = net([{"dense": 5}], ["noise_weights"], data=data)
    w = made.weights()["dense1.weight"].astype(np.float64)
    expected = np.sqrt((w[2:] ** 2).mean() / (w[:2] ** 2).mean())
    assert made.measure()["noise_weights"] == pytest.approx(expected, rel=1e-6)
    assert net([{"dense": 5}], ["noise_weights"]).metrics == ()


COMMITTEE = ["thinned_distance", "committee_distance", "geometric_distance", "committee_agreement", "thinned_accuracy"]


def test_without_dropout_every_network_of_the_committee_is_the_whole_one():
    values = net([{"dense": 12}, "relu"], COMMITTEE).measure()
    assert values["thinned_distance"] == 0
    assert values["committee_distance"] == pytest.approx(0, abs=1e-6)
    assert values["geometric_distance"] == pytest.approx(0, abs=1e-6)
    assert values["committee_agreement"] == 1


def test_a_committee_is_nearer_to_the_whole_network_than_its_members():
    made = net([{"dense": 32}, "relu", "dropout"], COMMITTEE, train={"batch": 16, "steps": 300})
    made.advance(300)
    first = made.measure()
    assert 0 < first["geometric_distance"] < 0.6 * first["thinned_distance"]
    assert first["thinned_distance"] < 1  # a mean over networks of what is at most 1
    assert made.measure() == first


def test_distances_of_probabilities():
    p = probabilities(np.array([[0.0, np.log(3.0)]], np.float32))
    np.testing.assert_allclose(p, [[0.25, 0.75]], rtol=1e-6)
    assert variation(p, np.array([[0.75, 0.25]])) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(("norm", "depends"), [("batch_norm", True), ("layer_norm", False), ("dropout", False)])
def test_only_batch_norm_lets_an_example_depend_on_its_batch(norm, depends):
    made = net([{"dense": 12}, norm, "relu"], ["batch_dependence", "identity_difference"])
    made.advance(10)
    before = made.state()
    values = made.measure()
    assert (values["batch_dependence"] > 0.01) == depends
    assert ("identity_difference" in values) == depends
    assert values.get("identity_difference", 0) < 1e-5
    assert all(np.array_equal(value, made.state()[name]) for name, value in before.items())


def test_a_step_takes_time():
    made = net([{"dense": 12}, "relu"], ["step_time"])
    assert made.measure() == {}
    made.advance(10)
    assert 0 < made.measure()["step_time"] < 1e5


@pytest.mark.parametrize("picture", ["weights", "dropped_units", "active_layers"])
def test_pictures(picture):
    model = [{"dense": 8}, {"residual": {"layers": ["relu", {"dense": 8}], "survive": 0.5}}, "dropout"]
    made = net(model, ["loss"], options={"pictures": [picture]})
    made.measure()
    assert len(made.pictures()) == 1
    made.advance(10)
    made.measure()
    (drawn,) = made.pictures()
    if picture == "dropped_units":
        assert 0.3 < (drawn.values == 0).mean() < 0.7
    if picture == "active_layers":
        assert drawn.values.shape == (1, 1)
