"""How good the maps of each method are, where it is known which pixels belong to the object."""

from __future__ import annotations

from lab.pictures import Picture, Table
from lab.tasks.figures.attribution_maps import words
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.explanations import CHECKED, can_be_explained


class ExplanationScores(Figure, name="explanation_scores"):
    """A row for each method. `mass` is the share of its maps that lies on the object, `peak` the share of the maps
    whose brightest pixel does, `overlap` how well as many of the brightest pixels as the object has agree with it,
    `shuffled` how alike maps remain when the weights of all layers are shuffled (1: the same). The last row is what a
    map scores that is the same everywhere. Only for images of which the object's pixels are known, as of `shapes`."""

    def fits(self) -> bool:
        return can_be_explained(self.inspection) and self.inspection.explanations.sample.masks is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        known = self.inspection.explanations
        rows = []
        for method in known.methods:
            scores = known.mass_inside(method), known.peak_inside(method), known.overlap(method)
            alike = f"{known.shuffled_similarity(method):.2f}" if method in CHECKED else "·"
            rows.append((words(method), *(percent(each.mean()) for each in scores), alike))
        known.let_go()
        area = known.masks.mean(axis=(1, 2))
        chance = (area.mean(), area.mean(), (area / (2 - area)).mean())
        rows.append(("knows nothing", *(percent(each) for each in chance), "·"))
        head = ("map", "mass", "peak", "overlap", "shuffled")
        return [Table(f"Maps of {known.sample.count} images: how much lies on the object", head, tuple(rows))]


def percent(share: float) -> str:
    """A share for a table."""
    return f"{100 * share:.0f} %"
