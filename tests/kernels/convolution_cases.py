"""Cases of convolution and pooling, whose references walk every window in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from .cases import CASES, Case, Inputs, Sizes, number

# Two groups, and numbers downwards that differ from those to the right, so that none can stand for another.
STRIDE, BORDERS, DILATION, GROUPS = (2, 1), (1, 2, 0, 1), (1, 2), 2


def _integers(s: Sizes) -> dict[str, int]:
    names = ("stride_y", "stride_x", "top", "left", "bottom", "right", "dilation_y", "dilation_x", "groups")
    return dict(zip(names, (*STRIDE, *BORDERS, *DILATION, GROUPS), strict=True))


def _fitting(s: dict[str, int]) -> dict[str, int]:
    """Small images, in which the kernel fits, and channels that divide into the groups."""
    s = {"H": 3, "W": 4, "P": 3, "Q": 2, "C": 2, "D": 3} | s
    s |= {
        "B": min(s["B"], 2),
        "P": min(s["P"], 3),
        "Q": min(s["Q"], 2),
        "C": 2 * min(s["C"], 2),
        "D": 2 * min(s["D"], 3),
    }
    s |= {"H": min(s["H"], 5) + 2, "W": min(s["W"], 5) + 1}
    top, left, bottom, right = BORDERS
    s["I"] = (s["H"] + top + bottom - DILATION[0] * (s["P"] - 1) - 1) // STRIDE[0] + 1
    s["J"] = (s["W"] + left + right - DILATION[1] * (s["Q"] - 1) - 1) // STRIDE[1] + 1
    return {**s, "G": s["C"] // 2}


def _meetings(s: Sizes) -> Iterator[tuple[slice, slice, Any, Any, Any]]:
    """Every (channels in, channels out, output pixel, input pixel, tap) that belong together."""
    inside, outside = s["C"] // GROUPS, s["D"] // GROUPS
    for i, j, p, q, group in product(*map(range, (s["I"], s["J"], s["P"], s["Q"], GROUPS))):
        h = i * STRIDE[0] + p * DILATION[0] - BORDERS[0]
        w = j * STRIDE[1] + q * DILATION[1] - BORDERS[1]
        if 0 <= h < s["H"] and 0 <= w < s["W"]:
            channels = slice(group * inside, (group + 1) * inside), slice(group * outside, (group + 1) * outside)
            yield *channels, (slice(None), i, j), (slice(None), h, w), (p, q)


def _convolution(v: Inputs, s: Sizes) -> dict[str, Any]:
    y = np.zeros((s["B"], s["I"], s["J"], s["D"])) + v["bias"]
    for c, d, out, at, tap in _meetings(s):
        y[*out, d] += v["x"][*at, c] @ v["weight"][*tap, :, d]
    return {"y": y}


def _input_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    dx = np.zeros((s["B"], s["H"], s["W"], s["C"]))
    for c, d, out, at, tap in _meetings(s):
        dx[*at, c] += v["dy"][*out, d] @ v["weight"][*tap, :, d].T
    return {"dx": dx}


def _weight_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    d_weight = np.zeros((s["P"], s["Q"], s["G"], s["D"]))
    for c, d, out, at, tap in _meetings(s):
        d_weight[*tap, :, d] += v["x"][*at, c].T @ v["dy"][*out, d]
    return {"d_weight": d_weight, "d_bias": v["dy"].sum((0, 1, 2))}


_geometry: dict[str, Any] = {"integers": _integers, "fix": _fitting}
CASES["convolution"] = Case(_convolution, **_geometry)
CASES["convolution_input_gradient"] = Case(_input_gradient, **_geometry)
CASES["convolution_weight_gradient"] = Case(_weight_gradient, **_geometry)


def _convolution_batch_norm(v: Inputs, s: Sizes) -> dict[str, Any]:
    y = _convolution(v, s)["y"]
    mean, variance = y.mean((0, 1, 2)), y.var((0, 1, 2))
    scale = 1 / np.sqrt(variance + v["epsilon"])
    normal = np.maximum(v["gamma"] * (y - mean) * scale + v["beta"], 0)
    return {"y": y, "normal": normal, "mean": mean, "variance": variance, "scale": scale}


CASES["convolution_batch_norm"] = Case(
    _convolution_batch_norm,
    {"epsilon": number(1e-2)},
    integers=lambda s: {**_integers(s), "rectified": 1},
    fix=_fitting,
    tolerance=2e-4,
)


# Windows of three rows, two apart, that begin one above the image, and of two columns side by side.
def _pooled(s: dict[str, int]) -> dict[str, int]:
    s = {"H": 3, "W": 4, "C": 2} | s
    s |= {"B": min(s["B"], 3), "C": min(s["C"], 5) + 1, "H": min(s["H"], 5) + 2, "W": min(s["W"], 5) + 1}
    return {**s, "I": (s["H"] + 2 - 3) // 2 + 1, "J": s["W"] // 2}


_windows: dict[str, Any] = {
    "row_begin": lambda rng, s: np.maximum(np.arange(s["I"]) * 2 - 1, 0),
    "row_end": lambda rng, s: np.minimum(np.arange(s["I"]) * 2 + 2, s["H"]),
    "column_begin": lambda rng, s: np.arange(s["J"]) * 2,
    "column_end": lambda rng, s: np.arange(s["J"]) * 2 + 2,
    "row_share": lambda rng, s: np.full(s["I"], 1 / 3),
    "column_share": lambda rng, s: np.full(s["J"], 1 / 2),
}
_few: dict[str, Any] = {"x": lambda rng, s: rng.integers(-3, 4, [s[each] for each in "BHWC"])}  # with equal ones


def _each_window(s: Sizes) -> Iterator[tuple[int, int, slice, slice]]:
    for i, j in product(range(s["I"]), range(s["J"])):
        yield i, j, slice(max(2 * i - 1, 0), min(2 * i + 2, s["H"])), slice(2 * j, 2 * j + 2)


def _max_pool(v: Inputs, s: Sizes) -> dict[str, Any]:
    y, place = np.zeros((2, s["B"], s["I"], s["J"], s["C"]))
    numbers = np.arange(s["H"] * s["W"]).reshape(s["H"], s["W"])
    for i, j, rows, columns in _each_window(s):
        window = v["x"][:, rows, columns].reshape(s["B"], -1, s["C"])
        y[:, i, j] = window.max(1)
        place[:, i, j] = numbers[rows, columns].ravel()[window.argmax(1)]
    return {"y": y, "place": place}


def _average_pool(v: Inputs, s: Sizes) -> dict[str, Any]:
    y = np.zeros((s["B"], s["I"], s["J"], s["C"]))
    for i, j, rows, columns in _each_window(s):
        y[:, i, j] = v["x"][:, rows, columns].sum((1, 2)) * v["row_share"][i] * v["column_share"][j]
    return {"y": y}


def _average_pool_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    dx = np.zeros((s["B"], s["H"], s["W"], s["C"]))
    for i, j, rows, columns in _each_window(s):
        dx[:, rows, columns] += v["dy"][:, i, j][:, None, None] * v["row_share"][i] * v["column_share"][j]
    return {"dx": dx}


def _scattered(v: Inputs, s: Sizes) -> dict[str, Any]:
    dx = np.zeros((s["B"], s["H"] * s["W"], s["C"]))
    for b, i, j, c in np.ndindex(*v["dy"].shape):
        dx[b, int(v["place"][b, i, j, c]), c] += v["dy"][b, i, j, c]
    return {"dx": dx}


def _corners(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    """One of the corners of each window, for each channel."""
    rows = [_windows[each](rng, s) for each in ("row_begin", "row_end")]
    columns = [_windows[each](rng, s) for each in ("column_begin", "column_end")]
    shape = s["B"], s["I"], s["J"], s["C"]
    down, across = rng.integers(0, 2, shape), rng.integers(0, 2, shape)
    row = np.where(down, rows[1][:, None, None] - 1, rows[0][:, None, None])
    return row * s["W"] + np.where(across, columns[1][:, None] - 1, columns[0][:, None])


def _taken(v: Inputs, s: Sizes) -> dict[str, Any]:
    flat = v["dx"].reshape(s["B"], -1, 1, s["C"])
    return {"dy": np.take_along_axis(flat, v["place"].astype(int).reshape(s["B"], -1, 1, s["C"]), 1)}


CASES["max_pool"] = Case(_max_pool, {**_windows, **_few}, fix=_pooled)


def _small(s: dict[str, int]) -> dict[str, int]:
    return {"H": 3, "W": 4, "C": 2, "J": 2} | {name: min(size, 5) for name, size in s.items()}


CASES["max_pool_gradient"] = Case(_scattered, {**_windows, "place": _corners}, fix=_pooled)
CASES["take_places"] = Case(_taken, fix=_small)
CASES["average_pool"] = Case(_average_pool, _windows, fix=_pooled)
CASES["average_pool_gradient"] = Case(_average_pool_gradient, _windows, fix=_pooled)


def _fractional(v: Inputs, s: Sizes) -> dict[str, Any]:
    """Of 2 I + 1 pixels, with all windows of 2 but one of 3, which Philox puts somewhere (seed 0, stream 5, step 1)."""
    longer = _place_of_the_longer(s["I"])
    begin = np.array([2 * i + (i > longer) for i in range(s["I"])])
    return {"begin": begin, "end": np.minimum(np.append(begin[1:], 2 * s["I"] + 1) + 1, 2 * s["I"] + 1)}


def _place_of_the_longer(windows: int) -> int:
    from kernels.language import specialise
    from kernels.random import uniform

    drawn = specialise(uniform.generic, "python", "float64", lambda body, device: body)
    return next(i for i in range(windows) if drawn(0, 5, 1, 7 + 1 + i) * (windows - i) < 1)


CASES["fractional_windows"] = Case(
    _fractional,
    integers=lambda s: {"extent": 2 * s["I"] + 1, "stream": 5, "first": 7, "random": 1, "overlapping": 1},
)


def _relu_max_pool(v: Inputs, s: Sizes) -> dict[str, Any]:
    return _max_pool({**v, "x": np.maximum(v["x"], 0)}, s)


def _relu_scattered(v: Inputs, s: Sizes) -> dict[str, Any]:
    return _scattered({**v, "dy": np.where(v["y"] > 0, v["dy"], 0)}, s)


CASES["relu_max_pool"] = Case(_relu_max_pool, {**_windows, **_few}, fix=_pooled)
CASES["relu_max_pool_gradient"] = Case(_relu_scattered, {**_windows, "place": _corners}, fix=_pooled)


# Kernels of 3×3 and 5×5, for which there is code of its own, and of 2×3; borders that differ at each side.
def _pooled_convolution(s: dict[str, int]) -> dict[str, int]:
    s = {"H": 3, "W": 4, "P": 3, "Q": 3, "G": 2, "D": 3} | s
    P, Q = ((3, 3), (5, 5), (2, 3))[s["P"] % 3]
    s |= {"B": min(s["B"], 3), "H": min(s["H"], 7) + 5, "W": min(s["W"], 7) + 5, "P": P, "Q": Q}
    s |= {"G": min(s["G"], 3), "D": min(s["D"], 19)}
    top, left, bottom, right = BORDERS
    return {**s, "I": (s["H"] + top + bottom - P + 1) // 2, "J": (s["W"] + left + right - Q + 1) // 2}


def _places(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    """One pixel of each window of 2×2 of the convolution's result."""
    shape = s["B"], s["I"], s["J"], s["D"]
    rows, columns = (rng.integers(0, 2, shape) for _ in "hw")
    width = s["W"] + BORDERS[1] + BORDERS[3] - s["Q"] + 1
    return (2 * np.arange(s["I"])[:, None, None] + rows) * width + 2 * np.arange(s["J"])[:, None] + columns


