"""Shapes and parameters of networks, also of those that are not right yet."""

import pytest

from lab.scenario import Scenario
from lab.tasks.architecture import sketch
from lab.validation import validated

BASE = {
    "title": "x", "task": "classify", "data": {"name": "blobs", "points": 60}, "watch": ["loss"],
    "model": [{"dense": 4}, "relu", {"residual": {"layers": [{"dense": 4}, "relu"]}}, {"dense": "classes"}],
}  # fmt: skip


def sketched(**changes):
    return sketch(validated(Scenario, {**BASE, **changes}), None)


def test_layers_have_shapes_and_parameters_and_what_is_inside_belongs_to_its_layer():
    found = sketched()
    assert found.problem is None
    assert found.input == (2,)
    assert [(each.name, each.output, each.parameters) for each in found.layers] == [
        ("dense1", (4,), 12), ("relu1", (4,), 0), ("residual1", (4,), 20), ("dense2", (3,), 15),
    ]  # fmt: skip
    assert found.parameters == 47


@pytest.mark.parametrize(
    ("changes", "place", "layers"),
    [
        ({"model": [{"dense": 4}, "relo", {"dense": 3}]}, ("model", 1), 1),
        ({"model": [{"dense": -4}]}, ("model", 0), 0),
        ({"model": [{"dense": 4}, {"residual": [{"dense": 5}]}, {"dense": 3}]}, ("model", 1), 1),
        ({"model": [{"dense": 4}, {"dense": 7}]}, ("model", 1), 2),
        ({"model": []}, ("model",), 0),
        ({"watch": ["los"]}, ("watch", 0), 4),
        ({"optimizer": {"name": "sdg"}}, ("optimizer", "name"), 4),
    ],
)
def test_what_is_wrong_is_named_and_the_layers_before_it_are_known(changes, place, layers):
    found = sketched(**changes)
    assert found.problem is not None
    assert found.problem.path[: len(place)] == place
    assert len(found.layers) == layers
    assert found.input == (2,)


def test_without_data_nothing_is_known_of_the_layers():
    found = sketched(data={"csv": "absent.csv", "target": "y"})
    assert found.problem is not None
    assert found.problem.path == ("data", "csv")
    assert found.layers == ()
