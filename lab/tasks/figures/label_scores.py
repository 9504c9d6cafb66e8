"""How well each label is given."""

from __future__ import annotations

from collections.abc import Mapping

from kernels.probes import count_label_outcomes
from lab.graph import Tensor
from lab.graph.tensor import call
from lab.pictures import Bars, Picture
from lab.probes.labels import OUTCOMES, f1
from lab.tasks.figures.moment import Moment
from lab.tasks.figures.view import View


class LabelScores(View, name="label_scores"):
    """A bar per label: F1 on the validation set if something of it is watched, else on the probe set."""

    rank = 3

    def fits(self) -> bool:
        return self.training.probe_data.kind == "labels"

    def records(self) -> Mapping[str, Tensor]:
        site = self.training.site
        answers, targets = site.held_answers, site.held_targets
        if answers is None or targets is None:
            answers, targets = site.answers, site.targets
        shapes = [(len(site.classes),)] * 3
        return dict(zip(OUTCOMES, call(count_label_outcomes, answers, targets, shapes=shapes).results, strict=True))

    def draw(self, moment: Moment) -> list[Picture]:
        counts = [moment.history(name)[1] for name in OUTCOMES]
        site = self.training.site
        where = "probe set" if site.held_answers is None else "validation set"
        if not len(counts[0]):
            return [Bars(f"F1 per label, {where}", dict.fromkeys(site.classes, float("nan")))]
        scores = [f1(*(float(each[-1, place]) for each in counts)) for place in range(len(site.classes))]
        return [Bars(f"F1 per label, {where}", dict(zip(site.classes, scores, strict=True)))]
