"""Sums modulo a number: the pairs, what pictures and the metric say of weights that are chosen here, and of others."""

from __future__ import annotations

import numpy as np
import pytest

import lab.data
from lab.data.sets.modular_arithmetic import pairs_in
from lab.errors import InvalidValue
from tests.tasks.test_figures_are_true import put, softmax
from tests.tasks.test_training import experiment

N = 11
MODEL = [{"dense": 6, "bias": False}, "relu", {"dense": "classes", "bias": False}]
WATCH = ["loss", "frequency_concentration"]


def net(model=None, data=None, **options):
    data = data or {"name": "modular-arithmetic", "modulus": N, "validation": 0.4}
    return experiment(model=model or MODEL, data=data, watch=WATCH, options=options, train={"batch": "all", "steps": 9})


@pytest.mark.parametrize(
    ("operation", "right"),
    [("add", lambda a, b: (a + b) % 7), ("subtract", lambda a, b: (a - b) % 7), ("multiply", lambda a, b: a * b % 7)],
)
def test_every_pair_is_there_once_with_what_is_left(operation, right):
    data = lab.data.load({"name": "modular-arithmetic", "modulus": 7, "operation": operation}, 0).train
    assert data.inputs.shape == (49, 14)
    pairs = [tuple(each) for each in pairs_in(data.numbers).tolist()]
    assert sorted(pairs) == [(a, b) for a in range(7) for b in range(7)]
    assert data.targets.tolist() == [right(a, b) for a, b in pairs]
    one = data.inputs[pairs.index((3, 5))]
    assert [name for name, there in zip(data.features, one, strict=True) if there] == ["a = 3", "b = 5"]


def test_a_modulus_that_asks_for_too_much_is_refused():
    with pytest.raises(InvalidValue, match="200"):
        lab.data.load({"name": "modular-arithmetic", "modulus": 100_000}, 0)


def waves(frequencies, noise=0.0):
    """Weights of one unit for each frequency, [2 N, units]: a wave over each of the two numbers, each with a phase."""
    random = np.random.default_rng(0)
    numbers = np.arange(N)[:, None]
    both = [np.cos(2 * np.pi * np.array(frequencies) * numbers / N + random.uniform(0, 6)) for _ in range(2)]
    found = np.concatenate(both) + 0.7  # what is the same for all numbers is no wave
    return found + noise * random.standard_normal(found.shape)


def test_the_weights_of_waves_are_in_one_frequency_each():
    made = net()
    put(made, dense1_weight=waves([1, 2, 3, 4, 5, 5]))
    assert made.measure()["frequency_concentration"] == pytest.approx(1, abs=1e-5)


def test_of_two_waves_in_a_unit_the_stronger_one_counts():
    made = net()
    put(made, dense1_weight=2 * waves([1] * 6) + waves([4] * 6))
    assert made.measure()["frequency_concentration"] == pytest.approx(4 / 5, abs=1e-5)


def test_of_weights_drawn_at_random_it_is_low():
    assert net().measure()["frequency_concentration"] < 0.6


def test_the_shown_units_are_the_strongest_of_different_frequencies_each_on_its_own_scale():
    made = net(pictures=["number_waves"])
    weight = waves([2, 2, 3, 1, 1, 1], 0.01) * np.array([5, 4, 3, 1, 1, 1])
    put(made, dense1_weight=weight)
    [picture] = made.pictures()
    assert list(picture.lines) == ["unit 1", "unit 3"]
    third = weight[:N, 2]
    np.testing.assert_allclose(picture.lines["unit 3"], third / np.sqrt((third**2).mean()), rtol=1e-5)
    np.testing.assert_array_equal(picture.x, np.arange(N))


def test_the_table_has_the_probability_of_the_right_answer_of_each_pair_in_its_place():
    made = net(pictures=["answer_table"])
    made.advance(5)
    [picture] = made.pictures()
    w = {name: value.astype(np.float64) for name, value in made.weights().items()}
    for a, b in ((0, 0), (3, 8), (10, 2)):
        x = np.zeros(2 * N)
        x[[a, N + b]] = 1
        scores = np.maximum(x @ w["dense1.weight"], 0) @ w["dense2.weight"]
        assert picture.values[a, b] == pytest.approx(softmax(scores)[(a + b) % N], rel=1e-4)
    assert picture.extent == (0, N, N, 0)


def test_pairs_that_no_part_has_are_left_open():
    made = net(
        data={"name": "modular-arithmetic", "modulus": N, "validation": 0.4, "examples": 22}, pictures=["answer_table"]
    )
    [picture] = made.pictures()
    split = made.split
    assert np.isfinite(picture.values).sum() == split.train.count + split.validation.count < N * N


@pytest.mark.parametrize("data", [{"name": "wine"}, {"name": "modular-arithmetic"}])
def test_other_data_or_another_first_layer_have_no_waves(data):
    model = ["relu", *MODEL] if data["name"] != "wine" else MODEL
    made = net(model=model, data=data, pictures=["number_waves"])
    assert made.pictures() == []
    assert "frequency_concentration" not in made.measure()
