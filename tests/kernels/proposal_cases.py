"""Cases of proposed regions, and of what is learned of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.metrics.detection import intersection_over_union, non_maximum_suppression
from lab.tasks.detection import box_coding

from .cases import CASES, Case, Inputs, Sizes, number

LOWEST = -1e30


def _anchors(rng: np.random.Generator, *shape: int) -> np.ndarray:
    low = rng.uniform(0, 0.7, (*shape, 2))
    return np.concatenate([low, low + rng.uniform(0.1, 0.4, (*shape, 2))], axis=-1)


def _best_regions(v: Inputs, s: Sizes) -> dict[str, Any]:
    regions, left = np.zeros((s["B"], s["R"], 4)), v["numbers"].copy()
    for image, numbers in enumerate(v["numbers"]):
        boxes = np.clip(box_coding.decode(numbers[:, 1:], v["anchors"]), 0, 1)
        kept = non_maximum_suppression(boxes, numbers[:, 0], v["overlap"][0]).kept[: s["R"]]
        regions[image, : len(kept)] = boxes[kept]
        near = intersection_over_union(boxes, boxes[kept]) > v["overlap"][0]
        near[kept, np.arange(len(kept))] = True
        left[image, :, 0] = np.where(near.any(axis=1), LOWEST, numbers[:, 0])
        left[image, :, 1:] = boxes
    return {"regions": regions, "boxes": left}


def _region_targets(v: Inputs, s: Sizes) -> dict[str, Any]:
    targets = np.zeros((s["B"], s["R"], 6))
    for row, regions, objects in zip(targets, v["regions"], v["objects"], strict=True):
        own = objects[objects[:, 0] > 0]
        overlaps = intersection_over_union(regions, own[:, 1:]) if len(own) else np.zeros((s["R"], 1))
        there = overlaps.max(axis=1) >= v["match"][0]
        if len(own):
            which = own[overlaps.argmax(axis=1)][there]
            row[there, 0] = which[:, 0]
            row[there, 1:5] = box_coding.encode(which[:, 1:], regions[there])
        share, found = v["share"][0], there.sum()
        row[:, 5] = np.where(there, 1, max(found, 1) * (1 - share) / share / max(s["R"] - found, 1))
    return {"targets": targets}


def _objects(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    return np.concatenate([rng.integers(0, 4, (s["B"], s["M"], 1)), _anchors(rng, s["B"], s["M"])], axis=2)


CASES["best_regions"] = Case(
    _best_regions,
    {
        "numbers": lambda rng, s: rng.uniform(-0.4, 0.4, (s["B"], s["N"], 5)),
        "anchors": lambda rng, s: _anchors(rng, s["N"]),
        "overlap": number(0.3),
    },
)
CASES["region_targets"] = Case(
    _region_targets,
    {
        "regions": lambda rng, s: _anchors(rng, s["B"], s["R"]),
        "objects": _objects,
        "match": number(0.25),
        "share": number(0.25),
    },
)
