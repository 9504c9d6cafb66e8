"""Cases of masks of objects in regions: where regions end, what is learned of each, and boxes that are rounded."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.metrics.detection import intersection_over_union
from lab.tasks.detection import box_coding

from .cases import CASES, Case, Inputs, Sizes, number
from .proposal_cases import _anchors, _objects
from .region_cases import by_axis


def _moved_regions(v: Inputs, s: Sizes) -> dict[str, Any]:
    return {"boxes": box_coding.decode(v["offsets"] * v["deviations"], v["regions"])}


def _mask_targets(v: Inputs, s: Sizes) -> dict[str, Any]:
    wanted, labels = np.zeros([s[name] for name in "BRIJ"]), np.zeros((s["B"], s["R"]))
    size = np.array([s["W"], s["H"], s["W"], s["H"]])
    for image, (boxes, objects, owners) in enumerate(zip(v["boxes"], v["objects"], v["owners"], strict=True)):
        there = np.flatnonzero(objects[:, 0] > 0)
        if not len(there):
            continue
        overlaps = intersection_over_union(boxes, objects[there, 1:])
        rows, columns = by_axis(boxes * size, (s["I"], s["J"]), s["H"], s["W"])
        for region in np.flatnonzero(overlaps.max(axis=1) >= v["match"][0]):
            owner = there[overlaps[region].argmax()]
            labels[image, region] = objects[owner, 0]
            wanted[image, region] = rows[region] @ (owners == owner) @ columns[region].T >= 0.5
    return {"wanted": wanted, "labels": labels}


def _rounded_boxes(v: Inputs, s: Sizes) -> dict[str, Any]:
    low, high = np.floor(v["boxes"] + 0.5).reshape(-1, 2, 2).transpose(1, 0, 2)
    return {"rounded": np.concatenate([low, np.maximum(high, low + 1)], axis=1)}


CASES["moved_regions"] = Case(
    _moved_regions,
    {
        "regions": lambda rng, s: _anchors(rng, s["N"]),
        "offsets": lambda rng, s: rng.uniform(-3, 3, (s["N"], 4)),
        "deviations": lambda rng, s: np.array([0.1, 0.1, 0.2, 0.2]),
    },
)
CASES["mask_targets"] = Case(
    _mask_targets,
    {
        "boxes": lambda rng, s: _anchors(rng, s["B"], s["R"]),
        "objects": _objects,
        "owners": lambda rng, s: rng.integers(-1, s["M"], (s["B"], s["H"], s["W"])).astype(np.float64),
        "match": number(0.25),
    },
    fix=lambda s: {"I": 3, "J": 2} | {name: min(size, 6) for name, size in s.items()} | {"M": min(s["M"], 4)},
)
CASES["rounded_boxes"] = Case(_rounded_boxes, {"boxes": lambda rng, s: rng.uniform(-3, 12, (s["N"], 4))})
