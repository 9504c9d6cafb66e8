"""Attention and choices at random: values against NumPy, gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lab.graph import constant, evaluate
from lab.graph import functions as f
from lab.graph.shapes import ShapeError
from tests.graph.checking import check

CHECKED = {
    "additive_scores",
    "attend",
    "attention_weights",
    "dot_product_scores",
    "draw",
    "join_heads",
    "log_probability",
    "look_at",
    "score_function_loss",
    "split_heads",
    "without_later_places",
}
"""The operations that are checked here."""
rng = np.random.default_rng(3)
QUERIES, KEYS, VALUES = rng.standard_normal((2, 2, 2)), rng.standard_normal((2, 3, 2)), rng.standard_normal((2, 3, 1))
WEIGHT = rng.standard_normal(2)
MASK = np.array([[1, 1, 0], [1, 0, 0]])
ADDITIVE = np.tanh(QUERIES[:, :, None] + KEYS[:, None]) @ WEIGHT
DOT = np.einsum("bqu,bpu->bqp", QUERIES, KEYS) / np.sqrt(2)


def expected(scores, mask=1.0):
    weights = np.exp(scores) * np.asarray(mask).reshape(-1, 1, np.shape(mask)[-1] if np.ndim(mask) else 1)
    weights /= weights.sum(-1, keepdims=True)
    return np.einsum("bqp,bpw->bqw", weights, VALUES)


def test_masked_attention_by_dot_products():
    def run(queries, keys, values):
        return f.attend(f.attention_weights(f.dot_product_scores(queries, keys), constant(MASK)), values)

    check(run, QUERIES, KEYS, VALUES, equals=expected(DOT, MASK))


def test_masked_additive_attention():
    def run(queries, keys, weight, values):
        return f.attend(f.attention_weights(f.additive_scores(queries, keys, weight), constant(MASK)), values)

    check(run, QUERIES, KEYS, WEIGHT, VALUES, equals=expected(ADDITIVE, MASK))


def test_what_queries_and_keys_are_multiplied_by_can_be_said():
    check(lambda q, k: f.dot_product_scores(q, k, scale=0.3), QUERIES, KEYS, equals=DOT * np.sqrt(2) * 0.3)


def test_no_step_looks_at_a_later_place():
    """With more places than steps, the last step stands at the last place."""
    right = np.zeros((2, 2, 3))
    for step in range(2):
        seen = DOT[:, step, : step + 2]
        right[:, step, : step + 2] = special.softmax(seen, -1)
    check(lambda scores: f.attention_weights(f.without_later_places(scores)), DOT, equals=right)


def test_heads_are_parts_of_the_features():
    x = rng.standard_normal((2, 3, 4))
    right = x.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3).reshape(4, 3, 2)
    check(lambda each: f.split_heads(each, 2), x, equals=right)
    check(lambda each: f.join_heads(each, 2), right, equals=x)
    with pytest.raises(ShapeError, match="4 features cannot be divided among 3 heads"):
        evaluate(f.split_heads, x, heads=3)


def test_without_a_mask_every_place_counts():
    found = evaluate(
        lambda q, k, v: f.attend(f.attention_weights(f.dot_product_scores(q, k)), v), QUERIES, KEYS, VALUES
    )
    np.testing.assert_allclose(found, expected(DOT), rtol=1e-5, atol=1e-6)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="do not fit together"):
        evaluate(f.dot_product_scores, QUERIES, VALUES)
    with pytest.raises(ShapeError, match="do not fit together"):
        evaluate(f.additive_scores, QUERIES, VALUES, WEIGHT)


def test_one_place_for_each_step():
    places = np.array([[2, 0, 2], [1, 1, 2]])
    right = VALUES[np.arange(2)[:, None], places]
    check(lambda values: f.look_at(constant(places), values), VALUES, equals=right)


def test_log_probability():
    labels = np.array([[2, 0], [1, 1]])
    right = np.take_along_axis(special.log_softmax(DOT, -1), labels[..., None], -1)[..., 0]
    check(lambda logits: f.log_probability(logits, constant(labels)), DOT, equals=right)


def test_draws_are_as_frequent_as_their_chances():
    chances = np.array([0.1, 0.0, 0.6, 0.3])
    drawn = evaluate(lambda c: f.draw(f.broadcast(c, (20_000, 4)), 7), chances)
    shares = np.bincount(drawn.astype(int), minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, chances, atol=0.015)
    assert shares[1] == 0


def test_the_gradient_of_the_score_function_is_that_of_the_expected_reward():
    """Over all places that can be drawn, each as often as its chance says: then there is nothing random in it."""
    logits, rewards = rng.standard_normal(4), rng.standard_normal(4)
    chances = special.softmax(logits)

    def loss(scores):
        rows = f.broadcast(scores, (4, 4))
        return f.score_function_loss(f.log_probability(rows, constant(np.arange(4))), constant(rewards * chances))

    value, (gradient,) = evaluate(loss, logits, gradients=np.ones(1), dtype="float64")
    np.testing.assert_allclose(gradient, -chances * (rewards - chances @ rewards), rtol=1e-9)
    assert value[0] == pytest.approx(-(rewards * chances) @ np.log(chances))


def test_advantages_that_depend_on_the_network_have_no_gradient():
    def loss(x):
        return f.score_function_loss(x, f.square(x))

    _, (gradient,) = evaluate(loss, np.array([2.0, 3.0]), gradients=np.ones(1), dtype="float64")
    np.testing.assert_allclose(gradient, [-4, -9])
