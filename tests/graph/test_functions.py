"""Every operation of the graph: its value against NumPy and SciPy, its gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from kernels import matrix
from kernels.huffman import huffman
from lab.graph import constant, evaluate
from lab.graph import functions as f
from lab.graph.functions.broadcasting import common_shape
from lab.graph.shapes import ShapeError
from lab.graph.tensor import call
from tests.graph import (
    test_attention,
    test_convolution,
    test_detection,
    test_images,
    test_masks,
    test_recurrent,
    test_regions,
)
from tests.graph.checking import check
from tests.kernels.generative_cases import normal
from tests.kernels.regularisation_cases import STREAM, kept

rng = np.random.default_rng(0)
X = rng.standard_normal((3, 5))
POSITIVE = rng.uniform(0.3, 2, (3, 5))
ROW = rng.standard_normal(5)
LABELS = np.array([4, 0, 2])
TREE = huffman([5, 1, 1, 2, 3])
LEAF_ARRAYS = (TREE.path, TREE.sign, TREE.length)
HIDDEN, NODES = rng.standard_normal((3, 2)), rng.standard_normal((4, 2))


def elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(x))


def cross_entropy(logits, labels):
    return -special.log_softmax(logits, 1)[np.arange(len(labels)), labels].mean()


def hinge(scores, labels):
    margins = np.maximum(0, scores - scores[np.arange(len(labels)), labels][:, None] + 1)
    return (margins.sum(1) - 1).mean()


def leaves(hidden, nodes):
    left = special.expit(hidden @ nodes.T)[:, TREE.path.astype(int)]
    inside = np.arange(TREE.path.shape[1]) < TREE.length[:, None]
    return np.where(inside, np.where(TREE.sign > 0, left, 1 - left), 1).prod(-1)


def normalised(x, axis):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + 0.01)


DISTRIBUTION = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 1, 0]])
_distribution_loss = (
    -(DISTRIBUTION / np.maximum(DISTRIBUTION.sum(1, keepdims=True), 1) * special.log_softmax(X, 1)).sum() / 3
)

CHECKS = {
    "identity": lambda: check(f.identity, X, equals=X),
    "dense": lambda: check(f.dense, X, X.T, X[:, 0], equals=X @ X.T + X[:, 0]),
    "matmul": lambda: check(f.matmul, X, X.T, equals=X @ X.T),
    "take": lambda: check(lambda x: f.take(x, (slice(1, None), slice(None, None, 2))), X, equals=X[1:, ::2]),
    "widen": lambda: check(f.widen, X, width=7, equals=np.pad(X, ((0, 0), (0, 2)))),
    "transpose": lambda: check(f.transpose, X, equals=X.T),
    "add_columns": lambda: check(
        lambda x, part: f.add_columns(f.square(x), part, 1),
        X,
        X[:, :2],
        equals=X**2 + np.pad(X[:, :2], ((0, 0), (1, 2))),
    ),
    "concatenate": lambda: check(lambda a, b: f.concatenate([a, b]), X, X[:, :2], equals=np.hstack([X, X[:, :2]])),
    "relu": lambda: check(f.relu, X, equals=np.maximum(X, 0)),
    "sigmoid": lambda: check(f.sigmoid, X, equals=special.expit(X)),
    "tanh": lambda: check(f.tanh, X, equals=np.tanh(X)),
    "leaky_relu": lambda: check(f.leaky_relu, X, 0.1, wrt=[0], equals=np.where(X > 0, X, 0.1 * X)),
    "prelu": lambda: check(f.prelu, X, ROW, equals=np.where(X > 0, X, ROW * X)),
    "elu": lambda: check(f.elu, X, 1.3, wrt=[0], equals=elu(X, 1.3)),
    "gelu": lambda: check(f.gelu, X, equals=X * special.ndtr(X)),
    "silu": lambda: check(f.silu, X, equals=X * special.expit(X)),
    "softplus": lambda: check(f.softplus, X, equals=np.logaddexp(0, X)),
    "maxout": lambda: check(f.maxout, X[:, :4], pieces=2, equals=np.maximum(X[:, :2], X[:, 2:4])),
    "negate": lambda: check(f.negate, X, equals=-X),
    "exp": lambda: check(f.exp, X, equals=np.exp(X)),
    "log": lambda: check(f.log, POSITIVE, equals=np.log(POSITIVE)),
    "square": lambda: check(f.square, X, equals=X**2),
    "reciprocal": lambda: check(f.reciprocal, POSITIVE, equals=1 / POSITIVE),
    "square_root": lambda: check(f.square_root, POSITIVE, equals=np.sqrt(POSITIVE)),
    "sin": lambda: check(f.sin, X, equals=np.sin(X)),
    "cos": lambda: check(f.cos, X, equals=np.cos(X)),
    "absolute": lambda: check(f.absolute, X, equals=np.abs(X)),
    "power": lambda: check(f.power, POSITIVE, -1.5, wrt=[0], equals=POSITIVE**-1.5),
    "add": lambda: check(f.add, X, POSITIVE, equals=X + POSITIVE),
    "subtract": lambda: check(f.subtract, X, POSITIVE, equals=X - POSITIVE),
    "multiply": lambda: check(f.multiply, X, POSITIVE, equals=X * POSITIVE),
    "divide": lambda: check(f.divide, X, POSITIVE, equals=X / POSITIVE),
    "maximum": lambda: check(f.maximum, X, POSITIVE, equals=np.maximum(X, POSITIVE)),
    "minimum": lambda: check(f.minimum, X, POSITIVE, equals=np.minimum(X, POSITIVE)),
    "broadcast": lambda: check(f.broadcast, X[:, :1], shape=(2, 3, 4), equals=np.broadcast_to(X[:, :1], (2, 3, 4))),
    "sum_to": lambda: check(f.sum_to, X.reshape(3, 5, 1), shape=(5, 1), equals=X.sum(0)[:, None]),
    "sum": lambda: check(f.sum, X, equals=X.sum()),
    "mean": lambda: check(f.mean, X, equals=X.mean()),
    "sum_squares": lambda: check(f.sum_squares, X, equals=(X**2).sum()),
    "sum_absolute": lambda: check(f.sum_absolute, X, equals=np.abs(X).sum()),
    "max": lambda: check(f.max, X, equals=X.max()),
    "argmax": lambda: np.testing.assert_array_equal(evaluate(f.argmax, X, of="rows"), X.argmax(1)),
    "softmax": lambda: check(f.softmax, X, equals=special.softmax(X, 1)),
    "softmax_cross_entropy": lambda: check(
        f.softmax_cross_entropy, X, LABELS, wrt=[0], equals=cross_entropy(X, LABELS)
    ),
    "softmax_cross_entropy_with_distribution": lambda: check(
        f.softmax_cross_entropy_with_distribution, X, DISTRIBUTION, wrt=[0], equals=_distribution_loss
    ),
    "hinge": lambda: check(f.hinge, X, LABELS, wrt=[0], equals=hinge(X, LABELS)),
    "binary_cross_entropy": lambda: check(
        f.binary_cross_entropy,
        X,
        X > 0.3,
        wrt=[0],
        equals=(np.logaddexp(0, X) - (X > 0.3) * X).mean(),
    ),
    "mean_absolute_error": lambda: check(f.mean_absolute_error, X, POSITIVE, equals=np.abs(X - POSITIVE).mean()),
    "mean_squared_error": lambda: check(f.mean_squared_error, X, POSITIVE, equals=((X - POSITIVE) ** 2).mean()),
    "huber": lambda: check(f.huber, X, POSITIVE, 0.8, wrt=[0, 1], equals=special.huber(0.8, X - POSITIVE).mean()),
    "embedding": lambda: check(f.embedding, X, [[2, 0], [2, 2]], wrt=[0], equals=X[np.array([[2, 0], [2, 2]])]),
    "hierarchical_softmax": lambda: check(
        f.hierarchical_softmax,
        HIDDEN,
        NODES,
        LABELS,
        *LEAF_ARRAYS,
        wrt=[0, 1],
        equals=-np.log(leaves(HIDDEN, NODES)[np.arange(3), LABELS]).mean(),
    ),
    "hierarchical_softmax_probabilities": lambda: np.testing.assert_allclose(
        evaluate(f.hierarchical_softmax_probabilities, HIDDEN, NODES, *LEAF_ARRAYS), leaves(HIDDEN, NODES), rtol=1e-5
    ),
}

CHECKS |= {
    "batch_norm": lambda: check(
        f.batch_norm, X, ROW, POSITIVE[0], 0.01, wrt=[0, 1, 2], equals=normalised(X, 0) * ROW + POSITIVE[0]
    ),
    "layer_norm": lambda: check(
        f.layer_norm, X, ROW, POSITIVE[0], 0.01, wrt=[0, 1, 2], equals=normalised(X, 1) * ROW + POSITIVE[0]
    ),
    "normalise_with": lambda: check(
        f.normalise_with,
        X,
        ROW,
        POSITIVE[0],
        X[1],
        POSITIVE[1],
        0.01,
        wrt=[0, 1, 2],
        equals=(X - X[1]) / np.sqrt(POSITIVE[1] + 0.01) * ROW + POSITIVE[0],
    ),
}
CHECKS |= {
    "dropout": lambda: check(
        f.dropout, X, 0.25, wrt=[0], stream=STREAM, equals=np.where(kept(15, 0.25, 1).reshape(3, 5), X / 0.75, 0)
    ),
    "normal": lambda: check(
        lambda x: f.add(f.square(x), f.normal(x.shape, STREAM)), X, equals=X**2 + normal(15, 1).reshape(3, 5)
    ),
    "open_gate": lambda: check(lambda x: f.add(x, f.open_gate(constant(1.0), 3)), X, equals=X + 1),
    "gated_residual": lambda: check(lambda x: f.gated_residual(x, f.square, constant(1.0)), X, equals=X + X**2),
}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_operation(name):
    CHECKS[name]()


def test_products_with_a_transpose():
    """They appear as gradients of `matmul`, and have gradients themselves."""
    a, b, c = X, POSITIVE[:2], POSITIVE[:, :2]
    check(lambda x, y: call(matrix.matmul_transposed_right, x, y).result, a, b, equals=a @ b.T)
    check(lambda x, y: call(matrix.matmul_transposed_left, x, y).result, a, c, equals=a.T @ c)


def test_every_operation_is_checked():
    homes = test_attention, test_convolution, test_detection, test_images, test_masks, test_recurrent, test_regions
    elsewhere = set().union(*(home.CHECKED for home in homes))
    missing = set(dir(f)) - set(CHECKS) - elsewhere
    assert not missing, f"add a check for {', '.join(sorted(missing))} to CHECKS"


NUMPY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


@pytest.mark.parametrize("name", sorted(NUMPY))
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4,)),  # a row
        ((2, 3, 4), (3, 4)),  # a row of two axes
        ((3, 4), (1,)),  # a number
        ((4,), (3, 4)),
        ((3, 4), (3, 1)),  # a column
        ((3, 1), (1, 4)),  # both are repeated
        ((1, 2, 1, 3), (2, 2, 2, 1)),
        ((1,), (1, 1)),
    ],
)
def test_arithmetic_on_different_shapes(name, a, b):
    draw = np.random.default_rng(1)
    left, right = draw.uniform(0.3, 2, a), draw.uniform(0.3, 2, b)
    check(getattr(f, name), left, right, equals=NUMPY[name](left, right))


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5,), (2, 3, 2)])
@pytest.mark.parametrize("of", ["all", "rows", "columns"])
@pytest.mark.parametrize("name", ["sum", "mean", "sum_squares", "sum_absolute", "max"])
def test_reductions(name, of, shape):
    reduce = {
        "sum": np.sum,
        "mean": np.mean,
        "sum_squares": lambda x, axis: np.sum(x * x, axis),
        "sum_absolute": lambda x, axis: np.sum(np.abs(x), axis),
        "max": np.max,
    }[name]
    x = np.random.default_rng(2).standard_normal(shape)
    axis = {"all": None, "rows": -1, "columns": tuple(range(len(shape) - 1))}[of]
    check(getattr(f, name), x, of=of, equals=reduce(x, axis))


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5,), (2, 3, 2)])
def test_argmax_is_numpys_and_of_equal_ones_the_first(shape):
    x = np.random.default_rng(3).integers(0, 3, shape).astype(float)
    assert evaluate(f.argmax, x) == x.argmax()
    np.testing.assert_array_equal(evaluate(f.argmax, x, of="rows"), np.atleast_1d(x.argmax(-1)))
    np.testing.assert_array_equal(evaluate(f.argmax, x, of="columns"), x.reshape(-1, shape[-1]).argmax(0))


@st.composite
def shape_and_smaller(draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A shape, and one that NumPy would repeat to it."""
    large = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    kept = draw(st.lists(st.booleans(), min_size=len(large), max_size=len(large)))
    small = tuple(extent if keep else 1 for extent, keep in zip(large, kept, strict=True))
    drop = draw(st.integers(0, len(small) - 1))
    while drop and any(each != 1 for each in small[:drop]):
        drop -= 1
    return large, small[drop:]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(shape_and_smaller(), st.integers(0, 99))
