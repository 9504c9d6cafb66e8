"""Layers that look up symbols get symbols for which they have rows, whoever gives them."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import BadInput, InvalidValue
from lab.evaluation import TrainedModel
from tests.tasks.test_training import experiment

SYMBOLS = [[0, 4], [3, 1], [2, 2], [4, 0], [1, 3], [0, 0]]
READERS = {
    "embedding": [{"embedding": 3, "symbols": 5}, {"dense": "classes"}],
    "gru": [{"gru": 3, "symbols": 5, "return": "last"}, {"dense": "classes"}],
}


def made(folder, inputs, model, **changes):
    np.savez(folder / "data.npz", inputs=np.array(inputs), targets=np.arange(len(inputs)) % 3)
    data = {"npz": str(folder / "data.npz"), **changes}
    return experiment(data=data, model=model, train={"batch": "all", "steps": 5}, watch=["loss", "accuracy"])


@pytest.mark.parametrize("model", READERS.values(), ids=READERS)
def test_symbols_without_rows_are_refused(tmp_path, model):
    net = made(tmp_path, SYMBOLS, model)
    net.advance(2)
    assert "Regions" not in [type(each).__name__ for each in net.pictures()]  # two symbols are no point of a plane
    name = f"{next(iter(model[0]))}1"
    for inputs, told in (
        ([*SYMBOLS[:-1], [0, 5]], rf"model\.0: {name} has rows for the symbols 0 to 4, but 5 .* needs `symbols: 6`"),
        ([*SYMBOLS[:-1], [0, -1]], "whole numbers from 0 on, but -1 is among its inputs"),
        ([*SYMBOLS[:-1], [0, 0.5]], r"but 0\.5 is among its inputs"),
    ):
        with pytest.raises(InvalidValue, match=told):
            made(tmp_path, inputs, model)
    with pytest.raises(InvalidValue, match=f"{name} takes symbols"):
        made(tmp_path, SYMBOLS, model, standardise=True)


def test_what_a_layer_computes_is_no_symbol(tmp_path):
    with pytest.raises(InvalidValue, match=r"model\.1: embedding1 takes symbols, .* gets what dense1 computes"):
        made(tmp_path, SYMBOLS, [{"dense": 2}, *READERS["embedding"]])


def test_chosen_columns_may_be_symbols_beside_others_that_are_none(tmp_path):
    inputs = [[number / 7, *each] for number, each in enumerate(SYMBOLS)]

    def mixed(symbols):
        one = [{"select": [1, 2]}, "identity", {"select": [1]}, {"embedding": 3, "symbols": symbols}, "flatten"]
        return [{"parallel": [one, [{"select": [0]}, {"dense": 2}]]}, {"dense": "classes"}]

    net = made(tmp_path, inputs, mixed(5))
    weight = "parallel1.branch1.embedding1.weight"
    before = net.weights()[weight][4]
    net.advance(3)
    assert not np.array_equal(net.weights()[weight][4], before)
    with pytest.raises(InvalidValue, match=r"needs `symbols: 5`"):
        made(tmp_path, inputs, mixed(4))


def test_a_trained_network_refuses_symbols_that_it_does_not_know(tmp_path):
    net = made(tmp_path, SYMBOLS, READERS["embedding"])
    model = TrainedModel("made", net.kept_to_predict(), net.weights())
    assert model.predict(np.array([[4, 4]])).numbers.shape == (1, 3)
    with pytest.raises(BadInput, match=r"^made: embedding1 has rows for the symbols 0 to 4, but 9 is among"):
        model.predict(np.array([[9, 4]]))
