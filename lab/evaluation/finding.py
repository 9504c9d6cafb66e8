"""How the numbers of a trained network that finds objects are read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.recipe import Recipe
from lab.errors import BadInput, InvalidValue
from lab.metrics.detection import Detections
from lab.metrics.detection.heads import Heads
from lab.metrics.detection.said import select
from lab.metrics.scores import softmax
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.tasks.detection.detection import Detection
from lab.tasks.detection.detector import detector
from lab.tasks.training.locate import heads_of


@dataclass(frozen=True, eq=False)
class Finder:
    """What is known of a network beside its layers, of the task `detect` or `locate`: one of the two.

    classes: their names;  shape: height, width and channels of an image
    """

    classes: tuple[str, ...]
    shape: tuple[int, ...]
    detection: Detection | None = None
    heads: Heads | None = None

    @classmethod
    def of(cls, name: str, about: Mapping[str, Any], recipe: Recipe) -> Finder:
        """From what was kept beside the weights. Raises BadInput if it is damaged."""
        finder = cls(recipe.classes, recipe.shape)
        blank = finder.images(np.zeros((1, *recipe.shape), np.float32))
        try:
            if "heads" in about:
                return replace(finder, heads=heads_of(about["heads"], blank))
            kept = about["detection"]
            chosen = detector(kept["detector"], ("detector",)).on(blank, AdjustableNumbers())
            found = Detection(chosen, float(kept["score_threshold"]), float(kept["overlap"]))
            return replace(finder, detection=found)
        except (KeyError, TypeError, ValueError, InvalidValue) as error:
            raise BadInput(f"{name}: what was kept to find objects with cannot be read ({error}).") from None

    @property
    def outputs(self) -> int:
        """What the word `outputs` stands for in the layers."""
        return self.heads.outputs if self.heads else self._detector.outputs

    @property
    def _detector(self) -> Any:
        assert self.detection is not None
        return self.detection.detector

    @property
    def looks_at_regions(self) -> bool:
        """Whether the network needs boxes beside the images, or proposes them itself."""
        return self.heads is None and (
            self._detector.proposing is not None or self.regions(self.encode(np.zeros((1, *self.shape)))) is not None
        )

    def propose_in(self, network: Network) -> None:
        """Tell the network from what it proposes regions, if it does."""
        network.proposing = None if self.heads else self._detector.proposing

    def images(self, seen: np.ndarray | Pixels) -> Data:
        """Images of which no object is known."""
        nothing = np.tile([-1.0, 0, 0, 0, 0], (len(seen), 1, 1))
        owners = np.full((len(seen), *self.shape[:2]), -1, np.int8)
        return Data(seen, nothing, "objects", classes=self.classes, owners=owners)

    def encode(self, seen: np.ndarray | Pixels) -> np.ndarray | None:
        """What the detector finds out of images before the network sees them."""
        if self.detection is None:
            return None
        encoded: np.ndarray = self._detector.encode(self.images(seen))
        return encoded

    def regions(self, encoded: np.ndarray | None) -> np.ndarray | None:
        """The boxes [n, regions, 4] that are given to the network beside the images, if any are."""
        return None if encoded is None else self._detector.regions(encoded)

    def read(self, outputs: np.ndarray, encoded: np.ndarray | None) -> Detections:
        """What outputs [n, …] say: detections, in pixels."""
        if self.heads is not None:
            said = self.heads.said(outputs.reshape(len(outputs), -1))
            chances = softmax(said.scores)
            best = chances.argmax(axis=1)
            every = np.arange(len(outputs))
            return Detections(every, best, chances[every, best], said.boxes)
        assert self.detection is not None
        candidates = self._detector.read(outputs, encoded).candidates(self.detection.threshold)
        return select(candidates, self.detection.overlap).detections
