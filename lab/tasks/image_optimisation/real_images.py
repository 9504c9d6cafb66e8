"""Real images, with which those that were made are compared."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np

from lab.graph import Tensor
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.tasks.image_optimisation.structure import STRUCTURES, structure_distance
from lab.tasks.training.predictor import Predictor

if TYPE_CHECKING:
    from lab.tasks.image_optimisation.image_optimisation import ImageOptimisation

AT_ONCE = 64
HELD_BACK = 200
"""Of so many images that are held back it is asked how near the nearest training image is."""
PAIRS = 500
"""So many pairs of images tell how far two are apart by chance."""


class RealImages:
    """What a network, once it is trained, says of all training images and those that are held back.

    best: of each unit the score of the image that it is largest for, [images]
    """

    def __init__(self, experiment: ImageOptimisation) -> None:
        # The experiment has this. If this had the experiment, too, its memory would wait for the collector of cycles.
        self._of: ImageOptimisation = weakref.proxy(experiment)
        self.best: np.ndarray | None = None
        self._accuracy = self._judge_accuracy = self._roughness = self._real_nearest = float("nan")
        self._by_chance: float | None = None

    def look(self) -> None:
        """Ask the network, as it is now, for what is watched."""
        of, watched = self._of, self._of.scenario.watch
        held = of.split.validation
        assert held is not None
        if "network_accuracy" in watched:
            self._accuracy = self._accuracy_of(of.network)
        if "judge_accuracy" in watched and of.judge is not None:
            self._judge_accuracy = self._accuracy_of(of.judge)
        if "real_nearest_real" in watched:
            some = np.random.default_rng(1).permutation(held.count)[:HELD_BACK]
            self._real_nearest = self._nearest(held.numbers[some].reshape(len(some), -1).astype(np.float64))
        if "real_total_variation" in watched:
            numbers = held.numbers.astype(np.float64)
            down, along = (np.abs(np.diff(numbers, axis=axis)).sum(axis=(1, 2, 3)) for axis in (1, 2))
            self._roughness = float((down + along).mean() / np.prod(numbers.shape[1:3]))
        if of.options.score:
            layer = of.options.target_layer
            parts = [self._asked(of.network, each.numbers, layer) for each in (of.split.train, held)]
            self.best = np.concatenate(parts).max(axis=0)[: of.count]

    def _accuracy_of(self, network: Network) -> float:
        held = self._of.split.validation
        assert held is not None
        return float((self._asked(network, held.numbers, None).argmax(axis=1) == held.targets).mean())

    def _asked(self, network: Network, images: np.ndarray, layer: str | None) -> np.ndarray:
        """A network's scores, or the numbers of the units of a layer, [n, units]."""

        def wanted(y: Tensor, parts: list[BuiltLayer]) -> dict[str, Tensor]:
            return {"y": y if layer is None else next(part.y for part in parts if part.name == layer)}

        predictor = Predictor(network, (AT_ONCE, *images.shape[1:]), wanted)
        weights = self._of.numbers(network.kept)
        found = []
        for first in range(0, len(images), AT_ONCE):
            rows = np.arange(first, first + AT_ONCE) % len(images)
            y = predictor(images[rows], weights, {})["y"][: len(images) - first].astype(np.float64)
            found.append(y.mean(axis=(1, 2)) if y.ndim == 4 else y)
        predictor.let_go()
        return np.concatenate(found)

    def compared(self, found: dict[str, np.ndarray]) -> dict[str, float]:
        """Metrics of the images that were made, from what was measured of them."""
        of = self._of
        values = {
            "network_accuracy": self._accuracy,
            "judge_accuracy": self._judge_accuracy,
            "real_total_variation": self._roughness,
            "real_nearest_real": self._real_nearest,
        }
        if "judged" in found:
            answers = found["judged"].argmax(axis=1)
            values["judge_agrees"] = float((answers == np.arange(of.count)).mean())
        if self.best is not None:
            values |= {
                "best_real_score": float(self.best.mean()),
                "above_real": float((found["score"] > self.best).mean()),
                "stuck": float((found["gradient"] == 0).mean()),
            }
        images = found["images"].reshape(of.count, -1)
        if "pixel_distance" in of.metrics:
            wanted = of.contents.reshape(of.count, -1)
            middle = wanted - wanted.mean(axis=1, keepdims=True)
            values["pixel_distance"] = float((((images - wanted) ** 2).sum(axis=1) / (middle**2).sum(axis=1)).mean())
        if "content_recognised" in of.metrics:
            assert of.wanted.content is not None
            made, wanted = (
                each.reshape(of.count, -1).astype(np.float64)
                for each in (found["content_features"], of.read(of.wanted.content))
            )
            values["content_recognised"] = recognised(made, wanted)
        for name, (first, last) in STRUCTURES.items():
            if name in of.metrics:
                values[name] = structure_distance(found["images"], of.styles, first, last)
        if "nearest_real" in of.metrics:
            values["nearest_real"] = self._nearest(images)
        return values

    def _nearest(self, images: np.ndarray) -> float:
        real = self._of.split.train.numbers.reshape(self._of.split.train.count, -1).astype(np.float64)
        if self._by_chance is None:
            one, other = np.random.default_rng(0).integers(len(real), size=(2, PAIRS))
            self._by_chance = float(((real[one] - real[other]) ** 2).sum(axis=1).mean())
        squares = (images**2).sum(axis=1)[:, None] + (real**2).sum(axis=1)[None] - 2 * images @ real.T
        return float(squares.min(axis=1).mean() / self._by_chance)


def recognised(made: np.ndarray, wanted: np.ndarray) -> float:
    """Of how many of features [n, numbers] what sets them apart from the others, their difference from the mean of all,
    correlates more with that of the features of the same number in `wanted` than with that of any other."""
    one, other = (each - each.mean(axis=0) for each in (made, wanted))
    size = np.linalg.norm(other, axis=1)
    likeness = one @ other.T / np.where(size > 0, size, 1.0)
    return float((likeness.argmax(axis=1) == np.arange(len(one))).mean())
