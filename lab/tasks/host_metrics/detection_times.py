"""How long a detector takes, from an image to boxes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from lab.metrics.meaning import MILLISECONDS
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.stopwatch import Timed
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

IMAGES = 9
"""So many images are timed, one at a time; the median counts."""


class DetectionTimes(HostMetric):
    """Of one image at a time, as it comes, in one thread; all that lies between image and boxes is counted."""

    meanings = {
        name: Timed(text, MILLISECONDS)
        for name, text in {
            "time_per_image": "processor time from one image to its boxes, proposals counted, median over "
            f"{IMAGES} images that are held back",
            "proposal_time": "what of it goes into proposals of where to look, before the network; 0 for detectors "
            "that need none",
            "feature_time": "what of it the network takes",
            "head_time": "what of it is left behind the network: reading its numbers as boxes, and non-maximum "
            "suppression",
        }.items()
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        if inspection.detection is None:
            self.names = ()
        self._predictor: Predictor | None = None

    def measure(self) -> dict[str, float]:
        detection = self.inspection.detection
        if detection is None:
            return {}
        part, samples = self.inspection.held_back(IMAGES), []
        weights, settings = self.inspection.weights(), self.inspection.settings()
        for number in range(part.count):
            one = part.rows(np.array([number]))
            regions = detection.regions(one)
            if self._predictor is None:
                many = 0 if regions is None else regions.shape[1]
                self._predictor = Predictor(self.inspection.network, one.numbers.shape, regions=many)
            outputs = self._predictor(one.numbers, weights, settings, regions=regions)["output"]
            judged = detection.judged(one)
            samples.append(
                (
                    seconds(partial(detection.detector.propose, one)),
                    seconds(self._predictor.again),
                    seconds(partial(judged.select, outputs)),
                )
            )
        if self._predictor is not None:
            self._predictor.let_go()
        parts = [1000 * statistics.median(each) for each in zip(*samples, strict=True)]
        named = dict(zip(("proposal_time", "feature_time", "head_time"), parts, strict=True))
        named["time_per_image"] = sum(parts)
        return {name: named[name] for name in self.names}


def seconds(work: Callable[[], object]) -> float:
    """The processor seconds of this thread that something takes."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun
