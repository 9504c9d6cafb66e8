"""Cases of windows and of products of many matrices."""

from __future__ import annotations

import numpy as np

from .cases import CASES, Case, Inputs, Sizes, y_of

# The array is [C, B, A, 2 D]: the window takes every second number backwards, and its axes in another order.
_WINDOW = {
    "fix": lambda s: {**s, "n": s["A"] * s["B"] * s["C"] * s["D"] * 2},
    "integers": lambda s: {
        "offset": 2 * s["D"] - 1,
        "stride_a": 2 * s["D"],
        "stride_b": s["A"] * 2 * s["D"],
        "stride_c": s["B"] * s["A"] * 2 * s["D"],
        "stride_d": -2,
    },
}


def _whole(s: Sizes) -> tuple[int, ...]:
    return s["C"], s["B"], s["A"], 2 * s["D"]


def _taken(v: Inputs, s: Sizes) -> dict[str, np.ndarray]:
    return {"y": v["x"].reshape(_whole(s))[..., ::-2].transpose(2, 1, 0, 3)}


def _put(v: Inputs, s: Sizes) -> dict[str, np.ndarray]:
    x = np.zeros(_whole(s))
    x[..., ::-2] = v["y"].transpose(2, 1, 0, 3)
    return {"x": x.ravel()}


CASES["take_window"] = Case(_taken, **_WINDOW)
CASES["put_window"] = Case(_put, **_WINDOW)
CASES["concatenate_columns"] = Case(
    y_of(lambda a, b: np.concatenate([a, b], 1), "a", "b"), fix=lambda s: {**s, "E": s["C"] + s["D"]}
)
CASES["add_columns"] = Case(
    lambda v, s: {"y": v["x"] + np.pad(v["part"], ((0, 0), (2, s["E"] - s["C"] - 2)))},
    fix=lambda s: {**s, "E": s["C"] + 5},
    integers=lambda s: {"first": 2},
)
CASES["accumulate_columns"] = Case(
    lambda v, s: {"sums": v["sums"] + np.pad(v["part"], ((0, 0), (2, s["E"] - s["C"] - 2)))},
    fix=lambda s: {**s, "E": s["C"] + 5},
    integers=lambda s: {"first": 2},
)
CASES["batched_matmul"] = Case(y_of(lambda a, b: a @ b, "a", "b"))
CASES["batched_matmul_transposed_right"] = Case(y_of(lambda a, b: a @ b.transpose(0, 2, 1), "a", "b"))
CASES["batched_matmul_transposed_left"] = Case(y_of(lambda a, b: a.transpose(0, 2, 1) @ b, "a", "b"))


def _whole_images(s: dict[str, int]) -> dict[str, int]:
    return {**s, "N": s["B"] * s["H"] * s["W"]}


# Neighbourhoods of pixels: (P - 1) // 2 rows above a pixel belong to its own, and so with columns.
_PATCHES = {
    "fix": lambda s: _whole_images({"B": 2, "H": 3, "W": 4, "P": 3, "Q": 2, **s}),
    "integers": lambda s: {"top": (s["P"] - 1) // 2, "left": (s["Q"] - 1) // 2},
}


def _patches(v: Inputs, s: Sizes) -> dict[str, np.ndarray]:
    above, before = (s["P"] - 1) // 2, (s["Q"] - 1) // 2
    padded = np.pad(v["x"], ((0, 0), (above, s["P"] - 1 - above), (before, s["Q"] - 1 - before), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (s["P"], s["Q"]), axis=(1, 2))
    return {"y": seen.transpose(0, 1, 2, 4, 5, 3).reshape(s["N"], s["P"], s["Q"], s["C"])}


def _summed(v: Inputs, s: Sizes) -> dict[str, np.ndarray]:
    above, before = (s["P"] - 1) // 2, (s["Q"] - 1) // 2
    padded = np.zeros((s["B"], s["H"] + s["P"] - 1, s["W"] + s["Q"] - 1, s["C"]))
    y = v["y"].reshape(s["B"], s["H"], s["W"], s["P"], s["Q"], s["C"])
    for p in range(s["P"]):
        for q in range(s["Q"]):
            padded[:, p : p + s["H"], q : q + s["W"]] += y[:, :, :, p, q]
    return {"x": padded[:, above : above + s["H"], before : before + s["W"]]}


CASES["take_patches"] = Case(_patches, **_PATCHES)
CASES["add_patches"] = Case(_summed, **_PATCHES)
