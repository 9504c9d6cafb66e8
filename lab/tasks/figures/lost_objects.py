"""Why objects are not found."""

from __future__ import annotations

import numpy as np

from lab.metrics.detection.fates import FATES, fates
from lab.pictures import Bars, Picture
from lab.tasks.figures.detected_objects import looked_at, selected
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot


class LostObjects(Figure, name="lost_objects"):
    """What became of the objects in the images that are held back, in percent. An object that no detection of its class
    finds is `suppressed` if a box that fits gave way to a better one; else `other class`, if a detection that fits is
    of another class; else `loose box`, if one of its class has an IoU from 0.1 to 0.5 with it; else `low score`, if
    some box fits, but its score is below the threshold; else there is no box near it that fits."""

    rank = 2

    def fits(self) -> bool:
        return self.inspection.detection is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        sample, judged, outputs = looked_at(self.inspection, snapshot)
        chosen = selected(self.inspection, snapshot)
        counts = np.bincount(fates(judged.read(outputs), chosen, judged.truths), minlength=len(FATES))
        shares = 100 * counts / max(1, judged.truths.count)
        return [
            Bars(
                f"What became of the {judged.truths.count} objects in {sample.count} images",
                dict(zip(FATES, shares.tolist(), strict=True)),
                "%",
                extent=(0.0, 100.0),
            )
        ]
