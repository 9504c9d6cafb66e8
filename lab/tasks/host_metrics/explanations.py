"""How good maps are that say which pixels the network's answers come from, by method."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO, SHARE
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.explanations import CHECKED, MOST, can_be_explained, mean
from lab.tasks.training.inspection import Inspection

BY_METHOD = {
    "mass_inside": SHARE.of(
        f"which share of a map lies on the object, by method, such as `.saliency`; mean over up to {MOST} images. Only "
        "for images of which the object's pixels are known, as of `shapes`",
        higher_is_better=True,
    ),
    "peak_inside": SHARE.of(
        "of how many maps the brightest pixel lies on the object, by method", higher_is_better=True
    ),
    "overlap": SHARE.of(
        "how well the brightest pixels of a map, as many as the object has, agree with it, by method: pixels in both "
        "over pixels in either",
        higher_is_better=True,
    ),
    "shuffled_similarity": RATIO.of(
        "how alike a map remains when the weights of all layers are shuffled, by method, without `.occlusion`: "
        "correlation over the pixels, from -1 to 1"
    ),
    "half_shuffled_similarity": RATIO.of(
        "the same when only the last half of the layers is shuffled (one more, if their number is odd)"
    ),
    "map_sameness": RATIO.of(
        "how alike the maps of different images with the same answer are, by method: correlation over the pixels, from "
        "-1 to 1"
    ),
}
OF_IMAGES = {
    "object_area": SHARE.of("which share of the image the object is: `mass_inside` of a map that knows nothing"),
    "occlusion_flips": SHARE.of("of how many images some grey square makes the network answer something else"),
}
COMPARE = {"shuffled_similarity", "half_shuffled_similarity"}
NEED_MASKS = {"mass_inside", "peak_inside", "overlap", "object_area"}


class MapScores(HostMetric):
    """Scores of the maps that the figures `saliency`, `guided_backprop` and so on draw."""

    meanings = BY_METHOD | OF_IMAGES

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        able = bool(self.names) and can_be_explained(inspection)
        masked = able and inspection.explanations.sample.masks is not None
        watched = [name for name in self.names if able and (masked or name not in NEED_MASKS)]
        methods = inspection.explanations.methods
        compared = [method for method in methods if method in CHECKED]
        self.names = tuple(
            full
            for name in watched
            for full in (
                [f"{name}.{each}" for each in (compared if name in COMPARE else methods)]
                if name in BY_METHOD
                else [name]
            )
        )

    @np.errstate(invalid="ignore", over="ignore")  # a network that diverged gives NaN
    def measure(self) -> dict[str, float]:
        known = self.inspection.explanations
        values = {}
        for full in self.names:
            name, _, method = full.partition(".")
            if name == "object_area":
                values[full] = float(known.masks.mean())
            elif name == "occlusion_flips":
                values[full] = float(known.flips().mean())
            elif name in COMPARE:
                values[full] = getattr(known, name)(method)
            elif name == "map_sameness":
                values[full] = mean(known.sameness(method))
            else:
                values[full] = float(getattr(known, name)(method).mean())
        known.let_go()
        return values
