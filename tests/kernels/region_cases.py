"""Cases of regions of images that are brought to one size."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cases import CASES, Case, Inputs, Sizes, number

SAMPLES = 2


def shares(low: np.ndarray, high: np.ndarray, bins: int, extent: int, samples: int = SAMPLES) -> np.ndarray:
    """Of boxes with these sides, [n], the share of each of `extent` pixels in each bin: [n, bins, extent].

    In pixels whose numbers stand at + 0.5. Outside of the outermost pixels' squares by more than half a pixel: nothing.
    """
    steps = (np.arange(bins * samples) + 0.5) / (bins * samples)
    places = low[:, None] + (high - low)[:, None] * steps - 0.5
    inside = np.clip(places, 0, extent - 1)
    hats = np.maximum(1 - np.abs(inside[..., None] - np.arange(extent)), 0)
    hats *= ((places >= -1) & (places <= extent))[..., None]
    return hats.reshape(len(low), bins, samples, extent).mean(axis=2)


def by_axis(boxes: np.ndarray, size: tuple[int, int], height: int, width: int, samples: int = SAMPLES) -> Any:
    """The shares by rows and by columns of boxes [n, 4]."""
    return (
        shares(boxes[:, 1], boxes[:, 3], size[0], height, samples),
        shares(boxes[:, 0], boxes[:, 2], size[1], width, samples),
    )


def _of(v: Inputs, s: Sizes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, columns = by_axis(v["boxes"].reshape(-1, 4) * v["scale"][0], (s["I"], s["J"]), s["H"], s["W"])
    return rows, columns, np.repeat(np.arange(s["B"]), s["R"])


def _region_align(v: Inputs, s: Sizes) -> dict[str, Any]:
    rows, columns, image = _of(v, s)
    return {"y": np.einsum("nih,njw,nhwc->nijc", rows, columns, v["x"][image])}


def _region_align_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    rows, columns, image = _of(v, s)
    dx = np.zeros([s[name] for name in "BHWC"])
    np.add.at(dx, image, np.einsum("nih,njw,nijc->nhwc", rows, columns, v["dy"]))
    return {"dx": dx}


def _sizes(s: dict[str, int]) -> dict[str, int]:
    s = {"H": 5, "W": 4, "C": 3, "R": 2, "I": 2, "J": 3} | {name: min(size, 6) for name, size in s.items()}
    return s | {"B": min(s["B"], 3), "R": min(s["R"], 3), "N": min(s["B"], 3) * min(s["R"], 3)}


def _boxes(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    """Some inside, some partly or wholly outside, some without area, some that end before they begin. Their places are
    chosen so that no point lies where an image ends, which the two real types could see differently."""
    extent = np.array([s["W"], s["H"], s["W"], s["H"]])
    return 2 * (rng.uniform(-0.7, 1.7, (s["B"], s["R"], 4)) * extent)


_made: dict[str, Any] = {
    "inputs": {"boxes": _boxes, "scale": number(0.5)},
    "integers": lambda s: {"samples": SAMPLES},
    "fix": _sizes,
}
CASES["region_align"] = Case(_region_align, **_made)
CASES["region_align_gradient"] = Case(_region_align_gradient, **_made)
