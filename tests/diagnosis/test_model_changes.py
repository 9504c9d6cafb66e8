"""Models are changed wherever a layer stands, and nothing else in them."""

from lab.diagnosis.model_changes import (
    before_activations,
    between_layers,
    name_of,
    names_in,
    replaced,
    wider,
)

NESTED = [
    {"conv": 8, "kernel_size": 3}, "relu", {"residual": [{"conv": 8}, "relu"]}, {"dropout": 0.5}, {"dense": "classes"},
]  # fmt: skip


def test_names_of_layers():
    assert name_of("relu") == "relu"
    assert name_of({"dense": 64, "bias": False}) == "dense"
    assert {"conv", "relu", "residual", "dropout", "dense"} <= names_in(NESTED)


def test_layers_are_replaced_and_left_out_where_they_are_nested():
    changed = replaced(NESTED, ("relu",), "leaky_relu")
    assert changed[1] == "leaky_relu"
    assert changed[2] == {"residual": [{"conv": 8}, "leaky_relu"]}
    assert {"dropout": 0.5} not in replaced(NESTED, ("dropout",), None)
    assert NESTED[1] == "relu"


def test_layers_are_added_before_activations_and_behind_weights():
    assert before_activations(["relu", {"prelu": {"slope": 0.1}}], "batch_norm") == [
        "batch_norm", "relu", "batch_norm", {"prelu": {"slope": 0.1}},
    ]  # fmt: skip
    assert between_layers([{"dense": 8}, {"dense": 8}, {"dense": "classes"}], "relu") == [
        {"dense": 8}, "relu", {"dense": 8}, "relu", {"dense": "classes"},
    ]  # fmt: skip


def test_layers_become_wider_but_the_last_one_keeps_the_classes():
    assert wider(NESTED, 4) == [
        {"conv": 32, "kernel_size": 3}, "relu", {"residual": [{"conv": 32}, "relu"]}, {"dropout": 0.5},
        {"dense": "classes"},
    ]  # fmt: skip