def test_broadcasting_is_numpys(shapes, seed):
    large, small = shapes
    draw = np.random.default_rng(seed)
    x, y = draw.standard_normal(small), draw.standard_normal(large)
    np.testing.assert_array_equal(evaluate(f.broadcast, x, shape=large, dtype="float64"), np.broadcast_to(x, large))
    # The sum is the transpose of the repetition: <broadcast x, y> = <x, sum_to y>.
    total = evaluate(f.sum_to, y, shape=small, dtype="float64")
    assert total.shape == small
    np.testing.assert_allclose((np.broadcast_to(x, large) * y).sum(), (x * total).sum(), atol=1e-10)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"the shapes \[3, 4\] and \[3, 5\] do not fit together"):
        evaluate(f.add, np.zeros((3, 4)), np.zeros((3, 5)))
    with pytest.raises(ShapeError, match="maxout cannot divide 5 columns into 2 pieces"):
        evaluate(f.maxout, np.zeros((3, 5)), pieces=2)


@pytest.mark.parametrize("shapes", [[(3, 1), (4,)], [(0, 3), (1, 3)], [(2, 1, 3), (4, 1), ()]])
def test_the_common_shape_is_numpys(shapes):
    assert common_shape(*shapes) == np.broadcast_shapes(*shapes)


