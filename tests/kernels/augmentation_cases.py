"""Cases of changed images: against SciPy's interpolation, and the formulas for light and colour."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from tests.kernels.cases import CASES, Case, Inputs, Sizes

SPREAD = np.array([1, 1.5, 1.5, 0.7, 0.7, 0.2, 0.2, 0.5, 0.2, 0.3])


def _changes(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    changes = rng.uniform(-1, 1, (s["B"], s["K"])) * 0.4
    changes[:, :10] = rng.uniform(-1, 1, (s["B"], 10)) * SPREAD
    return changes


def _matrix(*rows: list[float]) -> np.ndarray:
    return np.array(rows)


def places(height: int, width: int, change: np.ndarray) -> np.ndarray:
    """Where each pixel was, [H, W, 2], from a chain of matrices that move what is in an image, inverted."""
    flip, crop_down, crop_along, down, along, zoom, stretch, turn, shear, lens = change[:10]
    moves = _matrix([1, 0], [0, -1 if flip < 0 else 1])
    moves = _matrix([np.exp(zoom - stretch), 0], [0, np.exp(zoom + stretch)]) @ moves
    moves = _matrix([1, 0], [shear, 1]) @ moves
    moves = _matrix([np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]) @ moves
    shift = np.array([np.floor(crop_down + 0.5) + down, np.floor(crop_along + 0.5) + along])
    middle = (np.array([height, width]) - 1) / 2
    seen = np.stack(np.mgrid[:height, :width], -1) - middle
    seen = seen * (1 + lens * (seen**2).sum(-1, keepdims=True) / max((middle**2).sum(), 1e-300))
    return np.asarray((seen - shift) @ np.linalg.inv(moves).T + middle)


def warped(image: np.ndarray, change: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """One image [H, W, C], between pixels in bilinear interpolation."""
    height, width, _ = image.shape
    was = places(height, width, change)
    padded = np.pad(image - outside, ((3, 3), (3, 3), (0, 0)))
    coordinates = np.clip(was.transpose(2, 0, 1) + 3, 0, np.array([height + 5, width + 5])[:, None, None])
    channels = [ndimage.map_coordinates(padded[..., c], coordinates, order=1) for c in range(image.shape[2])]
    return np.stack(channels, -1) + outside


def _warp(v: Inputs, s: Sizes) -> dict[str, Any]:
    pairs = zip(v["images"], v["changes"], strict=True)
    return {"warped": np.stack([warped(image, change, v["outside"]) for image, change in pairs])}


def _warp_labels(v: Inputs, s: Sizes) -> dict[str, Any]:
    made = np.full(v["labels"].shape, -1.0)
    for image, labels, change in zip(made, v["labels"], v["changes"], strict=True):
        was = np.floor(places(*labels.shape, change) + 0.5).astype(int)
        inside = ((was >= 0) & (was < labels.shape)).all(axis=-1)
        image[inside] = labels[tuple(was[inside].T)]
    return {"warped": made}


def _colour(v: Inputs, s: Sizes) -> dict[str, Any]:
    changes = v["changes"][:, None, None]
    bright = v["images"] * (1 + changes[..., 10:11])
    mean = (bright @ v["grey"]).mean(axis=(1, 2))[:, None, None, None]
    contrasted = mean + (1 + changes[..., 11:12]) * (bright - mean)
    own = mean + (1 + changes[..., 11:12]) * ((bright @ v["grey"])[..., None] - mean)
    saturated = own + (1 + changes[..., 12:13]) * (contrasted - own)
    amounts = np.einsum("cd,bd->bc", v["directions"], v["changes"][:, 13 : 13 + s["C"]])
    return {"coloured": np.clip(saturated + amounts[:, None, None], 0, 1) * v["scale"] + v["shift"]}


def _shares(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    shares = rng.uniform(0.2, 1, s["C"])
    return shares / shares.sum()


CASES["warp_images"] = Case(_warp, {"changes": _changes}, fix=lambda s: s | {"K": 13 + s["C"]}, tolerance=2e-4)
CASES["warp_labels"] = Case(_warp_labels, {"changes": _changes}, fix=lambda s: s | {"K": max(s["K"], 14)})
CASES["colour_images"] = Case(
    _colour,
    {
        "changes": _changes,
        "grey": _shares,
        "images": lambda rng, s: rng.uniform(0, 1, (s["B"], s["H"], s["W"], s["C"])),
    },
    fix=lambda s: s | {"K": 13 + s["C"]},
    tolerance=1e-4,
)
