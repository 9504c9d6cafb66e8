"""How a layer is written in a model: the order of its keys says nothing, as in all of YAML."""

from __future__ import annotations

import pytest

from lab.errors import InvalidValue
from lab.nets.layer import layer, name_first
from lab.tui.build.draft import Draft


@pytest.mark.parametrize(
    ("entry", "first"),
    [
        ({"bias": False, "dense": 128}, "dense"),
        ({"conv": 8, "kernel_size": 3, "padding": "same"}, "conv"),
        ({"bias": False, "conv": 8, "kernel_size": 3}, "conv"),
        ({"causal": True, "multi_head_attention": 4, "scale": 1}, "multi_head_attention"),
        ({"dropout": 0.1, "transformer": 2}, "transformer"),  # a layer by itself, and a setting of the other
    ],
)
def test_sorted_keys_are_read_as_they_were_meant(entry, first):
    assert next(iter(name_first(entry))) == first
    assert layer(entry, ()) == layer(name_first(entry), ())


@pytest.mark.parametrize(
    "entry", ["relu", {"dense": 3}, {"bias": False, "dens": 128}, {"relu": None, "tanh": None}, {}]
)
def test_an_entry_without_a_name_that_fits_stays_as_it_is(entry):
    assert list(name_first(entry)) == list(entry)


def test_a_misspelt_setting_is_still_named():
    with pytest.raises(InvalidValue, match="'bia'"):
        layer({"dense": 3, "bia": False}, ())


def test_the_builder_shows_such_a_layer_by_its_name_and_leaves_the_file_alone(tmp_path):
    path = tmp_path / "sorted.yaml"
    path.write_text("title: t\nmodel:\n- bias: false\n  dense: 128\n- dense: classes\n")
    draft = Draft.of_file(path)
    assert draft.text == path.read_text()
    assert next(iter(draft.model[0])) == "dense"