def _pooled_weight_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    top, left, bottom, right = BORDERS
    x = np.pad(v["x"], ((0, 0), (top, bottom), (left, right), (0, 0)))
    width = x.shape[2] - s["Q"] + 1
    back = np.where(v["y"] > 0, v["dy"], 0)
    d_weight = np.zeros((s["P"], s["Q"], s["G"], s["D"]))
    for b, i, j, d in np.ndindex(back.shape):
        h, w = divmod(int(v["place"][b, i, j, d]), width)
        d_weight[..., d] += back[b, i, j, d] * x[b, h : h + s["P"], w : w + s["Q"]]
    return {"d_weight": d_weight, "d_bias": back.sum((0, 1, 2))}


CASES["pooled_weight_gradient"] = Case(
    _pooled_weight_gradient,
    {"place": _places},
    integers=lambda s: dict(zip(("top", "left", "bottom", "right"), BORDERS, strict=True)),
    fix=_pooled_convolution,
)


def _convolution_pooling(v: Inputs, s: Sizes) -> dict[str, Any]:
    top, left, bottom, right = BORDERS
    x = np.pad(v["x"], ((0, 0), (top, bottom), (left, right), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(x, (s["P"], s["Q"]), (1, 2))
    convolved = np.einsum("bijgpq,pqgd->bijd", seen, v["weight"]) + v["bias"]
    y, place = np.zeros((2, s["B"], s["I"], s["J"], s["D"]))
    numbers = np.arange(convolved[0, ..., 0].size).reshape(convolved.shape[1:3])
    for i, j in product(range(s["I"]), range(s["J"])):
        rows, columns = slice(2 * i, 2 * i + 2), slice(2 * j, 2 * j + 2)
        window = np.maximum(convolved[:, rows, columns].reshape(s["B"], 4, s["D"]), 0)
        y[:, i, j] = window.max(1)
        place[:, i, j] = numbers[rows, columns].ravel()[window.argmax(1)]
    return {"y": y, "place": place}


# Whole numbers, whose sums are exact, so that many are equal.
CASES["convolution_relu_max_pool"] = Case(
    _convolution_pooling,
    {
        "x": lambda rng, s: rng.integers(-2, 3, [s[each] for each in "BHWG"]),
        "weight": lambda rng, s: rng.integers(-2, 3, [s[each] for each in "PQGD"]),
        "bias": lambda rng, s: rng.integers(-2, 3, s["D"]),
    },
    integers=lambda s: dict(zip(("top", "left", "bottom", "right"), BORDERS, strict=True)),
    fix=_pooled_convolution,
)
