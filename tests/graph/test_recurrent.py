"""Recurrent layers: values against loops in NumPy, gradients against finite differences, over lengths and masks."""

from __future__ import annotations

import numpy as np
import pytest

from lab.graph import constant, evaluate
from lab.graph import functions as f
from lab.graph.functions import recurrent
from lab.graph.shapes import ShapeError
from tests.graph import recurrent_loops as loops
from tests.graph.checking import check

BATCH, FEATURES, UNITS = 2, 2, 3
CHECKED = {"gru", "lstm", "masked_cross_entropy", "rnn"}
"""The operations that are checked here."""
GATES = {"rnn": 1, "relu": 1, "lstm": 4, "gru": 3}


def drawn(kind: str, time: int) -> tuple[list[np.ndarray], tuple[np.ndarray, ...]]:
    """Inputs and weights in the order of the arguments, and the first state (and cell)."""
    rng = np.random.default_rng(len(kind) + time)
    wide = GATES[kind] * UNITS
    weights = [rng.standard_normal((FEATURES, wide)), rng.standard_normal((UNITS, wide)), rng.standard_normal(wide)]
    if kind == "gru":
        weights.append(rng.standard_normal(UNITS))
    first = tuple(rng.standard_normal((BATCH, UNITS)) for _ in range(2 if kind == "lstm" else 1))
    return [rng.standard_normal((BATCH, time, FEATURES)), *weights], first


def step_of(kind: str, weights: list[np.ndarray]):
    if kind in ("rnn", "relu"):
        return loops.rnn(*weights, np.tanh if kind == "rnn" else lambda a: np.maximum(a, 0))
    return (loops.lstm if kind == "lstm" else loops.gru)(*weights)


def function_of(kind: str, result: int, mask: np.ndarray | None, states: int):
    options = {"rectified": True} if kind == "relu" else {}
    function = getattr(f, "rnn" if kind == "relu" else kind)

    def run(*arguments):
        kept = None if mask is None else constant(mask)
        return function(*arguments, *[None] * (0 if states else GIVEN[kind]), kept, **options)[result]

    return run


GIVEN = {"rnn": 1, "relu": 1, "lstm": 2, "gru": 1}


@pytest.mark.parametrize("lengths", [[1, 1], [3, 3], [4, 2]], ids=str)
@pytest.mark.parametrize("kind", GATES)
def test_all_states_from_a_given_one(kind, lengths):
    (x, *weights), first = drawn(kind, max(lengths))
    states, last = loops.walk(step_of(kind, weights), x, first, lengths)
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(float)
    check(function_of(kind, 0, mask, states=True), x, *weights, *first, equals=states)
    for place, right in enumerate(last, 1):
        found = evaluate(function_of(kind, place, mask, states=True), x, *weights, *first, dtype="float64")
        np.testing.assert_allclose(found, right, rtol=1e-12)


@pytest.mark.parametrize("kind", GATES)
def test_last_states_from_zero(kind):
    (x, *weights), first = drawn(kind, 3)
    zero = tuple(np.zeros_like(each) for each in first)
    _, last = loops.walk(step_of(kind, weights), x, zero, [3, 3])
    for place, right in enumerate(last, 1):
        check(function_of(kind, place, None, states=False), x, *weights, equals=right)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_symbols_are_rows_of_the_input_weights(kind):
    (_, *weights), _ = drawn(kind, 4)
    symbols = np.array([[1, 0, 1, 1], [0, 0, 1, 0]])
    one_hot = np.eye(FEATURES)[symbols]
    run = function_of(kind, 0, None, states=False)
    right = evaluate(run, one_hot, *weights, dtype="float64")
    check(run, symbols, *weights, equals=right, wrt=range(1, 1 + len(weights)))


def test_gates_can_be_looked_at():
    (x, *weights), _ = drawn("lstm", 2)
    *_, cell, gates, squashed = evaluate(recurrent.lstm_and_gates, x, *weights, dtype="float64")
    np.testing.assert_allclose(squashed[:, -1], np.tanh(cell), rtol=1e-12)
    i, forget, o, g = np.split(x[:, 0] @ weights[0] + weights[2], 4, axis=1)
    right = [1 / (1 + np.exp(-each)) for each in (i, forget, o)] + [np.tanh(g)]
    np.testing.assert_allclose(gates[:, 0], np.hstack(right), rtol=1e-12)
    (x, *weights), _ = drawn("gru", 2)
    *_, gates = evaluate(recurrent.gru_and_gates, x, *weights, dtype="float64")
    r, z, _ = np.split(x[:, 0] @ weights[0] + weights[2], 3, axis=1)
    np.testing.assert_allclose(gates[:, 0, : 2 * UNITS], 1 / (1 + np.exp(-np.hstack([r, z]))), rtol=1e-12)


def test_images_are_no_sequences():
    (_, *weights), _ = drawn("rnn", 1)
    with pytest.raises(ShapeError, match=r"takes sequences \[batch, time, features\].*not \[2, 3, 3, 1\]"):
        evaluate(f.rnn, np.zeros((2, 3, 3, 1)), *weights)


def test_loss_of_sequences_of_unequal_length():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((2, 3, 4)), rng.integers(0, 4, (2, 3))
    mask = np.array([[1, 1, 1], [1, 0, 0]])
    chances = np.exp(logits) / np.exp(logits).sum(2, keepdims=True)
    right = -np.log([chances[b, t, labels[b, t]] for b, t in np.argwhere(mask)]).mean()
    check(f.masked_cross_entropy, logits, labels, mask, wrt=[0], equals=right)