def test_saturated_losses_stay_finite_and_right():
    extreme = np.array([[1000.0, -1000.0], [-500.0, 500.0]])
    loss, (gradient, _) = evaluate(f.binary_cross_entropy, extreme, extreme < 0, gradients=True)
    np.testing.assert_allclose(loss, 750)
    np.testing.assert_allclose(gradient, np.sign(extreme) / 4)
    loss, (gradient, _) = evaluate(f.softmax_cross_entropy, extreme, [1, 0], gradients=True)
    np.testing.assert_allclose(loss, 1500)
    np.testing.assert_allclose(gradient, np.sign(extreme) / 2)


def test_maxout_is_taken_along_the_last_axis():
    x = np.random.default_rng(4).standard_normal((2, 3, 6))
    found = evaluate(f.maxout, x, pieces=3, dtype="float64")
    np.testing.assert_array_equal(found, x.reshape(2, 3, 3, 2).max(axis=2))


def test_leaky_maxout_reproduces_relu():
    x = np.random.default_rng(3).standard_normal((4, 6))
    np.testing.assert_array_equal(evaluate(f.maxout, np.hstack([x, 0 * x]), pieces=2), evaluate(f.relu, x))
    np.testing.assert_array_equal(
        evaluate(f.maxout, np.hstack([x, 0.25 * x]), pieces=2), evaluate(f.leaky_relu, x, 0.25)
    )


