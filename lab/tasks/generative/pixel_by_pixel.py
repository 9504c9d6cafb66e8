"""A probability of images by the chain rule over their pixels: the experiment behind `pixels`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import Data, Split
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, scope
from lab.graph import functions as f
from lab.nets.initialisers import generator
from lab.nets.network import Network
from lab.nets.training_step import training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.figures.snapshot import some
from lab.tasks.generative.measured_experiment import MeasuredExperiment
from lab.tasks.generative.modes import Modes
from lab.tasks.generative.own_optimizer import own_optimizer
from lab.tasks.generative.pixels_shown import NOTICED, PixelsShown
from lab.tasks.stopwatch import Stopwatch
from lab.tasks.training.data import TrainingData, load_split

SAMPLES = 36
"""So many images are drawn at a time."""
PROBES = 256
"""So many pixels are changed, one at a time, to see whose logits depend on them."""
OF_SAMPLES = {"on_data", "modes", "passes"}
OF_PROBES = {"leaks", "context"}


class PixelByPixel(MeasuredExperiment):
    """One replica; see `lab.tasks.task.Experiment`.

    split:  the data, the pixels of each image in the order in which they follow each other
    order:  [pixels] where each of them stands in the image
    held:   the examples that are held back
    """

    network: Network

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario, seed, folder, options)
        split = load_split(scenario, seed, folder, "classes")
        self.pixels = self._require_pixels(split)
        self.order = np.arange(self.pixels)
        if options.order == "shuffled":
            self.order = generator(seed, "order of pixels").permutation(self.pixels)
        self.split: Split = split.changed(self._ordered)
        assert self.split.validation is not None
        self.held = self.split.validation
        self._data = TrainingData(self.split, seed)
        self.network = Network(scenario.model, scenario.init, 1, seed, self.adjustable, blocks=scenario.blocks)
        self._drawn = Storage("states").member("canvas", (SAMPLES, *self._shape))
        self._looked = Storage("statistics")
        self.passes = 0
        self._watch: Stopwatch | None = None
        self._chances = generator(seed, "samples").random((SAMPLES, self.pixels))
        x, _ = self._data.batch(scenario.train.batch)
        output, self.layers = self.network.apply(x, training=True)
        self._require_logits(output)
        with scope("loss"):
            loss = f.binary_cross_entropy(output.reshape(x.shape[0], -1), x.reshape(x.shape[0], -1))
        chosen = own_optimizer(scenario, {}, ("optimizer",), "but batches are drawn anew in each step")
        made = training_step(loss, self.network, chosen, self.adjustable)
        self.modes: Modes | None = None
        measuring, drawing = self._measuring(), self._drawing()
        self.shown = PixelsShown(self)
        self.lay_out({"step": made.program, "measure": measuring, "draw": drawing})

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(self.held.inputs.shape[1:])

    @staticmethod
    def _require_pixels(split: Split) -> int:
        """How many pixels an image has. Raises InvalidValue for other data."""
        if split.validation is None:
            raise InvalidValue(("data",), "this task measures examples that are held back: set validation: 0.3.")
        shape = split.train.image_shape
        if shape is None or shape[2] != 1:
            raise InvalidValue(("data",), "this task needs images of one channel, such as digits or fashion-mnist.")
        if not np.isin(split.train.numbers, (0.0, 1.0)).all():
            raise InvalidValue(("data",), "pixels must be 0 or 1, but these have other numbers: set binarise: 0.5.")
        return shape[0] * shape[1]

    def _ordered(self, part: Data) -> Data:
        if self.options.order == "raster":
            return part
        numbers = part.numbers
        return replace(part, inputs=numbers.reshape(len(numbers), -1)[:, self.order].reshape(numbers.shape))

    def _require_logits(self, output: Tensor) -> None:
        found = output.size // output.shape[0]
        if found != self.pixels:
            problem = f"the last layer gives {found} numbers, but there is one logit for each of {self.pixels} pixels."
            raise InvalidValue(("model", len(self.scenario.model) - 1), problem)

    # Building

    def logits(self, x: Tensor) -> Tensor:
        """What the network says of images [n, height, width, 1]: [n, pixels]."""
        output, _ = self.network.apply(x, training=False)
        return output.reshape(x.shape[0], self.pixels)

    def _bits(self, x: Tensor) -> Tensor:
        """Mean over images and their pixels, [1]."""
        loss: Tensor = f.binary_cross_entropy(self.logits(x), x.reshape(x.shape[0], -1))
        return loss * (1 / math.log(2))

    def _measuring(self) -> list[Any]:
        watch, found = self.scenario.watch, dict[str, Tensor]()
        self._known = {
            "independent_bits": independent_bits(self.split.train.numbers, self.held.numbers),
            "previous_pixel_bits": previous_pixel_bits(self.split.train.numbers, self.held.numbers),
        }
        with scope("measure"):
            held = self._data.validation()
            assert held is not None
            found["bits_per_pixel"] = self._bits(held[0].whole())
            if "train_bits_per_pixel" in watch:
                found["train_bits_per_pixel"] = self._bits(self._data.evaluation()[0].whole())
            # Pictures show them, too.
            self.probed = some(self.pixels, PROBES)
            found["probes"] = self.logits(constant(self._probes(), "probes"))
            if {"on_data", "modes"} & set(watch):
                self.modes = Modes(self._data.evaluation_sample, f.identity(self._drawn))
                found |= self.modes.counts
        self.metrics = tuple(watch)
        return self.kept(found)

    def _probes(self) -> np.ndarray:
        """An image that is held back, and behind it the same with one pixel changed, one after the other."""
        images = np.repeat(self.held.numbers[:1], len(self.probed) + 1, axis=0).reshape(-1, self.pixels)
        place = np.arange(len(self.probed))
        images[place + 1, self.probed] = 1 - images[place + 1, self.probed]
        return images.reshape(-1, *self._shape)

    def _drawing(self) -> list[Any]:
        with scope("draw"):
            chances = f.sigmoid(self.logits(f.identity(self._drawn)))
        return [assign(chances, self._looked.member("chances", chances.shape))]

    # Running

    def prepare(self) -> None:
        super().prepare()
        self.begin(self.network, self.folder)

    @property
    def measures_on_the_way(self) -> bool:
        return not {*OF_SAMPLES, "step_time"} & set(self.metrics) and super().measures_on_the_way

    def measure(self) -> dict[str, float]:
        if OF_SAMPLES & set(self.metrics):
            self.draw()
        if "step_time" in self.metrics and self._watch is None:
            self._watch = Stopwatch()
            self.time_steps(self._watch)
        return super().measure()

    def draw(self) -> np.ndarray:
        """New images, pixel by pixel: [SAMPLES, pixels] of 0 and 1, in the order in which they were drawn.

        Which chance decides about a pixel is always the same, so that images of one network are."""
        made = np.zeros((SAMPLES, self.pixels), np.float32)
        self.passes = 0
        for pixel in range(self.pixels):
            self.put(self._drawn, made.reshape(-1, *self._shape))
            self.run_beside("draw")
            self.passes += 1
            made[:, pixel] = self._chances[:, pixel] < self.read(self._looked.members["chances"])[:, pixel]
        self.put(self._drawn, made.reshape(-1, *self._shape))
        return made

    def on_image(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels [n, pixels] in their order as images [n, height, width]."""
        images = np.empty_like(pixels)
        images[:, self.order] = pixels
        return images.reshape(len(pixels), *self._shape[:2])

    def dependence(self, logits: np.ndarray) -> np.ndarray:
        """By how much the logit of each pixel changes if another one does: [probed, pixels]; of the kept logits."""
        every = logits.reshape(-1, self.pixels)
        return np.asarray(np.abs(every[1:] - every[0]))

    def told(self, kept: Mapping[str, np.ndarray]) -> dict[str, float]:
        found = super().told(kept) | self._known | {"passes": float(self.passes)}
        depends = self.dependence(kept["probes"]) > NOTICED
        before = self.probed[:, None] < np.arange(self.pixels)
        found["leaks"] = float((depends & ~before).any(axis=0).sum())
        found["context"] = float(depends[before].sum() / max(before.sum(), 1))
        if self._watch is not None and self._watch.samples:
            found["step_time"] = self._watch.median * 1e6
        return found | (self.modes.told(kept) if self.modes is not None else {})

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        begin, _ = self.measured_stretch()
        kept = {}
        for name, each in self.measured.members.items():
            place = begin - first + each.offset
            kept[name] = numbers[place : place + each.size].astype(np.float64)
        found = self.told(kept)
        return {name: found[name] for name in self.metrics if name in found}

    def greeting(self) -> str | None:
        return "; ".join(self.network.told) or None

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.network.kept)

    def pictures(self) -> list[Picture]:
        return self.shown.pictures()


def independent_bits(train: np.ndarray, held: np.ndarray) -> float:
    """Bits per pixel of images `held` if each pixel is 1 as often as in `train`, one more of each kind being counted
    (Laplace): [n, …] of 0 and 1."""
    seen, asked = train.reshape(len(train), -1).astype(np.float64), held.reshape(len(held), -1)
    chance = (seen.sum(axis=0) + 1) / (len(seen) + 2)
    return float(-np.log2(np.where(asked > 0, chance, 1 - chance)).mean())


def previous_pixel_bits(train: np.ndarray, held: np.ndarray) -> float:
    """The same if the chance of each pixel is counted behind a 0 and behind a 1; before the first one stands a 0."""
    seen, asked = (each.reshape(len(each), -1) > 0 for each in (train, held))
    before = [np.concatenate([np.zeros((len(each), 1), bool), each[:, :-1]], axis=1) for each in (seen, asked)]
    chance = np.array([((seen & (before[0] == each)).sum(axis=0) + 1) / ((before[0] == each).sum(axis=0) + 2)
                       for each in (False, True)])  # fmt: skip
    chances = np.where(before[1], chance[1], chance[0])
    return float(-np.log2(np.where(asked, chances, 1 - chances)).mean())
