"""For every kernel: inputs of any size, and what NumPy and SciPy say the outputs are, in float64."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from kernels.huffman import huffman

Sizes = Mapping[str, int]
Inputs = dict[str, Any]
Make = Callable[[np.random.Generator, Sizes], Any]


@dataclass(frozen=True)
class Case:
    """expected: from inputs (float64) and sizes to outputs by name.

    inputs:   how to draw operands that are neither standard normal nor indices of which the kernel says so
    integers: the kernel's integers, from sizes
    fix:      from drawn sizes to sizes that fit together
    step:     the number of the step that the kernel is run at
    """

    expected: Callable[[Inputs, Sizes], dict[str, Any]]
    inputs: Mapping[str, Make] = field(default_factory=dict)
    integers: Callable[[Sizes], dict[str, int]] = lambda sizes: {}
    fix: Callable[[dict[str, int]], dict[str, int]] = lambda sizes: sizes
    step: int = 1
    tolerance: float = 2e-5


def positive(rng: np.random.Generator, shape: Any, low: float = 0.2, high: float = 3.0) -> np.ndarray:
    return rng.uniform(low, high, shape)


def over(*names: str, low: float = 0.2, high: float = 3.0) -> Make:
    """Positive numbers with these extents."""
    return lambda rng, sizes: positive(rng, [sizes[name] for name in names], low, high)


def number(value: float) -> Make:
    return lambda rng, sizes: np.array([value])


def softmax(x: np.ndarray) -> np.ndarray:
    return special.softmax(x, axis=-1)


def y_of(function: Callable[..., Any], *names: str) -> Callable[[Inputs, Sizes], dict[str, Any]]:
    """Expected: one output y from the operands of these names."""
    return lambda v, sizes: {"y": function(*(v[name] for name in names))}


def gradient_of(function: Callable[..., Any], *names: str, result: str = "dx") -> Callable:
    return lambda v, sizes: {result: function(*(v[name] for name in names))}


CASES: dict[str, Case] = {}


@functools.cache
def all_cases() -> dict[str, Case]:
    """The cases of this file and of every other file here whose name ends in `cases.py`."""
    for path in Path(__file__).parent.glob("*_cases.py"):
        importlib.import_module(f"{__package__}.{path.stem}")
    return CASES


def unary(name: str, function: Callable[[Any], Any], **options: Any) -> None:
    CASES[name] = Case(y_of(function, "x"), **options)


# Moving numbers, batches
CASES["copy"] = Case(y_of(lambda x: x, "x"))
CASES["fill"] = Case(lambda v, s: {"y": np.full(s["n"], v["value"][0])})
# Bytes of zero, which are 0 in every real type; test_batches.py has others.
CASES["gather_images"] = Case(
    lambda v, s: {"images": np.tile(v["levels"][:, 0], (s["B"], -(-s["D"] // s["C"])))[:, : s["D"]]},
    {"words": number(0.0)},
    fix=lambda s: s | {"W": s["W"] * s["D"]},
)
CASES["gather_rows"] = Case(lambda v, s: {"rows": v["data"][v["chosen"].astype(int)]})

# Matrices
CASES["matmul"] = Case(y_of(lambda a, b: a @ b, "a", "b"))
CASES["matmul_transposed_right"] = Case(y_of(lambda a, b: a @ b.T, "a", "b"))
CASES["matmul_transposed_left"] = Case(y_of(lambda a, b: a.T @ b, "a", "b"))
CASES["dense"] = Case(y_of(lambda x, w, b: x @ w + b, "x", "weight", "bias"))
CASES["dense_relu"] = Case(y_of(lambda x, w, b: np.maximum(x @ w + b, 0), "x", "weight", "bias"))
CASES["dense_relu_gradient"] = Case(gradient_of(lambda dy, w, y: (dy @ w.T) * (y > 0), "dy", "weight", "y"))
CASES["dense_parameter_gradients"] = Case(lambda v, s: {"d_weight": v["x"].T @ v["dy"], "d_bias": v["dy"].sum(0)})

# Arithmetic
CASES["accumulate"] = Case(lambda v, s: {"sums": v["sums"] + v["x"]})
for _name, _function in {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
}.items():
    _divisor = _name == "divide"
    CASES[_name] = Case(y_of(_function, "a", "b"), {"b": over("n")} if _divisor else {})
    CASES[f"{_name}_row"] = Case(y_of(_function, "a", "b"), {"b": over("H")} if _divisor else {})
    CASES["scale" if _name == "multiply" else f"{_name}_number"] = Case(
        y_of(_function, "a", "b"), {"b": number(0.3 if _divisor else -0.4)}
    )
CASES["greater_gradient"] = Case(
    lambda v, s: {
        "da": np.where(v["a"] >= v["b"], v["dy"], 0),
        "db": np.where(v["a"] >= v["b"], 0, v["dy"]),
    },
    {"a": lambda rng, s: rng.integers(0, 3, s["n"]), "b": lambda rng, s: rng.integers(0, 3, s["n"])},
)

# Functions of one number
unary("negate", np.negative)
unary("exponential", np.exp)
unary("logarithm", np.log, inputs={"x": over("n", low=1e-3, high=1e3)})
unary("square", np.square)
unary("reciprocal", np.reciprocal, inputs={"x": over("n")})
unary("square_root", np.sqrt, inputs={"x": over("n", low=0)})
unary("absolute", np.abs)
CASES["square_gradient"] = Case(gradient_of(lambda x, dy: 2 * x * dy, "x", "dy"))
CASES["reciprocal_gradient"] = Case(gradient_of(lambda y, dy: -y * y * dy, "y", "dy"))
CASES["square_root_gradient"] = Case(gradient_of(lambda y, dy: dy / (2 * y), "y", "dy"), {"y": over("n")})
CASES["absolute_gradient"] = Case(
    gradient_of(lambda x, dy: np.sign(x) * dy, "x", "dy"), {"x": lambda rng, s: rng.integers(-1, 2, s["n"])}
)
CASES["power"] = Case(y_of(lambda x, p: x**p, "x", "exponent"), {"x": over("n"), "exponent": number(-1.7)})
CASES["power_gradient"] = Case(
    gradient_of(lambda x, p, dy: p * x ** (p - 1) * dy, "x", "exponent", "dy"),
    {"x": over("n"), "exponent": number(2.3)},
)

# Broadcasting: x is repeated along the first and the third axis
_KEEP_B_D = {
    "fix": lambda s: {**s, "n": s["B"] * s["D"]},
    "integers": lambda s: {"stride_a": 0, "stride_b": s["D"], "stride_c": 0, "stride_d": 1},
}
CASES["broadcast"] = Case(
    lambda v, s: {"y": np.broadcast_to(v["x"].reshape(1, s["B"], 1, s["D"]), [s[k] for k in "ABCD"])}, **_KEEP_B_D
)
CASES["broadcast_sum"] = Case(lambda v, s: {"x": v["y"].sum((0, 2)).ravel()}, **_KEEP_B_D)

# Reductions
for _name, _reduce in {
    "sum": np.sum,
    "mean": np.mean,
    "sum_squares": lambda x, axis=None: np.sum(x * x, axis),
    "sum_absolute": lambda x, axis=None: np.sum(np.abs(x), axis),
}.items():
    CASES[f"{_name}_all"] = Case(y_of(_reduce, "x"))
    CASES[f"{_name}_rows"] = Case(y_of(lambda x, reduce=_reduce: reduce(x, 1), "x"))
    CASES[f"{_name}_columns"] = Case(y_of(lambda x, reduce=_reduce: reduce(x, 0), "x"))


def _few(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    """Few different numbers, so that many elements are equal."""
    return rng.integers(-2, 3, [s["B"], s["H"]])


CASES["max_all"] = Case(
    lambda v, s: {"y": v["x"].max(), "place": v["x"].argmax()}, {"x": lambda rng, s: rng.integers(-2, 3, s["n"])}
)
CASES["max_rows"] = Case(lambda v, s: {"y": v["x"].max(1), "place": v["x"].argmax(1)}, {"x": _few})
CASES["max_columns"] = Case(lambda v, s: {"y": v["x"].max(0), "place": v["x"].argmax(0)}, {"x": _few})
CASES["max_gradient"] = Case(
    lambda v, s: {"dx": np.where(np.arange(s["H"]) == v["place"][:, None], v["dy"][:, None], 0)}
)
CASES["max_columns_gradient"] = Case(
    lambda v, s: {"dx": np.where(np.arange(s["B"])[:, None] == v["place"], v["dy"], 0)}
)

# Activations
unary("relu", lambda x: np.maximum(x, 0))
CASES["relu_gradient"] = Case(gradient_of(lambda y, dy: dy * (y > 0), "y", "dy"))
unary("sigmoid", special.expit, inputs={"x": lambda rng, s: 8 * rng.standard_normal(s["n"])})
CASES["sigmoid_gradient"] = Case(gradient_of(lambda y, dy: y * (1 - y) * dy, "y", "dy"))
unary("tanh", np.tanh, inputs={"x": lambda rng, s: 4 * rng.standard_normal(s["n"])})
CASES["tanh_gradient"] = Case(gradient_of(lambda y, dy: (1 - y * y) * dy, "y", "dy"))
_slope = {"slope": number(0.1)}
CASES["leaky_relu"] = Case(y_of(lambda x, a: np.where(x > 0, x, a * x), "x", "slope"), _slope)
CASES["leaky_relu_gradient"] = Case(
    gradient_of(lambda y, a, dy: np.where(y > 0, dy, a * dy), "y", "slope", "dy"), _slope
)
CASES["prelu"] = Case(y_of(lambda x, a: np.where(x > 0, x, a * x), "x", "slope"))
CASES["prelu_gradient"] = Case(gradient_of(lambda x, a, dy: np.where(x > 0, dy, a * dy), "x", "slope", "dy"))
CASES["prelu_slope_gradient"] = Case(
    gradient_of(lambda x, dy: (np.minimum(x, 0) * dy).sum(0), "x", "dy", result="d_slope")
)
_alpha = {"alpha": number(1.3)}
CASES["elu"] = Case(y_of(lambda x, a: np.where(x > 0, x, a * np.expm1(x)), "x", "alpha"), _alpha)
CASES["elu_gradient"] = Case(
    gradient_of(lambda y, a, dy: np.where(y > 0, dy, (y + a) * dy), "y", "alpha", "dy"), _alpha
)
unary("gelu", lambda x: x * special.ndtr(x), inputs={"x": lambda rng, s: 2 * rng.standard_normal(s["n"])})
CASES["gelu_gradient"] = Case(
    gradient_of(lambda x, dy: (special.ndtr(x) + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)) * dy, "x", "dy")
)
unary("silu", lambda x: x * special.expit(x))
CASES["silu_gradient"] = Case(
    gradient_of(lambda x, dy: special.expit(x) * (1 + x * (1 - special.expit(x))) * dy, "x", "dy")
)
unary("softplus", lambda x: np.logaddexp(0, x), inputs={"x": lambda rng, s: 20 * rng.standard_normal(s["n"])})
CASES["softplus_gradient"] = Case(gradient_of(lambda y, dy: -np.expm1(-y) * dy, "y", "dy"), {"y": over("n", low=0)})
CASES["maxout"] = Case(
    lambda v, s: {"y": v["x"].max(1), "piece": v["x"].argmax(1)},
    {"x": lambda rng, s: rng.integers(-2, 3, [s["B"], s["K"], s["H"]])},
)
CASES["maxout_gradient"] = Case(
    lambda v, s: {"dx": np.where(np.arange(s["K"])[:, None] == v["piece"][:, None], v["dy"][:, None], 0)}
)

# Losses
CASES["softmax"] = Case(lambda v, s: {"probabilities": softmax(v["logits"])})
CASES["softmax_gradient"] = Case(
    lambda v, s: {
        "d_logits": v["probabilities"]
        * (v["d_probabilities"] - (v["probabilities"] * v["d_probabilities"]).sum(1, keepdims=True))
    }
)
CASES["softmax_cross_entropy"] = Case(
    lambda v, s: {
        "loss": -np.log(softmax(v["logits"])[np.arange(s["B"]), v["labels"].astype(int)]).mean(),
        "probabilities": softmax(v["logits"]),
    }
)
CASES["softmax_cross_entropy_gradient"] = Case(
    lambda v, s: {"d_logits": (v["probabilities"] - np.eye(s["C"])[v["labels"].astype(int)]) * v["d_loss"] / s["B"]}
)


def _distribution(targets: np.ndarray) -> np.ndarray:
    wanted = targets.sum(1, keepdims=True)
    return np.divide(targets, wanted, out=np.zeros_like(targets), where=wanted > 0)


_targets = {"targets": lambda rng, s: rng.integers(0, 2, [s["B"], s["C"]])}
CASES["softmax_cross_entropy_with_distribution"] = Case(
    lambda v, s: {
        "loss": -(_distribution(v["targets"]) * special.log_softmax(v["logits"], 1)).sum() / s["B"],
        "probabilities": softmax(v["logits"]),
    },
    _targets,
)
CASES["softmax_cross_entropy_with_distribution_gradient"] = Case(
    lambda v, s: {
        "d_logits": (v["probabilities"] - _distribution(v["targets"]))
        * (v["targets"].sum(1, keepdims=True) > 0)
        * v["d_loss"]
        / s["B"]
    },
    _targets,
)


def _margins(v: Inputs) -> np.ndarray:
    scores, labels = v["scores"], v["labels"].astype(int)
    margins = scores - scores[np.arange(len(labels)), labels][:, None] + 1
    margins[np.arange(len(labels)), labels] = 0
    return margins


def _hinge_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    lacking = (_margins(v) > 0).astype(float)
    lacking[np.arange(s["B"]), v["labels"].astype(int)] = -lacking.sum(1)
    return {"d_scores": lacking * v["d_loss"] / s["B"]}


CASES["hinge"] = Case(lambda v, s: {"loss": np.maximum(_margins(v), 0).sum(1).mean()})
CASES["hinge_gradient"] = Case(_hinge_gradient)
CASES["binary_cross_entropy"] = Case(
    lambda v, s: {"loss": (np.logaddexp(0, v["logits"]) - v["targets"] * v["logits"]).mean()},
    {"targets": lambda rng, s: rng.integers(0, 2, s["n"]), "logits": lambda rng, s: 9 * rng.standard_normal(s["n"])},
)
CASES["binary_cross_entropy_gradient"] = Case(
    lambda v, s: {"d_logits": (special.expit(v["logits"]) - v["targets"]) * v["d_loss"] / s["n"]}
)


def _errors(v: Inputs) -> np.ndarray:
    return v["predictions"] - v["targets"]


CASES["mean_absolute_error"] = Case(lambda v, s: {"loss": np.abs(_errors(v)).mean()})
CASES["mean_absolute_error_gradient"] = Case(
    lambda v, s: {"d_predictions": np.sign(_errors(v)) * v["d_loss"] / s["n"]},
    {name: lambda rng, s: rng.integers(0, 3, s["n"]) for name in ("predictions", "targets")},
)
CASES["mean_squared_error"] = Case(lambda v, s: {"loss": (_errors(v) ** 2).mean()})
CASES["mean_squared_error_gradient"] = Case(lambda v, s: {"d_predictions": 2 * _errors(v) * v["d_loss"] / s["n"]})
_delta = {"delta": number(0.7)}
CASES["huber"] = Case(lambda v, s: {"loss": special.huber(v["delta"], _errors(v)).mean()}, _delta)
CASES["huber_gradient"] = Case(
    lambda v, s: {"d_predictions": np.clip(_errors(v), -v["delta"], v["delta"]) * v["d_loss"] / s["n"]}, _delta
)

# Embedding


def _scattered(v: Inputs, shape: tuple[int, ...]) -> np.ndarray:
    table = np.zeros(shape)
    np.add.at(table, v["indices"].astype(int), v["d_rows"])
    return table


CASES["embedding_gradient"] = Case(lambda v, s: {"d_table": _scattered(v, (s["V"], s["D"]))})
CASES["embedding_step"] = Case(lambda v, s: {"table": v["table"] + v["factor"] * _scattered(v, v["table"].shape)})


# Hierarchical softmax: a Huffman tree over V words
def _tree(s: Sizes):
    return huffman(np.arange(1, s["V"] + 1) ** 2)


def _tree_sizes(s: dict[str, int]) -> dict[str, int]:
    s = {**s, "V": s.get("V", 1) + 1}
    return {**s, "N": s["V"] - 1, "P": _tree(s).path.shape[1]}


def _ends(s: Sizes) -> np.ndarray:
    return np.arange(s["P"]) < _tree(s).length[:, None]


_tree_inputs: dict[str, Make] = {
    "path": lambda rng, s: _tree(s).path,
    "sign": lambda rng, s: _tree(s).sign,
    "length": lambda rng, s: _tree(s).length,
}


def _walk(v: Inputs, s: Sizes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each example: nodes on the path, whether they count, and sign z."""
    words = v["words"].astype(int)
    path = v["path"][words].astype(int)
    inside = _ends(s)[words]
    z = np.einsum("bd,bjd->bj", v["hidden"], v["nodes"][path]) * v["sign"][words]
    return path, inside, z


