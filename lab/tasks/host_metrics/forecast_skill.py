"""Whether a forecast says more than that all stays as it is."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor


class ForecastSkill(HostMetric):
    """The skill score of a forecast against persistence (Murphy 1988, Monthly Weather Review 116)."""

    meanings = {
        "forecast_skill": RATIO.of(
            "of values that follow each other in time: 1 - the mean squared error on rows that are held back over that "
            "of answering the last known value again; 0: no better than that, 1: without an error, below 0: worse",
            higher_is_better=True,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        held = inspection.split.validation
        if held is None or held.last_known is None or held.kind != "values":
            self.names = ()
        self._predictor: Predictor | None = None

    def measure(self) -> dict[str, float]:
        held = self.inspection.split.validation
        if not self.names or held is None or held.last_known is None:
            return {}
        if self._predictor is None:
            self._predictor = Predictor(self.inspection.network, held.inputs.shape)
        made = self._predictor(held.numbers, self.inspection.weights(), self.inspection.settings())["output"]
        recipe = self.inspection.split.recipe
        assert recipe is not None
        made, targets, last = (recipe.values(each) for each in (made, held.targets, held.last_known))
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            error, usual = (float(((each - targets) ** 2).mean()) for each in (made, last))
            return {"forecast_skill": 1 - error / usual if usual else float("nan")}
