"""Why a network in training answers what it answers: maps of the pixels that its answers come from, and how good such
maps are. Figures and host metrics of one network share them."""

from __future__ import annotations

import weakref
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lab.data import Data
from lab.nets.initialisers import generator
from lab.tasks.training.attributions import METHODS, Attributions

if TYPE_CHECKING:
    from lab.tasks.training.inspection import Inspection

MOST = 64
"""So many images are explained, of those that are held back, or, where none are, of the evaluation sample."""
PATCHES = 4
"""A square that covers a part of an image is a so-manieth as high and wide, if nobody says how large it is."""
CHECKED = ("saliency", "gradient_times_input", "guided_backprop")
"""Methods whose maps with shuffled weights are compared. Occlusion takes too long, the image alone has no weights."""

Weights = dict[str, np.ndarray]


class Explanations:
    """Maps for the network's own answers on the same images at any time; computed once for the same weights."""

    def __init__(self, inspection: Inspection) -> None:
        # The inspection has this. If this had the inspection, too, memory would wait for the collector of cycles.
        self._inspection: Inspection = weakref.proxy(inspection)
        self._weights: Weights = {}
        self._answers: np.ndarray | None = None
        self._maps: dict[tuple[str, int], np.ndarray] = {}
        self._fall: tuple[np.ndarray, np.ndarray] | None = None

    @cached_property
    def sample(self) -> Data:
        """The images that are explained."""
        return self._inspection.held_back(MOST)

    @cached_property
    def shown(self) -> np.ndarray:
        """The numbers of images in the sample in the order in which they are shown: two of a class that occurs twice,
        then two of the next one, and what is left."""
        targets = self.sample.targets
        places = [np.flatnonzero(targets == each) for each in dict.fromkeys(targets.tolist())]
        pairs = [each[:2] for each in places if len(each) > 1]
        rest = [each[2:] if len(each) > 1 else each for each in places]
        return np.concatenate([*pairs, *rest])

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the scenario asks for; all, where it does not say."""
        return tuple(self._inspection.scenario.options.get("attribution_methods") or METHODS)

    @cached_property
    def layers(self) -> list[str]:
        """The layers with weights, from the last to the first, in the order in which they are shuffled."""
        names = dict.fromkeys(name.rpartition(".")[0] for name in self._inspection.network.parameters.members)
        return list(reversed(names))

    @cached_property
    def attributions(self) -> Attributions:
        """The network as it is asked. Raises InvalidValue."""
        network, sample = self._inspection.network, self._inspection.evaluation_sample
        shape = sample.image_shape
        assert shape is not None
        mean = sample.numbers.mean(axis=(0, 1, 2), dtype=np.float64)
        smaller = min(shape[:2])
        wanted = self._inspection.scenario.options.get("occlusion_patch") or max(1, round(smaller / PATCHES))
        return Attributions(network, shape, mean, min(int(wanted), smaller))

    def answers(self) -> np.ndarray:
        """The network's answers on the sample, [n]."""
        self._look()
        if self._answers is None:
            self._load(0)
            self._answers = self.attributions.scores(self.sample.numbers).argmax(axis=1)
        return self._answers

    def maps(self, method: str, shuffled: int = 0) -> np.ndarray:
        """The maps of a method for the network's answers, [n, height, width].

        shuffled: of so many layers, the last ones, the weights have changed places within each layer; the answers that
                  are explained are still those of the network as it is
        """
        answers = self.answers()
        if (method, shuffled) not in self._maps:
            if method == "occlusion" and not shuffled:
                found = self.attributions.occlusion_of(self._falls()[0], self.sample.numbers)
            else:
                self._load(shuffled)
                found = self.attributions.maps(method, self.sample.numbers, answers)
            self._maps[method, shuffled] = np.where(np.isfinite(found), found, 0.0)
        return self._maps[method, shuffled]

    def flips(self) -> np.ndarray:
        """Whether some square makes the network answer something else, bool [n]."""
        return np.asarray(self._falls()[1].any(axis=1))

    def let_go(self) -> None:
        """Give memory back until it is asked again."""
        if "attributions" in vars(self):
            self.attributions.let_go()

    # How good the maps are

    def mass_inside(self, method: str) -> np.ndarray:
        """Which share of each map's sum lies inside the mask, [n]; of a map that is 0 everywhere, the mask's area."""
        maps, masks = self.maps(method), self.masks
        whole = maps.sum(axis=(1, 2))
        inside = (maps * masks).sum(axis=(1, 2))
        return np.where(whole > 0, inside / np.where(whole > 0, whole, 1.0), masks.mean(axis=(1, 2)))

    def peak_inside(self, method: str) -> np.ndarray:
        """Whether the brightest pixel of each map lies inside the mask, [n]."""
        maps = self.maps(method)
        brightest = maps.reshape(len(maps), -1).argmax(axis=1)
        return self.masks.reshape(len(maps), -1)[np.arange(len(maps)), brightest]

    def overlap(self, method: str) -> np.ndarray:
        """How well the brightest pixels of each map, as many as the mask has, agree with it: pixels in both over pixels
        in either, [n]."""
        maps, masks = (each.reshape(len(each), -1) for each in (self.maps(method), self.masks))
        ranks = np.argsort(np.argsort(-maps, axis=1, kind="stable"), axis=1)
        chosen = ranks < masks.sum(axis=1, keepdims=True)
        return (chosen & masks).sum(axis=1) / np.maximum((chosen | masks).sum(axis=1), 1)

    def similarity(self, method: str, shuffled: int) -> np.ndarray:
        """How far each map agrees with that of the network whose last layers are shuffled: correlation over the pixels,
        [n]; NaN where a map is the same everywhere. By ranks the dark background, most of the image, would count as
        much as what is bright."""
        return correlation(self.maps(method), self.maps(method, shuffled))

    def sameness(self, method: str) -> np.ndarray:
        """How far each map agrees with that of the next image with the same answer: correlation over the pixels, [n];
        NaN where there is no such image, or a map is the same everywhere."""
        maps, answers = self.maps(method), self.answers()
        found = np.full(len(maps), np.nan)
        for answer in np.unique(answers):
            rows = np.flatnonzero(answers == answer)
            if len(rows) > 1:
                found[rows] = correlation(maps[rows], maps[np.roll(rows, -1)])
        return found

    def shuffled_similarity(self, method: str) -> float:
        """The mean of `similarity` when all layers are shuffled; NaN if there is none."""
        return mean(self.similarity(method, len(self.layers)))

    def half_shuffled_similarity(self, method: str) -> float:
        """The same when the last half of the layers is, one more if their number is odd."""
        return mean(self.similarity(method, -(-len(self.layers) // 2)))

    @property
    def masks(self) -> np.ndarray:
        """The pixels of what the images are told apart by, bool [n, height, width]."""
        masks = self.sample.masks
        assert masks is not None
        return masks

    # The network

    def _falls(self) -> tuple[np.ndarray, np.ndarray]:
        answers = self.answers()
        if self._fall is None:
            self._load(0)
            self._fall = self.attributions.fall(self.sample.numbers, answers)
        return self._fall

    def _load(self, shuffled: int) -> None:
        weights = shuffled_weights(self._weights, self.layers[:shuffled], self._inspection.seed)
        self.attributions.load(weights, self._inspection.settings())

    def _look(self) -> None:
        """Forget what was found out of other weights."""
        weights = self._inspection.weights()
        known = self._weights.keys() == weights.keys()
        if known and all(np.array_equal(each, self._weights[name]) for name, each in weights.items()):
            return
        self._weights, self._answers, self._maps, self._fall = weights, None, {}, None


def can_be_explained(inspection: Inspection) -> bool:
    """Whether the network gives images one score for each class. Raises InvalidValue if these have no gradient with
    respect to the images, before anything is trained."""
    data = inspection.split.train
    if data.image_shape is None or data.kind != "classes" or data.targets.ndim != 1:
        return False
    return inspection.explanations.attributions is not None


def shuffled_weights(weights: Weights, layers: list[str], seed: int) -> Weights:
    """The same numbers, those of each array of these layers in another order; it depends on the seed and the name."""
    changed = dict(weights)
    for name, values in weights.items():
        if name.rpartition(".")[0] in layers:
            changed[name] = generator(seed, f"shuffled {name}").permutation(values.ravel()).reshape(values.shape)
    return changed


def correlation(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each pair of maps [n, height, width] over their pixels: [n], NaN where a map is the same
    everywhere."""
    one, other = (each.reshape(len(each), -1) - each.mean(axis=(1, 2))[:, None] for each in (some, others))
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    return np.where(size > 0, (one * other).sum(axis=1) / np.where(size > 0, size, 1.0), np.nan)


def mean(values: np.ndarray) -> float:
    """The mean of what is a number; NaN if nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
