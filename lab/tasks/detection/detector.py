"""What a detector is: how it is trained on images with several objects, and how its numbers are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from lab.data.data import Data
from lab.discovery import modules_of
from lab.graph import Tensor
from lab.metrics.detection.said import Said
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.proposing import Proposing
from lab.validation import Settings, chosen

Numbers = TypeVar("Numbers", Tensor, np.ndarray)

DETECTORS: dict[str, type[Detector]] = {}


class Detector(Settings):
    """Base of all detectors: `class Yolo(Detector, name="yolo")`. Its fields are its settings in `options.detector`."""

    name: ClassVar[str]

    def __init_subclass__(cls, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if name:
            cls.name = name
            DETECTORS[name] = cls

    def on(self, data: Data, adjustable: AdjustableNumbers) -> OnImages:
        """The detector for images of this size and for these classes. Raises InvalidValue.

        adjustable: where numbers of its loss are declared that can be changed while it trains
        """
        raise NotImplementedError


class OnImages:
    """A detector for images of one size.

    places:  how many places of an image it looks at
    outputs: how many numbers the network gives for each of them
    classes: how many there are
    width, height: of the images in pixels
    proposing: from what the layer `propose` makes regions, where the network itself proposes them
    masks:   whether it says which pixels are of an object
    """

    places: int
    outputs: int
    proposing: Proposing | None = None
    masks: bool = False

    def __init__(self, data: Data) -> None:
        assert data.image_shape is not None
        self.height, self.width, _ = data.image_shape
        self.classes = len(data.classes)

    @property
    def numbers(self) -> int:
        """How many numbers the network gives for an image."""
        return self.places * self.outputs

    def encode(self, data: Data) -> np.ndarray:
        """What the loss needs to know of each image, as numbers: float32 [n, …]."""
        raise NotImplementedError

    def regions(self, encoded: Numbers) -> Numbers | None:
        """The boxes [batch, regions, 4] of encoded images that the layer `regions` cuts out, as shares of the image's
        width and height; None of a detector that looks at images as a whole."""
        return None

    def loss(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        """The loss [1] of outputs [batch, …], of which each image has `numbers`."""
        raise NotImplementedError

    def read(self, outputs: np.ndarray, encoded: np.ndarray) -> Said:
        """What outputs [n, …] say, in pixels."""
        raise NotImplementedError

    def propose(self, data: Data) -> object:
        """What the detector computes of images before the network sees them; by default nothing. Called to be timed."""
        return None

    def assigned(self, data: Data) -> np.ndarray:
        """Bool [n, most]: of which objects there is a place that is trained to find it."""
        raise NotImplementedError


def load_detectors() -> Mapping[str, type[Detector]]:
    """Every detector by name; imports every file of their folder once."""
    modules_of("lab.tasks.detection.detectors")
    return DETECTORS


def detector(given: Any, path: tuple[str, ...]) -> Detector:
    """The detector that a scenario names, `yolo` or `{yolo: {grid: 6}}`. Raises InvalidValue."""
    return chosen(load_detectors(), given, path, "detector")
