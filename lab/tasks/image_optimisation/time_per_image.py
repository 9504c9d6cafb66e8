"""What one image costs: all the steps with it, or one pass of a network that has learned to make it."""

from __future__ import annotations

import statistics
import time
import weakref
from typing import TYPE_CHECKING

import numpy as np

from lab.tasks.image_optimisation.makers import TransformerMaker
from lab.tasks.stopwatch import Stopwatch
from lab.tasks.training.predictor import Predictor

if TYPE_CHECKING:
    from lab.tasks.image_optimisation.image_optimisation import ImageOptimisation

TIMES = ("time_per_image", "steps_time")
PASSES = 9
"""So often one image is made; the median counts."""


class TimePerImage:
    """Processor milliseconds of the thread that computes; only where that is watched."""

    def __init__(self, experiment: ImageOptimisation) -> None:
        self._of: ImageOptimisation = weakref.proxy(experiment)
        self._watch: Stopwatch | None = None
        self._predictor: Predictor | None = None

    def begin(self) -> None:
        """Have the steps timed from now on."""
        if any(name in self._of.scenario.watch for name in TIMES):
            self._watch = Stopwatch()
            self._of.time_steps(self._watch)

    def measured(self) -> dict[str, float]:
        """The metrics by their names, where they are watched."""
        of = self._of
        if self._watch is None:
            return {}
        steps = self._watch.median * of.step if self._watch.samples else 0.0
        found = {"steps_time": 1000 * steps}
        if "time_per_image" in of.scenario.watch:
            learned = isinstance(of.maker, TransformerMaker)
            found["time_per_image"] = 1000 * (self._of_a_pass() if learned else steps / of.count)
        return found

    def _of_a_pass(self) -> float:
        of, maker = self._of, self._of.maker
        assert isinstance(maker, TransformerMaker)
        one = of.contents[:1].astype(np.float32)
        if self._predictor is None:
            self._predictor = Predictor(maker.network, one.shape)
        self._predictor(one, of.numbers(maker.network.kept), of.settings())
        samples = []
        for _ in range(PASSES):
            begun = time.thread_time()
            self._predictor.again()
            samples.append(time.thread_time() - begun)
        self._predictor.let_go()
        return statistics.median(samples)
