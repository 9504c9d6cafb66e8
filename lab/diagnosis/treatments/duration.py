"""A training that ends too soon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.diagnosis.case import Case
from lab.diagnosis.treatment import Treatment, treatments

TIMES = 4


@treatments("duration", 2)
def duration(case: Case) -> Iterator[Treatment]:
    """Four times as many steps, a schedule of the rate drawn out with them."""
    scenario = case.scenario
    changes: dict[str, Any] = {"train.steps": scenario.train.steps * TIMES}
    schedule = scenario.optimizer.extra.get("schedule")
    if isinstance(schedule, Mapping):
        changes["optimizer.schedule"] = _longer(schedule)
    yield Treatment(
        "longer",
        f"{TIMES} times as many steps",
        "it was not trained for long enough",
        changes,
        ("learning-rates",),
        TIMES,
    )


def _longer(schedule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _longer(value) if isinstance(value, Mapping) else value * TIMES if name in ("steps", "every") else value
        for name, value in schedule.items()
    }
