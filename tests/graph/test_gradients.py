"""Differentiation: how gradients flow together, pass through views, stay away where nobody needs them, and fail."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import metrics
from lab.graph import Layout, Storage, Tensor, assign, constant, data, differentiate, evaluate
from lab.graph import functions as f
from lab.graph.gradients import RULES, ancestors
from lab.graph.scopes import scope
from lab.graph.shapes import ShapeError
from lab.graph.tensor import call
from tests.graph.checking import check

X = np.random.default_rng(0).uniform(0.5, 2, (3, 4))


def kernels_of(*tensors: Tensor) -> list[str]:
    return [each.kernel.name for each in ancestors(tensors)]


def test_a_tensor_that_is_used_twice_gets_both_gradients():
    check(lambda x: f.multiply(x, x), X, equals=X**2)
    check(lambda x: f.add(f.exp(x), f.multiply(x, f.tanh(x))), X, equals=np.exp(X) + X * np.tanh(X))


def test_paths_that_split_and_meet_again_add_up():
    def diamond(x, y):
        common = f.multiply(x, y)
        return f.multiply(f.tanh(common), f.add(f.square(common), x))

    p = X * X[::-1]
    check(diamond, X, X[::-1], equals=np.tanh(p) * (p**2 + X))


def test_gradients_pass_through_views():
    check(
        lambda x: f.matmul(x.reshape(2, 6), x.reshape(6, 2)).reshape(-1),
        X,
        equals=(X.reshape(2, 6) @ X.reshape(6, 2)).ravel(),
    )


def test_gradient_has_the_shape_of_its_source_whatever_views_are_on_the_way():
    _, (gradient,) = evaluate(lambda x: f.sum(f.square(x.reshape(12)).reshape(4, 3)), X, gradients=True)
    assert gradient.shape == (3, 4)
    np.testing.assert_allclose(gradient, 2 * X, rtol=1e-6)


def test_a_view_can_itself_be_a_source():
    x = Storage("parameters").member("x", (3, 4))
    flat = x.reshape(12)
    (gradient,) = differentiate(f.sum(f.square(flat)), [flat])
    layout, places = kept(gradient=gradient)
    assert places["gradient"].shape == (12,)
    memory = layout.memory(layout.shared_memory("float64"), 0)
    layout.view(memory, x)[...] = X
    run(layout, memory)
    np.testing.assert_allclose(layout.view(memory, places["gradient"]), 2 * X.ravel(), rtol=1e-12)


def test_a_part_of_stored_numbers_has_its_gradient_among_zeros():
    def gradient(x):
        part = Tensor((4,), "part", base=x, offset=3)
        return differentiate(f.sum_squares(part), [x])[0]

    x = np.arange(12.0)
    np.testing.assert_array_equal(evaluate(gradient, x), [0, 0, 0, 6, 8, 10, 12, 0, 0, 0, 0, 0])


def test_what_does_not_depend_on_a_source_is_not_differentiated():
    parameters = Storage("parameters")
    w, unused = parameters.member("w", (4, 2)), parameters.member("unused", (4, 2))
    x = data(X, "x")
    prepared = f.exp(f.square(x))  # costs no backward pass: the data has no gradient
    gradient, nothing = differentiate(f.sum(f.matmul(prepared, w)), [w, unused])
    assert nothing is None
    assert gradient is not None
    backward = set(kernels_of(gradient)) - set(kernels_of(f.sum(f.matmul(prepared, w))))
    assert "square_gradient" not in backward
    assert "matmul_transposed_right" not in backward  # the gradient of `prepared`
    assert "matmul_transposed_left" in backward  # the gradient of w


def test_only_the_branch_that_is_needed_is_walked():
    parameters = Storage("parameters")
    a, b = parameters.member("a", (4,)), parameters.member("b", (4,))
    gradient, _ = differentiate(f.sum(f.add(f.tanh(a), f.sigmoid(b))), [a, data(X[0], "other")])
    assert "tanh_gradient" in kernels_of(gradient)
    assert "sigmoid_gradient" not in kernels_of(gradient)


def test_gradients_of_results_on_the_way_are_those_of_all_their_uses():
    x = Storage("parameters").member("x", (5,))
    middle = f.square(x)
    result = f.sum(f.add(f.multiply(middle, constant(3.0)), f.square(middle)))
    layout, places = kept(middle=differentiate(result, [middle])[0])
    memory = layout.memory(layout.shared_memory("float64"), 0)
    layout.view(memory, x)[:] = values = np.linspace(-1, 1, 5)
    run(layout, memory)
    np.testing.assert_allclose(layout.view(memory, places["middle"]), 3 + 2 * values**2, rtol=1e-12)


def test_upstream_weighs_the_elements_of_the_result():
    weights = np.arange(12.0).reshape(3, 4)
    _, (gradient,) = evaluate(f.square, X, gradients=weights, dtype="float64")
    np.testing.assert_allclose(gradient, 2 * X * weights, rtol=1e-12)


def test_the_result_itself_can_be_a_source():
    x = Storage("parameters").member("x", (1,))
    y = f.square(x)
    dy, dx = differentiate(y, [y, x])
    assert dy is not None
    assert dy.call is None  # the constant 1
    assert dx is not None


def test_gradients_can_be_differentiated_again():
    def second(x):
        (first,) = differentiate(f.sum(f.matmul(x, x)), [x])
        return first

    # The gradient of the sum of X X is 1 Xᵀ + Xᵀ 1: linear, so that its own gradient is a constant.
    square = X[:, :3]
    ones = np.ones((3, 3))
    check(second, square, equals=ones @ square.T + square.T @ ones)


def test_an_operation_without_a_rule_is_named():
    x = Storage("parameters").member("x", (1, 4))
    share = call(metrics.dead_units, x).results[1]
    with pytest.raises(TypeError, match="dead_units has no gradient"):
        differentiate(share, [x])
    assert differentiate(share, [data(X, "other")]) == [None]  # nobody asks, nobody needs a rule


def test_a_result_of_several_numbers_needs_weights_of_its_elements():
    x = Storage("parameters").member("x", (3, 4))
    with pytest.raises(ShapeError, match=r"of shape \[3, 4\] is no loss"):
        differentiate(f.tanh(x), [x])


def test_a_view_and_what_is_behind_it_both_have_gradients():
    def gradients(x):
        flat = f.relu(x).reshape(4)
        return tuple(differentiate(f.sum_squares(flat) + f.sum(flat), [flat, x]))

    x = np.array([[1.0, -2.0], [3.0, 4.0]])
    of_view, of_source = evaluate(gradients, x)
    np.testing.assert_array_equal(of_view, [3, 1, 7, 9])
    np.testing.assert_array_equal(of_source, [[3, 0], [7, 9]])


@pytest.mark.parametrize("of", ["all", "rows", "columns"])
def test_a_result_without_a_gradient_is_refused_by_name(of):
    x = Storage("parameters").member("x", (3, 4))
    with pytest.raises(TypeError, match=f"max_{of} has no gradient with respect to x"):
        differentiate(f.sum(f.argmax(x, of=of)), [x])


def test_a_rule_can_be_replaced_for_one_differentiation():
    def doubled(forward, dy):
        return dy + dy

    def wrong(x):
        return differentiate(f.sum(f.tanh(x)), [x], rules={"tanh": doubled})[0]

    np.testing.assert_array_equal(evaluate(wrong, X), np.full(X.shape, 2.0, np.float32))
    right = evaluate(lambda x: differentiate(f.sum(f.tanh(x)), [x])[0], X, dtype="float64")
    np.testing.assert_allclose(right, 1 - np.tanh(X) ** 2, rtol=1e-10)
    assert RULES["tanh"] is not doubled


def test_backward_calls_carry_the_label_of_their_layer():
    x = Storage("parameters").member("x", (4, 4))
    with scope("dense7"):
        y = f.matmul(x, x)
    (gradient,) = differentiate(f.sum(y), [x])
    labels = {each.kernel.name: each.label for each in ancestors([gradient])}
    assert labels["matmul_transposed_left"] == labels["matmul_transposed_right"] == "dense7"


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda x: f.dense(x, constant(np.ones((5, 2))), constant(np.ones(2))), r"dense1: .*\[3, 4\].*\[5, 2\]"),
        (lambda x: f.matmul(x, constant(np.ones((3, 2)))), r"dense1: .*\[3, 4\].*\[3, 2\]"),
        (lambda x: f.add(x, constant(np.ones((3, 5)))), r"dense1: .*\[3, 4\] and \[3, 5\]"),
        (lambda x: f.prelu(x, constant(np.ones(3))), r"dense1: .*\[3, 4\].*\[3\]"),
        (lambda x: f.maxout(x, 3), r"dense1: .*4 columns into 3 pieces"),
    ],
)
def test_shapes_that_do_not_fit_name_the_layer_and_both_shapes(build, sentence):
    with scope("dense1"), pytest.raises(ShapeError, match=sentence):
        build(data(X, "x"))


def test_reshaping_to_another_size_is_refused():
    with pytest.raises(ShapeError, match=r"x of shape \[3, 4\] cannot become \[5, 2\]"):
        data(X, "x").reshape(5, -1)


def kept(**tensors: Tensor) -> tuple[Layout, dict[str, Tensor]]:
    results = Storage("statistics")
    places = {name: assign(each, results.member(name, each.shape)) for name, each in tensors.items()}
    return Layout({"all": list(places.values())}), places


def run(layout, memory):
    from lab.graph.running import bind

    bind(layout.plans["all"], memory).run()
