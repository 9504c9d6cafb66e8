"""Text coloured by units and gates, free running, and all that was held back: known weights give known pictures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax

from lab.errors import InvalidValue
from lab.tasks.sequences import probes, text_units
from lab.tasks.sequences.reading import costs
from lab.tasks.sequences.sampling import drawn_from
from tests.tasks.test_language_model import experiment

DENSE = {"dense": "classes"}


def put(net, **weights):
    for name, value in weights.items():
        net.put(net.network.kept[name.replace("__", ".")], np.asarray(value, np.float32))


def picture(net, name):
    return next(each for each in net.pictures() if each.name == name)


def test_properties_of_a_text():
    found = text_units.properties('Ab "c\n" (x y)\n\nd"')
    assert found["line position"].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 1]
    assert found["word position"].tolist() == [0, 1, 2, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1]
    assert found["inside quotes"].tolist() == [0, 0, 0, 1, 1, 1, *[0] * 10, 1]
    assert "".join("x" if each else "-" for each in found["inside brackets"]) == "--------xxxx-----"
    assert found["capitals"].tolist() == [1] + [0] * 16
    assert found["vowels"].tolist() == [1] + [0] * 16


def test_correlations_are_those_of_numpy():
    random = np.random.default_rng(0)
    values, followed = random.normal(size=(50, 3)), random.normal(size=50)
    values[:, 1] = 4
    found = text_units.correlations(values, followed)
    np.testing.assert_allclose(found[[0, 2]], [np.corrcoef(values[:, each], followed)[0, 1] for each in (0, 2)])
    assert found[1] == 0


def test_the_unit_that_knows_vowels_is_found_and_colours_the_text():
    net = experiment(watch=["followed"], options={"window": 8, "follow": "vowels"})
    symbols = net.vocabulary.symbols
    weight = np.zeros((len(symbols), 12))
    weight[:, 7] = [-2 if each in "aeiouAEIOU" else 0.5 for each in symbols]
    weight[:, 3] = [each.isupper() for each in symbols]
    put(net, rnn1__input__weight=weight, rnn1__recurrent__weight=np.zeros((12, 12)), rnn1__bias=np.zeros(12))
    assert net.measure()["followed"] == pytest.approx(1, abs=1e-6)
    coloured = picture(net, "units")
    ((title, text),) = coloured.texts.items()
    assert title == "rnn1 unit 7, vowels -1.00"
    assert text in net.vocabulary.spell(net.held)
    expected = [np.tanh(-2 if each in "aeiouAEIOU" else 0.5) for each in text]
    np.testing.assert_allclose(coloured.values[title], expected, rtol=1e-5)
    assert not [each for each in net.pictures() if each.name == "gates"]  # a simple network has none


def test_a_chosen_unit_is_shown_whatever_it_follows():
    net = experiment(options={"window": 8, "unit": 2})
    assert all(title.startswith("rnn1 unit 2, ") for title in picture(net, "units").texts)
    with pytest.raises(InvalidValue, match="no unit 12: the last recurrent layer has 12"):
        experiment(options={"window": 8, "unit": 12})


@pytest.mark.parametrize(("kind", "names"), [("lstm", "input forget output"), ("gru", "reset update")])
def test_gates_are_shown_as_they_were(kind, names):
    """Without recurrent weights each gate is a function of the character alone."""
    net = experiment(model=[{kind: 4}, DENSE], options={"window": 8, "follow": "line position", "unit": 1})
    count = {"lstm": 4, "gru": 3}[kind]
    weight = np.random.default_rng(0).normal(size=(len(net.vocabulary.symbols), count * 4))
    put(net, **{f"{kind}1__input__weight": weight, f"{kind}1__recurrent__weight": np.zeros((4, count * 4))})
    put(net, **{f"{kind}1__bias": np.zeros(count * 4)})
    shown = picture(net, "gates")
    for number, name in enumerate(names.split()):
        text = shown.texts[f"{name} gate of {kind}1 unit 1"]
        expected = expit(weight[net.vocabulary.numbers(text), number * 4 + 1])
        np.testing.assert_allclose(shown.values[f"{name} gate of {kind}1 unit 1"], expected, rtol=1e-4)
    if kind == "lstm":
        gates = {name.split()[0]: values for name, values in shown.values.items()}
        candidate = np.tanh(weight[net.vocabulary.numbers(shown.texts["cell of lstm1 unit 1"]), 13])
        cell, expected = 0.0, []
        for i, forget, g in zip(gates["input"], gates["forget"], candidate, strict=True):
            cell = forget * cell + i * g
            expected.append(np.tanh(cell))
        np.testing.assert_allclose(gates["cell"], expected, rtol=1e-3, atol=1e-5)


def test_free_running_costs_what_it_should():
    """A network that is sure that symbol n + 1 follows symbol n writes a chain, whatever the text says."""
    net = experiment(model=[{"embedding": 200}, DENSE], watch=["forced_loss", "free_loss"])
    count = len(net.vocabulary.symbols)
    table, output = np.eye(count, 200), np.zeros((200, count))
    output[np.arange(count), (np.arange(count) + 1) % count] = 40
    put(net, embedding1__weight=table, dense1__weight=output, dense1__bias=np.zeros(count))
    measured, curves = net.measure(), picture(net, "free_running")
    length = len(net.held) // probes.BEGUN
    taught = min(probes.TAUGHT, length // 2)
    text = net.held[np.arange(probes.BEGUN)[:, None] * length + np.arange(length)]
    chain = (text[:, taught - 1 : taught] + 1 + np.arange(length - taught)) % count
    alone = len(curves.x)
    forced = np.where(text[:, taught:] == (text[:, taught - 1 : -1] + 1) % count, 0, 40)[:, :alone]
    free = np.where(text[:, taught:] == chain, 0, 40)[:, :alone]
    np.testing.assert_allclose(curves.lines["fed with the text"], forced.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(curves.lines["fed with its own"], free.mean(axis=0), atol=1e-4)
    assert measured["free_loss"] == pytest.approx(free.mean(), abs=1e-4)
    assert measured["forced_loss"] == pytest.approx(forced.mean(), abs=1e-4)


def test_all_that_was_held_back_is_read_in_one_go(monkeypatch):
    monkeypatch.setattr(probes, "AT_ONCE", 70)
    net = experiment(watch=["held_loss"])
    net.advance(20)
    w = {name: value.astype(np.float64) for name, value in net.weights().items()}
    state, total = np.zeros(12), 0.0
    for symbol, following in zip(net.held, net.held[1:], strict=False):
        state = np.tanh(w["rnn1.input.weight"][symbol] + state @ w["rnn1.recurrent.weight"] + w["rnn1.bias"])
        total -= log_softmax(state @ w["dense1.weight"] + w["dense1.bias"])[following]
    assert net.measure()["held_loss"] == pytest.approx(total / (len(net.held) - 1), rel=1e-5)


def test_symbols_are_drawn_as_often_as_they_are_likely():
    logits = np.log([[0.2, 0.5, 0.3]])
    random = (np.arange(1000) + 0.5) / 1000
    drawn = drawn_from(np.repeat(logits, 1000, axis=0), random)
    assert np.bincount(drawn).tolist() == [200, 500, 300]
    np.testing.assert_allclose(costs(logits, np.array([1])), -np.log(0.5))


def test_words_are_written_and_coloured():
    data = {"name": "plays", "characters": 9000, "tokens": "words", "vocabulary": 60}
    net = experiment(data=data, options={"window": 8, "sample": 40, "primer": "the"})
    assert len(net.vocabulary.symbols) == 60
    before = net.measure()["loss"]
    assert before == pytest.approx(np.log(60), rel=0.1)
    net.advance(30)
    assert net.measure()["loss"] < before - 0.3
    told = picture(net, "samples").rows[0][-1]
    assert set(net.vocabulary.numbers(told.replace("<unknown>", "the"))) <= set(range(60))
    coloured = picture(net, "units")
    for title, text in coloured.texts.items():
        assert len(text) == len(coloured.values[title])
        assert text in net.vocabulary.spell(net.held)
    with pytest.raises(InvalidValue, match="the word 'crocodile' is not among the 60 that are known"):
        experiment(data=data, options={"window": 8, "primer": "the crocodile"})
