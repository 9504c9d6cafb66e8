"""Kernels that take the largest of several numbers, given NaN: what must come out of them, as PyTorch has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.kernels.running import Run, all_kernels

COUNT = 37
BAD = [0, 5, 20, 36]


def _line() -> np.ndarray:
    x = np.linspace(-1, 1, COUNT)
    x[BAD] = np.nan
    return x


def _rows() -> np.ndarray:
    """Four rows of five, of which the last one alone has no NaN."""
    x = np.random.default_rng(1).standard_normal((4, 5))
    x[0, 3] = x[1, 0] = x[2, 2] = np.nan
    return x


def _run(name: str, how: dict[str, str], inputs: dict[str, Any], sizes: dict[str, int], **integers: int) -> Run:
    return Run(all_kernels()[name], inputs, sizes, integers, **how)()  # type: ignore[arg-type]


def _element_by_element(how: dict[str, str]) -> None:
    x, right = _line(), np.isnan(_line())
    for name, given in (("relu", {"x": x}), ("clip_by_value", {"gradient": x, "limit": 0.5})):
        run = _run(name, how, given, {"n": COUNT})
        np.testing.assert_array_equal(np.isnan(run["y" if name == "relu" else "gradient"]), right)
    assert np.isnan(_run("logarithm", how, {"x": x}, {"n": COUNT})["y"][BAD]).all()
    for name in ("maximum", "minimum"):
        for a, b in ((x, 0.0), (0.0, x)):
            np.testing.assert_array_equal(np.isnan(_run(name, how, {"a": a, "b": b}, {"n": COUNT})["y"]), right)
        for a, b, where in ((x, 0.0, right), (0.0, np.nan, True)):
            run = _run(f"{name}_number", how, {"a": a, "b": b}, {"n": COUNT})
            np.testing.assert_array_equal(np.isnan(run["y"]), where | np.zeros(COUNT, bool))
        rows = _run(f"{name}_row", how, {"a": _rows(), "b": [np.nan, 0, 0, 0, 0]}, {"B": 4, "H": 5})["y"]
        np.testing.assert_array_equal(np.isnan(rows), np.isnan(_rows()) | [True, False, False, False, False])


def _reductions(how: dict[str, str]) -> None:
    x = _rows()
    run = _run("max_rows", how, {"x": x}, {"B": 4, "H": 5})
    np.testing.assert_array_equal(np.isnan(run["y"]), [True, True, True, False])
    np.testing.assert_array_equal(run["place"], [3, 0, 2, x[3].argmax()])
    run = _run("max_columns", how, {"x": x}, {"B": 4, "H": 5})
    np.testing.assert_array_equal(np.isnan(run["y"]), np.isnan(x).any(axis=0))
    assert list(run["place"][[0, 2, 3]]) == [1, 2, 0]
    run = _run("max_all", how, {"x": _line()[1:]}, {"n": COUNT - 1})
    assert np.isnan(run["y"])
    assert run["place"] == 4
    pieces = np.random.default_rng(0).standard_normal((1, 4, 5))
    for k in range(4):
        pieces[0, k, k] = np.nan
    run = _run("maxout", how, {"x": pieces}, {"B": 1, "K": 4, "H": 5})
    np.testing.assert_array_equal(np.isnan(run["y"][0]), [True] * 4 + [False])
    np.testing.assert_array_equal(run["piece"][0, :4], range(4))


def _pooling(how: dict[str, str]) -> None:
    for name in ("max_pool", "relu_max_pool"):
        for side, channels in ((2, 3), (2, 20), (3, 16)):
            size = side * side
            x = np.random.default_rng(0).standard_normal((size + 1, 2 * side, 2 * side, channels))
            for k in range(size):  # one image for each place in the first window
                x[k, k // side, k % side] = np.nan
            x[size, :side, :side] = np.nan  # and one in which all of it is NaN
            begin = np.array([0, side])
            windows = {"row_begin": begin, "row_end": begin + side, "column_begin": begin, "column_end": begin + side}
            extents = {"B": size + 1, "H": 2 * side, "W": 2 * side, "C": channels, "I": 2, "J": 2}
            run = _run(name, how, {"x": x, **windows}, extents)
            bad = np.isnan(run["y"])
            assert bad[:, 0, 0].all(), "NaN is the largest, wherever it stands"
            assert not bad[:, 1:].any()
            assert not bad[:, :, 1:].any()
            places = [k // side * 2 * side + k % side for k in [*range(size), size - 1]]
            np.testing.assert_array_equal(run["place"][:, 0, 0], np.repeat(np.array(places)[:, None], channels, 1))


def _layers_and_losses(how: dict[str, str]) -> None:
    x = _rows()
    right = np.isnan(x).any(axis=1)
    run = _run("dense_relu", how, {"x": x, "weight": np.eye(5)[:, :3], "bias": 0}, {"B": 4, "D": 5, "H": 3})
    np.testing.assert_array_equal(np.isnan(run["y"]), np.repeat(right[:, None], 3, 1))
    given = {"x": x, "gamma": 1, "beta": 0, "epsilon": 1e-5}
    run = _run("batch_norm_relu", how, given, {"B": 4, "H": 5})
    np.testing.assert_array_equal(np.isnan(run["y"]), np.repeat(np.isnan(x).any(axis=0)[None], 4, 0))
    for name, scores in (("hinge", "scores"), ("softmax_cross_entropy", "logits")):
        assert np.isnan(_run(name, how, {scores: x, "labels": 4}, {"B": 4, "C": 5})["loss"])
    given = {"rows": x[:1, None], "symbols": 0, "mask": 1, "weight": 0, "bias": 0, "h_first": 0}
    run = _run("rnn", how, given, {"B": 1, "T": 1, "H": 5, "R": 1}, looked_up=0, rectified=1)
    np.testing.assert_array_equal(np.isnan(run["h"][0]), np.isnan(x[0]))


CASES: dict[str, Callable[[dict[str, str]], None]] = {
    "element by element": _element_by_element,
    "reductions": _reductions,
    "pooling": _pooling,
    "layers and losses": _layers_and_losses,
}
"""Each checks some kernels on a target: `{"target": "cpu", "dtype": "float32"}`."""
KERNELS = (
    *("relu", "logarithm", "clip_by_value", "maximum", "minimum", "maximum_number", "minimum_number"),
    *("maximum_row", "minimum_row"),
    *("max_rows", "max_columns", "max_all", "maxout", "max_pool", "relu_max_pool"),
    *("dense_relu", "batch_norm_relu", "hinge", "softmax_cross_entropy", "rnn"),
)