def _tree_loss(v: Inputs, s: Sizes) -> dict[str, Any]:
    _, inside, z = _walk(v, s)
    sign = v["sign"][v["words"].astype(int)]
    return {
        "loss": (np.logaddexp(0, -z) * inside).sum(1).mean(),
        "slope": np.where(inside, -sign * special.expit(-z), 0),
    }


def _node_gradient(v: Inputs, s: Sizes) -> np.ndarray:
    words = v["words"].astype(int)
    slope = v["slope"] * _ends(s)[words]
    gradient = np.zeros((s["N"], s["D"]))
    np.add.at(gradient, v["path"][words].astype(int), slope[:, :, None] * v["hidden"][:, None, :])
    return gradient / s["B"]


def _hidden_gradient(v: Inputs, s: Sizes) -> np.ndarray:
    words = v["words"].astype(int)
    slope = v["slope"] * _ends(s)[words]
    return np.einsum("bj,bjd->bd", slope, v["nodes"][v["path"][words].astype(int)]) / s["B"]


def _leaves(v: Inputs, s: Sizes) -> dict[str, Any]:
    left = special.expit(v["hidden"] @ v["nodes"].T)
    chances = np.where(v["sign"] > 0, left[:, v["path"].astype(int)], 1 - left[:, v["path"].astype(int)])
    return {"left": left, "probabilities": np.where(_ends(s), chances, 1).prod(-1)}


_tree_options: dict[str, Any] = {"inputs": _tree_inputs, "fix": _tree_sizes}
CASES["hierarchical_softmax"] = Case(_tree_loss, **_tree_options)
CASES["hierarchical_softmax_gradient"] = Case(
    lambda v, s: {"d_hidden": _hidden_gradient(v, s) * v["d_loss"]}, **_tree_options
)
CASES["hierarchical_softmax_node_gradient"] = Case(
    lambda v, s: {"d_nodes": _node_gradient(v, s) * v["d_loss"]}, **_tree_options
)
CASES["hierarchical_softmax_step"] = Case(
    lambda v, s: {"nodes": v["nodes"] - v["rate"] * _node_gradient(v, s)}, **_tree_options
)
CASES["hierarchical_softmax_probabilities"] = Case(_leaves, **_tree_options)
