"""What images are made from: their pixels, codes that a generator paints, or other images that a network changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lab.graph import Storage, Tensor, assign, constant
from lab.graph import functions as f
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.scenario import Scenario
from lab.tasks.image_optimisation.chosen_images import ChosenImages
from lab.tasks.image_optimisation.image_terms import Seen, Wanted
from lab.tasks.image_optimisation.trained_before import Generator, network_of, placed, require_numbers, within
from lab.tasks.training.batches import batch
from lab.tasks.training.examples import ImagePool, Inputs

Put = Callable[[Tensor, Any], None]


class PixelMaker:
    """The pixels are what is changed, of each image by itself.

    parameters: what a step changes
    images:     the images that are measured, [images, height, width, channels]
    codes:      of what they are made, [images, numbers]; None where there are none
    updates:    calls of a step that keep running numbers of layers up to date
    networks:   whose first weights have to be drawn
    """

    def __init__(self, shape: tuple[int, ...], value_range: tuple[float, float], options: Any) -> None:
        self.parameters = Storage("parameters")
        self.images: Tensor = self.parameters.member("images", shape)
        self.codes: Tensor | None = None
        self.updates: list[Any] = []
        self.networks: tuple[Network, ...] = ()
        self._range, self._options = value_range, options

    def in_a_step(self, wanted: Wanted) -> tuple[Tensor, Wanted]:
        """The images that a training step is about, and what they are held against."""
        return self.images, wanted

    def after_a_step(self, adjustable: AdjustableNumbers) -> list[Any]:
        """Pixels are blurred a little, if that is wanted, and kept within what images have."""
        x, low, high = self.images, constant(self._range[0]), constant(self._range[1])
        if self._options.blur:
            x = x + (f.blur(x) - x) * adjustable.number("options.blur", self._options, "blur")
        return [assign(f.minimum(f.maximum(x, low), high), self.images)]

    def begin(self, put: Put, images: np.ndarray, noise: Callable[[tuple[int, ...]], np.ndarray]) -> None:
        """Take the images to begin with, or numbers from `noise`, which draws as many as it is told."""
        put(self.images, np.clip(images, *self._range))


class CodeMaker(PixelMaker):
    """The codes are what is changed, and a generator, which stays as it is, makes the images of them."""

    def __init__(self, count: int, generator: Generator) -> None:
        self.parameters, self.updates, self.networks = Storage("parameters"), [], ()
        self.codes = self.parameters.member("codes", (count, generator.own.latent))
        self.images = generator.images(self.codes)

    def after_a_step(self, adjustable: AdjustableNumbers) -> list[Any]:
        return []

    def begin(self, put: Put, images: np.ndarray, noise: Callable[[tuple[int, ...]], np.ndarray]) -> None:
        assert self.codes is not None
        put(self.codes, noise(self.codes.shape))


class TransformerMaker(PixelMaker):
    """The weights of a network are what is changed, which makes images of content images in one pass: in a step of
    some that are there for training, and for measuring of those that nobody trains with."""

    PLACE = ("options", "transformer")

    def __init__(
        self, scenario: Scenario, chosen: ChosenImages, value_range: tuple[float, float], options: Any, seed: int,
        adjustable: AdjustableNumbers, network: Network,
    ) -> None:  # fmt: skip
        own, channels = options.transformer, chosen.contents.shape[3]
        self._options, self._range, self._shape = options, value_range, chosen.contents.shape[1:]
        self._classifier, self.parameters, self.codes = network, Storage("parameters"), None
        self.network = network_of(
            scenario, own.layers, channels, seed, adjustable, "transformer", (*self.PLACE, "layers"), self.parameters
        )
        self.networks, train = (self.network,), chosen.to_train_with
        inputs = Inputs(train.astype(np.float32), "contents", ImagePool())
        self._batch, _ = batch(min(own.batch, len(train)), inputs, constant(np.arange(len(train)), "numbers"))
        self._made = self._transformed(self._batch, training=True)
        self.updates = self.network.updates
        self.images = self._transformed(constant(chosen.contents, "contents"), training=False)

    def _transformed(self, x: Tensor, training: bool) -> Tensor:
        layers, place = self._options.transformer.layers, (*self.PLACE, "layers")
        with placed(place):
            output, _ = self.network.apply(x, training)
        height, width, channels = self._shape
        why = f"an image has {height} × {width} × {channels}"
        require_numbers(output, height * width * channels, place, len(layers), why)
        return within(output, self._range).reshape(x.shape[0], *self._shape)

    def in_a_step(self, wanted: Wanted) -> tuple[Tensor, Wanted]:
        if wanted.content is None:
            return self._made, wanted
        features = Seen(self._classifier, self._batch).layer(self._options.content_layer, "content_layer")
        return self._made, replace(wanted, content=features)

    def after_a_step(self, adjustable: AdjustableNumbers) -> list[Any]:
        return []

    def begin(self, put: Put, images: np.ndarray, noise: Callable[[tuple[int, ...]], np.ndarray]) -> None:
        """The network's first weights are all that there is."""
