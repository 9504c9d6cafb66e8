"""What is left of an experiment that is over, where nobody will go back to it: far less than what it ran in."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.tasks import Experiment


class FinishedExperiment(Experiment):
    """Answers for an experiment that is over: how far it came, its weights, and what is needed to predict with them.

    It can be neither run nor measured, and its network and memory are gone.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.steps, self.step, self.metrics = experiment.steps, experiment.step, experiment.metrics
        self._stopped, self._diverged = experiment.stopped, experiment.diverged()
        self._settings = experiment.settings()
        self._weights, self._kept_to_predict = experiment.weights(), experiment.kept_to_predict()

    @property
    def stopped(self) -> bool:
        return self._stopped

    def diverged(self) -> str | None:
        return self._diverged

    def settings(self) -> dict[str, float]:
        return dict(self._settings)

    def weights(self) -> dict[str, np.ndarray]:
        return {name: values.copy() for name, values in self._weights.items()}

    def kept_to_predict(self) -> dict[str, Any] | None:
        return self._kept_to_predict
