"""The gallery of activation functions against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.activation_functions.functions import METRICS
from lab.tasks.activation_functions.scalar_functions import FUNCTIONS


def scenario(functions, **options):
    content = {"title": "Gallery", "task": "functions", "train": {"steps": 8}, "watch": list(METRICS)}
    return Scenario.model_validate(content | {"options": {"functions": functions, **options}})


def gallery(functions, **options):
    chosen = scenario(functions, **options)
    made = task_of(chosen).build(chosen, 0, None)
    prepare(made.kernels())
    made.prepare()
    return made


def normal_share(x):
    return 0.5 * (1 + special.erf(x / np.sqrt(2)))


EXPECTED = {
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "prelu": lambda x: np.where(x > 0, x, 0.25 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "maxout": lambda x: np.maximum(-0.5 * x, x - 1),
    "softplus": lambda x: np.logaddexp(0, x),
    "silu": lambda x: x * special.expit(x),
    "gelu": lambda x: x * normal_share(x),
}


def test_every_function_has_an_expected_formula():
    assert set(EXPECTED) == set(FUNCTIONS)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_outputs_and_slopes_are_those_of_the_formula(name):
    made = gallery([name])
    outputs, slopes = made.of(name)
    np.testing.assert_allclose(outputs, EXPECTED[name](made.x), rtol=2e-5, atol=2e-6)
    h = 1e-6
    expected = (EXPECTED[name](made.x + h) - EXPECTED[name](made.x - h)) / (2 * h)
    smooth = np.abs(EXPECTED[name](made.x + h) - 2 * EXPECTED[name](made.x) + EXPECTED[name](made.x - h)) < 1e-8
    np.testing.assert_allclose(slopes[smooth], expected[smooth], rtol=1e-4, atol=1e-5)


def test_a_step_looks_at_inputs_as_far_as_its_number():
    made = gallery(["tanh", "relu"])
    assert made.measure()["highest.relu"] == 0
    made.advance(3)
    values = made.measure()
    assert values["highest.relu"] == 3
    assert values["highest"] == 3
    assert values["lowest.tanh"] == pytest.approx(np.tanh(-3), rel=1e-5)
    assert values["flattest.tanh"] == pytest.approx(1 - np.tanh(3) ** 2, rel=1e-3)
    assert values["mean_output.tanh"] == pytest.approx(0, abs=1e-6)
    assert values["mean_output.relu"] == pytest.approx(0.75, rel=1e-2)
    assert values["steepest"] == 1


def test_maxout_with_chosen_pieces_is_a_relu():
    made = gallery(["relu", "maxout"], pieces=[[0, 0], [1, 0]])
    np.testing.assert_array_equal(made.of("maxout")[0], made.of("relu")[0])


def test_pictures_show_outputs_and_slopes_where_something_bends():
    functions, slopes = gallery(["sigmoid"]).pictures()
    assert functions.x.min() == -6
    assert slopes.lines["sigmoid"].max() == pytest.approx(0.25)


def test_goes_back_to_a_state():
    made = gallery(["relu"])
    made.advance(2)
    state, values = made.state(), made.measure()
    made.advance(4)
    made.restore(state)
    assert made.step == 2
    assert made.measure() == values


def test_an_unknown_function_is_named_with_the_nearest_one():
    chosen = scenario(["relu", "sigmod"])
    with pytest.raises(InvalidValue, match="sigmoid") as error:
        task_of(chosen).check(chosen, None)
    assert error.value.path == ("options", "functions", 1)