def hessian_product(function, x, direction):
    """The Hessian of the sum of `function` at x, times a direction: by differentiating twice."""
    from lab.graph import differentiate

    def product(point, along):
        (gradient,) = differentiate(f.sum(function(point)), [point])
        (second,) = differentiate(gradient, [point], along)
        return second

    return evaluate(product, x, direction, dtype="float64")


TWICE = {
    "square": f.square,
    "exp": f.exp,
    "sin": f.sin,
    "cos": f.cos,
    "multiply": lambda x: f.multiply(f.square(x), x),
    "matmul": lambda x: f.square(f.matmul(x, x)),
    "sum_squares": lambda x: f.square(f.sum_squares(x, "rows")),
    "tanh": lambda x: f.tanh(f.square(x)),
    "sigmoid": lambda x: f.sigmoid(f.square(x)),
    "relu": lambda x: f.square(f.relu(x)),
    "dense": lambda x: f.square(f.dense(f.square(x), x, f.sum(x, "columns"))),
    "mean_squared_error": lambda x: f.mean_squared_error(f.square(x), x),
    "softmax_cross_entropy": lambda x: f.softmax_cross_entropy(f.square(x), constant(np.array([2.0, 0.0, 1.0]))),
}


@pytest.mark.parametrize("name", TWICE)
def test_second_derivatives(name):
    function = TWICE[name]
    x, direction = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
    ends = [evaluate(function, x + s * 1e-6 * direction, gradients=True, dtype="float64")[1][0] for s in (1, -1)]
    difference = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(hessian_product(function, x, direction), difference, rtol=1e-5, atol=1e-6)
