"""Lengths that a scenario says in epochs, counted in steps: an epoch sees every training example once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import InvalidValue
from lab.nets.schedules import IN_EPOCHS, Schedule, schedules
from lab.scenario import Scenario
from lab.scenario.model import MOST_STEPS

if TYPE_CHECKING:
    from lab.tasks.task import Task

IN_STEPS = {epochs: steps for steps, epochs in IN_EPOCHS.items()}
"""Settings of a schedule that count epochs, and what the same is called in steps."""


def in_steps(task: Task, scenario: Scenario, folder: Path | None) -> Scenario:
    """The scenario with the length of its training, and of its schedules, counted in steps; as it is, where it says
    nothing in epochs. The examples are those of the scenario's own seed, so that all seeds train equally long.

    Raises InvalidValue where the task has no epochs, or the steps are too many.
    """
    train, schedule = scenario.train, scenario.optimizer.extra.get("schedule")
    following = schedules(schedule, ("optimizer", "schedule"))
    scheduled = any(each.uncounted for each in following)
    if not (train.uncounted or scheduled):
        return scenario
    place = ("train", "epochs") if train.uncounted else ("optimizer", "schedule")
    try:
        each = task.steps_per_epoch(scenario, folder)
    except InvalidValue as error:
        raise error.under(*place) if not error.path else error from None
    changes: dict[str, Any] = {}
    if train.epochs is not None and train.uncounted:
        steps = math.ceil(train.epochs * each)
        if steps > MOST_STEPS:
            raise InvalidValue(place, f"{train.epochs:,} epochs are {steps:,} steps, more than {MOST_STEPS:,}.")
        changes["train"] = train.model_copy(update={"steps": steps})
    if scheduled:
        counted = _counted(following, each)
        given = counted if isinstance(schedule, list) else counted[0]
        changes["optimizer"] = scenario.optimizer.model_copy(update={"schedule": given})
    return scenario.model_copy(update=changes)


def _counted(following: Sequence[Schedule], each: Fraction) -> list[dict[str, Any]]:
    """The same schedules in steps. Where one ends is rounded, not how long it is, so that no error adds up."""
    end, made = Fraction(0), []
    for schedule in following:
        settings = schedule.model_dump(exclude_unset=True)
        kept = {name: value for name, value in settings.items() if name not in IN_STEPS}
        lengths = {IN_STEPS[name]: epochs * each for name, epochs in settings.items() if name in IN_STEPS}
        begin, end = end, end + lengths.get("steps", Fraction(schedule.steps or 0))
        for name, length in lengths.items():
            whole = math.ceil(end) - math.ceil(begin) if name == "steps" else math.ceil(length)
            kept[name] = max(1, whole)
        made.append({schedule.name: kept})
    return made
