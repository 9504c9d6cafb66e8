"""Layers that hold others: residuals with shortcuts, branches, repeats; and blocks, which stand for others."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph.tensor import data
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from tests.nets.test_dropping import evaluated, net


def built(model, blocks=None, shape=(4, 8)):
    """Every layer by name with the shape of its output, and the names of the parameters."""
    made = {
        name: SimpleNamespace(layers=block["layers"], parameters=block.get("parameters", {}))
        for name, block in (blocks or {}).items()
    }
    network = Network(model, None, 3, 0, AdjustableNumbers(), blocks=made)
    _, parts = network.apply(data(np.zeros(shape), "x"), training=True)
    return {part.name: part.y.shape[1:] for part in parts}, list(network.parameters.members), parts


def refused(model, blocks=None, shape=(4, 8)):
    with pytest.raises(InvalidValue) as caught:
        built(model, blocks, shape)
    return caught.value


def inputs(made):
    return made.split.train.inputs.astype(np.float64)


# Values


def test_branches_are_joined_in_their_order():
    made = net([{"parallel": [{"dense": 3}, "identity", [{"dense": 4}, "tanh"]]}, "identity"])
    x, w = inputs(made), made.weights()
    first = x @ w["parallel1.branch1.dense1.weight"] + w["parallel1.branch1.dense1.bias"]
    third = np.tanh(x @ w["parallel1.branch3.dense1.weight"] + w["parallel1.branch3.dense1.bias"])
    y = np.concatenate([first, x, third], axis=1)
    np.testing.assert_allclose(evaluated(made), y @ w["dense1.weight"] + w["dense1.bias"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("join", "share"), [("add", 1.0), ("average", 0.5)])
def test_branches_can_be_added_or_averaged(join, share):
    made = net([{"parallel": [{"dense": 3}, [{"dense": 3}, "tanh"]], "join": join}])
    x, w = inputs(made), made.weights()
    first = x @ w["parallel1.branch1.dense1.weight"] + w["parallel1.branch1.dense1.bias"]
    second = np.tanh(x @ w["parallel1.branch2.dense1.weight"] + w["parallel1.branch2.dense1.bias"])
    y = share * (first + second)
    np.testing.assert_allclose(evaluated(made), y @ w["dense1.weight"] + w["dense1.bias"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shortcut", ["projection", "pad", [{"dense": 6}, "tanh"]])
def test_a_shortcut_brings_the_input_to_the_shape_of_what_is_inside(shortcut):
    made = net([{"residual": [{"dense": 6}], "shortcut": shortcut}])
    x, w = inputs(made), made.weights()
    inner = x @ w["residual1.dense1.weight"] + w["residual1.dense1.bias"]
    if shortcut == "pad":
        short = np.concatenate([x, np.zeros((len(x), 6 - x.shape[1]))], axis=1)
    else:
        short = x @ w["residual1.shortcut.dense1.weight"]
        if isinstance(shortcut, list):
            short = np.tanh(short + w["residual1.shortcut.dense1.bias"])
    expected = (inner + short) @ w["dense1.weight"] + w["dense1.bias"]
    np.testing.assert_allclose(evaluated(made), expected, rtol=1e-4, atol=1e-5)


# Names and shapes


def test_repeats_and_blocks_stand_for_layers_that_are_named_as_if_they_were_written_out():
    blocks = {
        "two": {"parameters": {"units": None, "activation": "relu"}, "layers": [{"dense": "$units"}, "$activation"]},
        "head": {"layers": [{"dense": "classes"}]},
    }
    short = [{"repeat": 2, "layers": [{"two": 5}]}, {"two": 6, "activation": "tanh"}, "head"]
    long = [{"dense": 5}, "relu", {"dense": 5}, "relu", {"dense": 6}, "tanh", {"dense": "classes"}]
    assert built(short, blocks)[:2] == built(long)[:2]
    assert [part.entry for part in built(short, blocks)[2]] == [0, 0, 0, 0, 1, 1, 2]


def test_names_inside_of_branches_say_where_they_are():
    shapes, parameters, _ = built(
        [
            {
                "residual": [
                    {"parallel": [{"dense": 4}, {"residual": [{"dense": 8}]}], "join": "concatenate"},
                    {"dense": 8},
                ]
            }
        ]
    )
    assert shapes["residual1.parallel1"] == (12,)
    assert "residual1.parallel1.branch2.residual1.dense1.weight" in parameters


def test_a_block_may_use_another_one_but_not_itself():
    blocks = {
        "two": {"parameters": {"units": 4}, "layers": [{"dense": "$units"}, "relu"]},
        "four": {"parameters": {"wide": 8}, "layers": ["two", {"two": "$wide"}]},
    }
    assert list(built(["four"], blocks)[0].values()) == [(4,), (4,), (8,), (8,)]
    blocks["two"]["layers"] = ["four"]
    assert "itself" in refused(["four"], blocks).message


def test_settings_may_stand_beside_the_first_one():
    assert built([{"residual": [{"dense": 3}], "shortcut": "projection"}])[0]["residual1"] == (3,)


# What is refused, where, and what would fit


@pytest.mark.parametrize(
    ("model", "path", "words"),
    [
        ([{"dense": 8}, {"residual": [{"dense": 3}]}], ("model", 1), ("residual1", "[3]", "[8]", "projection")),
        (
            [{"residual": [{"dense": 8}, {"residual": [{"dense": 2}]}]}],
            ("model", 0, "residual", "layers", 1),
            ("residual1.residual1", "[2]", "[8]"),
        ),
        ([{"residual": [{"dense": 3}], "shortcut": "pad"}], ("model", 0), ("pad", "3", "8")),
        (
            [{"residual": [{"dense": 3}], "shortcut": [{"dense": 5}]}],
            ("model", 0),
            ("residual1", "[3]", "the shortcut", "[5]"),
        ),
        (
            [{"parallel": [{"dense": 3}, {"dense": 4}], "join": "add"}],
            ("model", 0),
            ("parallel1", "[3]", "[4]", "branch 2"),
        ),
        ([{"parallel": ["relu"]}], ("model", 0, "parallel"), ("at least 2",)),
        ([{"parallel": ["relu", ["relu", "relo"]]}], ("model", 0, "parallel", 1, 1), ("relo", "relu")),
        ([{"repeat": 2}], ("model", 0, "repeat"), ("layers",)),
        ([{"repeat": 2, "layers": ["relu", "relo"]}], ("model", 0, "repeat", "layers", 1), ("relo",)),
        (
            [{"repeat": 3, "layers": [{"residual": [{"dense": 8}]}, {"dense": 4}]}],
            ("model", 0, "repeat", "layers", 0),
            ("repetition 2",),
        ),
        (
            [{"repeat": 900, "layers": [{"repeat": 900, "layers": ["relu"]}]}],
            ("model", 0, "repeat", "layers", 0, "repeat", "layers", 0),
            ("20,000",),
        ),
        ([{"residual": ["relu"], "shortcut": "projekt"}], ("model", 0, "residual", "shortcut"), ("projection",)),
        ([{"dense": 3, "units": 4}], ("model", 0, "units"), ("already",)),
    ],
)
def test_what_does_not_go_together_is_named_with_its_place(model, path, words):
    error = refused(model)
    assert error.path == path
    assert all(word in error.message for word in words), error.message


@pytest.mark.parametrize(
    ("block", "use", "path", "words"),
    [
        ({"parameters": {"n": None}, "layers": [{"dense": "$n"}]}, "b", ("model", 0), ("needs a value", "'n'")),
        ({"parameters": {"n": 1}, "layers": [{"dense": "$n"}]}, {"b": {"m": 2}}, ("model", 0, "b", "m"), ("n", "'m'")),
        ({"layers": ["relu"]}, {"b": 3}, ("model", 0, "b"), ("no parameters",)),
        ({"layers": [{"dense": "$n"}]}, "b", ("blocks", "b", "layers", 0, "dense"), ("'n'",)),
        (
            {"parameters": {"n": 0}, "layers": [{"dense": "$n"}]},
            "b",
            ("blocks", "b", "layers", 0, "dense"),
            ("0 units", "model.0"),
        ),
        (
            {"layers": ["relu", {"residual": [{"dense": 9}]}]},
            "b",
            ("blocks", "b", "layers", 1),
            ("[9]", "[8]", "model.0"),
        ),
        ({"layers": ["relu"]}, "bb", ("model", 0), ("did you mean b",)),
    ],
)
def test_what_is_wrong_in_a_block_is_shown_there_and_in_a_use_at_the_use(block, use, path, words):
    error = refused([use], {"b": block})
    assert error.path == path
    assert all(word in error.message for word in words), error.message


def test_blocks_that_multiply_are_refused_before_they_fill_the_memory():
    blocks = {f"b{n}": {"layers": [f"b{n + 1}"] * 50} for n in range(9)} | {"b9": {"layers": ["relu"] * 50}}
    assert "20,000" in refused(["b0"], blocks).message


def test_a_block_cannot_be_called_like_a_layer():
    assert refused(["relu"], {"relu": {"layers": ["tanh"]}}).path == ("blocks", "relu")


def test_what_one_output_sees_grows_by_the_longest_way():
    _, _, parts = built([{"residual": [{"dense": 8}, {"dense": 8}]}, {"parallel": [{"dense": 3}, [{"dense": 3}] * 3]}])
    assert parts[-1].reach.depth == 5


def test_local_response_norm_divides_by_the_neighbouring_channels():
    made = net(
        ["flatten", {"local_response_norm": 5, "alpha": 2.0, "beta": 0.5, "k": 3.0}],
        data={"name": "digits", "examples": 40},
    )
    x, w = inputs(made).reshape(-1, 64), made.weights()
    squares = np.pad(x**2, ((0, 0), (2, 2)))
    total = sum(squares[:, offset : offset + 64] for offset in range(5))
    y = x / np.sqrt(3 + 2 / 5 * total)
    np.testing.assert_allclose(evaluated(made), y @ w["dense1.weight"] + w["dense1.bias"], rtol=1e-3, atol=1e-4)


def test_select_and_scale_take_channels_and_move_them():
    made = net(["flatten", {"select": [5, 6, 2]}, "scale"], data={"name": "digits", "examples": 40})
    made.put(made.network.kept["scale1.gamma"], [2.0, 3.0, 4.0])
    x, w = inputs(made).reshape(-1, 64), made.weights()
    y = x[:, [5, 6, 2]] * [2, 3, 4] + w["scale1.beta"]
    np.testing.assert_allclose(evaluated(made), y @ w["dense1.weight"] + w["dense1.bias"], rtol=1e-3, atol=1e-4)
