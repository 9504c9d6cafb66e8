"""Sequences of symbols and of numbers: the data sets, and what is asked of a network at which step."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data import load
from lab.errors import InvalidValue
from lab.graph import evaluate
from lab.tasks.sequences.transcribe import loss, whole_sequences
from tests.tasks.test_training import experiment

RECURRENT = {"init": None, "options": {}, "optimizer": {"name": "adam", "rate": 0.02}, "watch": ["loss", "accuracy"]}


def drawn(**options):
    train = load({"name": "transcripts", "points": 50, **options}, 3).train
    return train.inputs.astype(int), train.targets


def test_copies_and_reversals():
    for kind, step in (("copy", 1), ("reverse", -1)):
        inputs, targets = drawn(kind=kind, length=4, lag=2)
        assert inputs.shape == targets.shape == (50, 10)
        assert not inputs[:, 4:].any()
        assert not targets[:, :6].any()
        np.testing.assert_array_equal(targets[:, 6:], inputs[:, :4][:, ::step])
    assert set(inputs[:, :4].ravel()) == {1, 2, 3, 4}


def test_one_answer_and_one_input():
    inputs, targets = drawn(kind="majority", length=5, symbols=2)
    np.testing.assert_array_equal(targets[:, -1] == 1, (inputs == 1).sum(1) > 2)
    assert not targets[:, :-1].any()
    inputs, targets = drawn(kind="parity", symbols=2)
    np.testing.assert_array_equal(targets == 2, np.cumsum(inputs == 1, axis=1) % 2 == 1)
    inputs, targets = drawn(kind="count", length=6)
    assert not inputs[:, 1:].any()
    np.testing.assert_array_equal((targets == 2).sum(1), inputs[:, 0])


def test_each_symbol_is_asked_for_once_and_has_the_digit_that_stood_beside_it():
    train = load({"name": "transcripts", "kind": "recall", "length": 5, "symbols": 6, "lag": 2, "points": 50}, 3).train
    assert train.classes[:15] == ("·", *"abcdef", *"12345678")
    for row, right in zip(train.inputs.astype(int), train.targets, strict=True):
        read, written = ([train.classes[each] for each in symbols] for symbols in (row, right))
        assert read[5:7] == ["·", "·"]
        assert written[:7] == ["·"] * 7
        assert sorted(read[7:]) == sorted(each[0] for each in read[:5])
        assert len(set(read[7:])) == 5
        assert all(asked + digit in read[:5] for asked, digit in zip(read[7:], written[7:], strict=True))
    many = load({"name": "transcripts", "kind": "recall", "symbols": 30, "points": 2}, 0).train.classes
    assert (many[1], many[39]) == ("0", "0:1")
    with pytest.raises(InvalidValue, match="there are only 4 different symbols to ask for"):
        load({"name": "transcripts", "kind": "recall"}, 0)


def test_adding():
    train = load({"name": "adding", "length": 9, "points": 40}, 0).train
    numbers, marks = train.inputs[..., 0], train.inputs[..., 1]
    np.testing.assert_array_equal(marks.sum(1), 2)
    np.testing.assert_array_equal(marks[:, :4].sum(1), 1)
    np.testing.assert_allclose(train.targets[:, 0], (numbers * marks).sum(1), rtol=1e-6)


def test_only_asked_steps_count():
    logits = np.random.default_rng(0).standard_normal((2, 3, 4))
    targets = np.array([[0, 2, 1], [0, 0, 3]])
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    right = -np.log([chances[0, 1, 2], chances[0, 2, 1], chances[1, 2, 3]]).mean()
    assert evaluate(loss, logits, targets, dtype="float64")[0] == pytest.approx(right)
    logits[1, 2] = [0, 0, 0, 9]
    logits[0, 1] = [9, 0, 0, 0]
    assert evaluate(whole_sequences, logits, targets)[0] == 1


def test_a_network_learns_to_remember_one_symbol():
    data = {"name": "transcripts", "length": 1, "lag": 2, "points": 64}
    model = [{"gru": 8}, {"dense": "classes"}]
    train = {"batch": 16, "steps": 150}
    net = experiment(task="transcribe", data=data, model=model, train=train, **RECURRENT)
    assert net.measure()["accuracy"] < 0.6
    net.advance(150)
    assert net.measure()["accuracy"] == 1
    net.pictures()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"name": "spiral"}}, "needs a symbol and an answer at each step"),
        ({"model": [{"gru": {"units": 4, "return": "last"}}, {"dense": "classes"}]}, "but the data needs"),
    ],
)
def test_what_cannot_be_transcribed_is_refused(changes, message):
    base = {"data": {"name": "transcripts"}, "model": [{"gru": 4}, {"dense": "classes"}], **RECURRENT}
    with pytest.raises(InvalidValue, match=message):
        experiment(task="transcribe", **(base | changes))
