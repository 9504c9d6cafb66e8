"""The deep check of a scenario: everything that only the task, the data and the network know."""

from __future__ import annotations

from lab.errors import InvalidValue
from lab.scenario import InvalidExpression, Loaded
from lab.tasks.show_check import check_show
from lab.tasks.stopwatch import Timed
from lab.tasks.task import task_of

DIVERGED = "diverged"
"""A metric of every variant: 0, and 1 from the step on at which something stopped being finite."""


def check(loaded: Loaded) -> None:
    """Check every variant of a scenario without compiling or training. Raises BadInput with file, line and column."""
    metrics: dict[str, tuple[str, ...]] = {}
    for variant in loaded.variants:
        try:
            measured = task_of(variant.scenario).check(variant.scenario, loaded.folder)
        except InvalidValue as error:
            raise loaded.locate(error, variant) from None
        metrics[variant.name] = (*measured, DIVERGED)
    try:
        check_show(loaded, metrics)
    except InvalidValue as error:
        raise loaded.locate(error) from None
    for number, claim in enumerate(loaded.scenario.claims):
        try:
            claim.expression.check_metrics(metrics)
        except InvalidExpression as error:
            raise loaded.locate(error.under("claims", number, "that")) from None


def judges_time(loaded: Loaded) -> bool:
    """Whether a claim of the scenario is about a metric that is read off the clock (`lab.tasks.stopwatch.Timed`)."""
    tasks = {variant.name: task_of(variant.scenario) for variant in loaded.variants}
    names = (name for claim in loaded.scenario.claims for name in claim.expression.names())
    return any(isinstance(tasks[name.variant].metrics.get(name.metric), Timed) for name in names)
