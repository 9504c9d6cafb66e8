"""What becomes of maps when the weights that they are to explain are shuffled, layer by layer."""

from __future__ import annotations

import numpy as np

from lab.pictures import Curves, Images, Picture
from lab.tasks.figures.attribution_maps import in_form_of, scaled, words
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.explanations import CHECKED, can_be_explained, mean

DRAWN = ("saliency", "guided_backprop")
MOST_DRAWN = 2


class SanityCheck(Figure, name="sanity_check"):
    """Over how many layers, from the last one on, the weights are shuffled (they change places within their layer): how
    alike each method's maps remain to those of the trained network, as a correlation over the pixels. A map that
    stays the same says nothing of what was learned. Below the curves an image with its maps: as trained, with half
    of the layers shuffled, and with all."""

    def fits(self) -> bool:
        return can_be_explained(self.inspection)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        known = self.inspection.explanations
        checked = [method for method in CHECKED if method in known.methods] or CHECKED
        steps = range(len(known.layers) + 1)
        lines = {
            words(method): np.array([mean(known.similarity(method, count)) for count in steps], np.float32)
            for method in checked
        }
        x = np.arange(len(known.layers) + 1, dtype=np.float32)
        curves = Curves(
            "Alike when layers are shuffled", x, lines, x_label="layers shuffled, the last one first",
            y_label="correlation", extent=(0.0, float(max(x[-1], 1)), 0.0, 1.0),
        )  # fmt: skip
        drawn = checked if len(checked) <= MOST_DRAWN else DRAWN
        first, moments = known.shown[:1], sorted({0, -(-len(known.layers) // 2), len(known.layers)})
        image = pictures_of(known.sample, first)[0]
        maps = [scaled(known.maps(method, count)[first])[0] for method in drawn for count in moments]
        known.let_go()
        told = [f"{count} shuffled" if count else "as trained" for count in moments]
        captions = ("image", *(f"{words(method)},\n{each}" for method in drawn for each in told))
        images = np.stack([image, *(in_form_of(image, each) for each in maps)]).astype(np.float32)
        return [curves, Images("An image, and its maps when layers are shuffled", images, captions)]
