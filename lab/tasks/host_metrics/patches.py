"""How much the pieces of images that a channel answers to most have in common."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO, SHARE
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.patches import MOST, TOP, Maxima, patch

RANDOM_SETS = 50
"""So many sets of patches are drawn at random, to compare with."""


class PatchScores(HostMetric):
    """Of the maximal patches of each convolution's channels, which the figure `maximal_patches` shows."""

    meanings = {
        "patch_likeness": RATIO.of(
            f"how alike the {TOP} patches are that a channel answers to most, each of another of up to {MOST} images: "
            "correlation over the pixels, mean over pairs and channels; by convolution, as `.relu1`",
            higher_is_better=True,
        ),
        "random_patch_likeness": RATIO.of("the same of patches of that size that are cut anywhere at random"),
        "patch_purity": SHARE.of(
            "of how many pairs of a channel's maximal patches both are from images of the same class; mean over "
            "channels, by convolution",
            higher_is_better=True,
        ),
        "outside_effect": SHARE.of(
            "by how much, as a share of itself, the largest number of a channel changes when all pixels outside of its "
            "patch become those of another image; the largest of all channels, by convolution",
            higher_is_better=False,
        ),
        "inside_effect": SHARE.of(
            "the same when the pixels of the patch do, and all others stay; mean over channels, by convolution",
            higher_is_better=True,
        ),
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        images = inspection.split.train.image_shape is not None and inspection.split.train.kind == "classes"
        layers = list(inspection.patches.places) if self.names and images else []
        self.names = tuple(f"{name}.{layer}" for name in self.names for layer in layers)

    def measure(self) -> dict[str, float]:
        values = {}
        for full in self.names:
            name, _, layer = full.partition(".")
            values[full] = float(getattr(self, f"_{name}")(layer))
        return values

    def _maxima(self, layer: str) -> list[Maxima]:
        """Those of the channels that are above 0 in two images at least."""
        patches = self.inspection.patches
        found = [patches.of(layer, channel) for channel in range(patches.channels(layer))]
        return [each for each in found if len(each.images) > 1]

    def _patch_likeness(self, layer: str) -> float:
        images = self.inspection.patches.sample.numbers
        found = []
        for each in self._maxima(layer):
            corners = zip(each.images, each.rows, each.columns, strict=True)
            found.append(likeness([patch(images[i], row, column, each.size) for i, row, column in corners]))
        return mean(found)

    def _random_patch_likeness(self, layer: str) -> float:
        patches = self.inspection.patches
        images, place = patches.sample.numbers, patches.places[layer]
        height, width = images.shape[1:3]
        random = np.random.default_rng(0)
        found = []
        for _ in range(RANDOM_SETS):
            chosen = random.integers(len(images), size=TOP)
            rows, columns = (
                random.integers(max(1, whole - part + 1), size=TOP)
                for whole, part in zip((height, width), place.size, strict=True)
            )
            found.append(
                likeness([patch(images[i], r, c, place.size) for i, r, c in zip(chosen, rows, columns, strict=True)])
            )
        return mean(found)

    def _patch_purity(self, layer: str) -> float:
        targets = self.inspection.patches.sample.targets
        found = []
        for each in self._maxima(layer):
            classes = targets[each.images]
            pairs = np.triu_indices(len(classes), 1)
            found.append(float((classes[:, None] == classes[None])[pairs].mean()))
        return mean(found)

    def _outside_effect(self, layer: str) -> float:
        return float(np.max(self._effects(layer, inside=False), initial=0.0))

    def _inside_effect(self, layer: str) -> float:
        return mean(self._effects(layer, inside=True).tolist())

    def _effects(self, layer: str, inside: bool) -> np.ndarray:
        """By how much the largest number of each channel changes, [channels]."""
        patches = self.inspection.patches
        images = patches.sample.numbers
        changed, where, before = [], [], []
        for channel in range(patches.channels(layer)):
            best = patches.of(layer, channel, 1)
            if not len(best.images):
                continue
            number, row, column = int(best.images[0]), int(best.rows[0]), int(best.columns[0])
            kept, other = images[number], images[(number + len(images) // 2) % len(images)]
            here = np.zeros(kept.shape[:2], bool)
            here[max(row, 0) : row + best.size[0], max(column, 0) : column + best.size[1]] = True
            changed.append(np.where((here if inside else ~here)[..., None], other, kept))
            place = patches.places[layer]
            where.append(((row - place.first[0]) // place.step[0], (column - place.first[1]) // place.step[1], channel))
            before.append(float(best.values[0]))
        if not changed:
            return np.zeros(0)
        maps = patches.activations(np.stack(changed))[layer]
        after = np.array([maps[number][spot] for number, spot in enumerate(where)], np.float64)
        return np.abs(after - before) / np.array(before)


def likeness(patches: list[np.ndarray]) -> float:
    """The mean correlation of all pairs of patches, over their pixels; of those that are the same everywhere, with
    which nothing is correlated, nothing counts. NaN where fewer than two are left."""
    flat = np.stack([each.ravel() for each in patches]).astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.sqrt((flat**2).sum(axis=1))
    flat = flat[length > 1e-6] / length[length > 1e-6, None]
    if len(flat) < 2:
        return float("nan")
    return float((flat @ flat.T)[np.triu_indices(len(flat), 1)].mean())


def mean(values: list[float]) -> float:
    """The mean of what is a number; NaN if nothing is."""
    known = [each for each in values if np.isfinite(each)]
    return float(np.mean(known)) if known else float("nan")
