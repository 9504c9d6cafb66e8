"""Which variants are no longer the scenario's own after `--set`."""

import pytest

from lab.scenario.own_settings import set_from_outside
from tests.session.scenarios import small


@pytest.mark.parametrize(
    ("overrides", "found"),
    [
        ({}, {}),
        ({"optimizer.rate": 0.5}, {"calm": {"optimizer.rate": 0.5}}),  # `quick` sets its own
        ({"optimizer.rate": 0.1}, {}),  # as in the file
        ({"optimizer.momentum": 0.5}, {name: {"optimizer.momentum": 0.5} for name in ("calm", "quick")}),
        ({"variants.quick.optimizer.rate": 3.0}, {"quick": {"variants.quick.optimizer.rate": 3.0}}),
        ({"train.seed": 7, "train.measure": 5, "title": "Other", "watch": ["loss", "accuracy"]}, {}),
        ({"train.steps": 30}, {name: {"train.steps": 30} for name in ("calm", "quick")}),
        ({"model.0.dense": 16, "data.name": "spiral"}, {name: {"model.0.dense": 16} for name in ("calm", "quick")}),
    ],
)
def test_a_variant_is_another_one_where_its_experiment_is(overrides, found):
    assert set_from_outside(small(overrides=overrides)) == found
