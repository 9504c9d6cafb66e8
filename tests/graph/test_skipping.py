"""Blocks behind a gate: what they compute, there and back, and that a shut one is not executed."""

from __future__ import annotations

import numpy as np
import pytest

from lab.graph import Layout, assign, constant, differentiate, evaluate
from lab.graph import functions as f
from lab.graph.running import bind
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Storage
from tests.graph.checking import check

rng = np.random.default_rng(0)
X, W, V = rng.standard_normal((3, 5)), rng.standard_normal((5, 4)), rng.standard_normal((4, 5))


def residual(x, w, v, gate):
    return f.gated_residual(x, lambda inner: f.matmul(f.tanh(f.matmul(inner, w)), v), gate)


def test_an_open_gate_adds_the_block():
    check(lambda x, w, v: residual(x, w, v, constant(1.0)), X, W, V, equals=X + np.tanh(X @ W) @ V)


@pytest.mark.parametrize("target", ["cpu", "python"])
def test_a_shut_gate_passes_input_and_gradient_on(target):
    upstream = rng.standard_normal(X.shape)
    options = {"gradients": upstream, "target": target, "dtype": "float64"}
    y, (dx, _, _) = evaluate(lambda x, w, v: residual(x, w, v, constant(0.0)), X, W, V, **options)
    np.testing.assert_array_equal(y, X)
    np.testing.assert_array_equal(dx, upstream)


def test_blocks_inside_blocks():
    def nested(x, w, v, outer, inner):
        return f.gated_residual(x, lambda y: residual(f.square(y), w, v, inner), outer)

    one, zero = constant(1.0), constant(0.0)
    check(lambda x, w, v: nested(x, w, v, one, one), X, W, V, equals=X + X**2 + np.tanh(X**2 @ W) @ V)
    check(lambda x: nested(x, constant(W), constant(V), one, zero), X, equals=X + X**2)
    check(lambda x: nested(x, constant(W), constant(V), zero, one), X, equals=X)


@pytest.mark.parametrize("target", ["cpu", "python"])
def test_the_rows_of_a_shut_block_are_not_executed(target):
    inputs, outputs = Storage("states"), Storage("statistics")
    x, w, v = (inputs.member(name, each.shape) for name, each in (("x", X), ("w", W), ("v", V)))
    y = residual(x, w, v, constant(0.0))
    dx, dw, _ = differentiate(f.sum_to(y, (1, 1)), [x, w, v], constant(np.ones((1, 1))))
    kept = {name: outputs.member(name, each.shape) for name, each in (("dx", dx), ("dw", dw))}
    layout = Layout({"run": [assign(dx, kept["dx"]), assign(dw, kept["dw"])]})
    memory = layout.memory(layout.shared_memory("float64"), 0)
    for tensor, value in ((x, X), (w, W), (v, V), (kept["dw"], 7.0)):
        layout.view(memory, tensor)[...] = value
    bind(layout.plans["run"], memory, target).run(2)
    np.testing.assert_array_equal(layout.view(memory, kept["dx"]), np.ones_like(X))
    np.testing.assert_array_equal(layout.view(memory, kept["dw"]), 7.0)


def test_a_block_must_keep_the_shape():
    with pytest.raises(ShapeError, match="has \\[5\\]"):
        evaluate(lambda x, w: f.gated_residual(x, lambda y: f.matmul(y, w), constant(1.0)), X, W)


def test_dropout_is_its_own_gradient():
    options = {"stream": 3, "dtype": "float64", "gradients": True}
    ones = np.ones((40, 50))
    y, (dx, _) = evaluate(f.dropout, ones, 0.25, **options)
    np.testing.assert_array_equal(y, dx)
    assert set(np.unique(y)) == {0, 1 / 0.75}
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.03)
    other = evaluate(f.dropout, ones, 0.25, stream=4, dtype="float64")
    assert ((y == 0) & (other == 0)).mean() == pytest.approx(0.25**2, abs=0.02)
    assert set(np.unique(evaluate(f.dropout, ones, 0.25, inverted=False))) == {0, 1}


def test_gates_open_as_often_as_they_should():
    gates = [evaluate(f.open_gate, 0.8, stream=stream) for stream in range(60)]
    assert np.mean(gates) == pytest.approx(0.8, abs=0.12)
