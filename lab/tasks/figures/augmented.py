"""Training images as they are changed while the network trains on them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from kernels.plan import STEP
from lab.data.images.pixels import Pixels
from lab.graph import Layout
from lab.graph.running import bind
from lab.graph.tensor import Storage, assign
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.mistakes import in_colour_or_grey
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.augmented import Augmentation
from lab.tasks.training.examples import ImagePool, Inputs

IMAGES, VERSIONS = 3, 5


class Augmented(Figure, name="augmented"):
    """Three training images, each as it is and five times as a training step would change it."""

    rank = 9

    def fits(self) -> bool:
        split = self.inspection.split
        return split.augment is not None and isinstance(split.train.inputs, Pixels)

    @cached_property
    def _program(self) -> _Changed:
        return _Changed(self)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        originals, changed = self._program(self.inspection.step)
        rows = np.concatenate([originals[:, None], changed.reshape(IMAGES, VERSIONS, *changed.shape[1:])], axis=1)
        captions = ("as it is", *["changed"] * VERSIONS) * IMAGES
        images = rows.reshape(-1, *rows.shape[2:])
        return [Images("Images as training changes them", in_colour_or_grey(images), captions)]


class _Changed:
    """A program of its own for the images that are shown."""

    def __init__(self, figure: Augmented) -> None:
        split = figure.inspection.split
        augment, pixels = split.augment, split.train.inputs
        assert augment is not None
        assert isinstance(pixels, Pixels)
        places = np.linspace(0, len(pixels) - 1, IMAGES + 2)[1:-1].astype(np.int64)
        self._chosen = pixels.chosen(places)
        changes = Augmentation(augment, pixels)
        inputs = Inputs(pixels.chosen(np.repeat(places, VERSIONS)), "shown", ImagePool())
        made = changes.apply((inputs.from_0_to_1() if changes.unit else inputs).whole())
        self._shown = Storage("statistics").member("shown", made.shape)
        layout = Layout({"change": [assign(made, self._shown)]})
        self._layout = layout
        self._memory = layout.memory(layout.shared_memory("float32"), figure.inspection.seed)
        self._run = bind(layout.plans["change"], self._memory).run

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The images as they are, and changed as in the step after `step`: from 0 to 1."""
        self._memory.state[STEP] = step
        self._run()
        levels = self._chosen.levels
        low, high = levels[:, 0], levels[:, -1]
        shown = self._layout.view(self._memory, self._shown)
        unit = (shown - low) / np.where(high != low, high - low, 1.0)
        originals = self._chosen.pool[self._chosen.rows] / np.float32(255)
        return originals, np.clip(unit, 0, 1).astype(np.float32)
