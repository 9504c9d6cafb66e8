"""Cases of what detectors are trained towards."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.metrics.detection import corner_form, intersection_over_union

from .cases import CASES, Case, Inputs, Sizes, number

CLASSES, GRID = 2, 6


def _outputs(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    return rng.uniform(0.05, 0.9, (s["R"], s["N"]))


def _cells(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    rows = rng.uniform(0.05, 0.9, (s["R"], 5))
    rows[:, 0] = rng.integers(-1, CLASSES, s["R"])
    return rows


def _corners(numbers: np.ndarray) -> np.ndarray:
    return corner_form(np.concatenate([numbers[:, :2] / GRID, numbers[:, 2:4] ** 2], axis=1))


def _yolo_targets(v: Inputs, s: Sizes) -> dict[str, Any]:
    wanted, weights = np.zeros((s["R"], s["N"])), np.zeros((s["R"], s["N"]))
    boxes = (s["N"] - CLASSES) // 5
    for row, cell in enumerate(v["cells"]):
        said = v["outputs"][row, : 5 * boxes].reshape(boxes, 5)
        weights[row, 4 : 5 * boxes : 5] = v["empty"][0]
        if cell[0] < 0:
            continue
        overlaps = intersection_over_union(_corners(cell[None, 1:]), _corners(said))[0]
        apart = ((said[:, :4] - cell[1:]) ** 2).sum(axis=1)
        best = int(overlaps.argmax() if overlaps.max() > 0 else apart.argmin())
        wanted[row, 5 * best : 5 * best + 5] = [*cell[1:], overlaps[best]]
        weights[row, 5 * best : 5 * best + 5] = [*[v["coordinates"][0]] * 4, 1]
        wanted[row, 5 * boxes + int(cell[0])] = 1
        weights[row, 5 * boxes :] = 1
    return {"wanted": wanted, "weights": weights}


def _hard_negatives(v: Inputs, s: Sizes) -> dict[str, Any]:
    chosen = v["positive"].copy()
    for row, losses in enumerate(v["losses"]):
        others = np.flatnonzero(v["positive"][row] == 0)
        ranked = others[np.argsort(-losses[others], kind="stable")]
        chosen[row, ranked[: int(v["ratio"][0] * v["positive"][row].sum())]] = 1
    return {"chosen": chosen}


CASES["yolo_targets"] = Case(
    _yolo_targets,
    {"outputs": _outputs, "cells": _cells, "coordinates": number(5.0), "empty": number(0.5)},
    integers=lambda s: {"boxes": (s["N"] - CLASSES) // 5, "grid": GRID},
    fix=lambda s: {**s, "N": 5 * min(s["N"], 3) + CLASSES},
)
CASES["hard_negatives"] = Case(
    _hard_negatives,
    {
        # Of few different numbers, so that some are equal.
        "losses": lambda rng, s: rng.integers(0, 6, (s["B"], s["N"])),
        "positive": lambda rng, s: rng.random((s["B"], s["N"])) < 0.2,
        "ratio": number(3.0),
    },
)
