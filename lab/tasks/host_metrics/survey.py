"""What a survey is: a number that is taken from a whole `Training`, where a probe is part of its measuring program."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lab.discovery import modules_of

if TYPE_CHECKING:
    from lab.tasks.training.training import Training

SURVEYS: list[type[Survey]] = []


class Survey:
    """Base of all surveys. One instance serves one replica.

    meanings: metric name to one sentence that says what the number means
    names:    full names of what this instance measures, in the order in which they are watched
    """

    meanings: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        SURVEYS.append(cls)

    def __init__(self, training: Training) -> None:
        self.names = tuple(name for name in training.scenario.watch if name in self.meanings)

    def measure(self, training: Training) -> dict[str, float]:
        """The metrics now, by full name. Leaves the replica's state as it is."""
        raise NotImplementedError


def load_surveys() -> list[type[Survey]]:
    """Every kind of survey; imports every file of this folder once."""
    modules_of("lab.tasks.host_metrics")
    return SURVEYS


def survey_meanings() -> dict[str, str]:
    """Every metric that surveys give, with what it means."""
    return {name: text for kind in load_surveys() for name, text in kind.meanings.items()}


def surveys(training: Training) -> list[Survey]:
    """The surveys that the scenario's watched metrics ask for."""
    wanted = set(training.scenario.watch)
    return [kind(training) for kind in load_surveys() if wanted & set(kind.meanings)]
