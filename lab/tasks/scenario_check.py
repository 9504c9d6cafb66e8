"""The deep check of a scenario: everything that only the task, the data and the network know."""

from __future__ import annotations

import contextlib

from lab.errors import InvalidValue, nearest
from lab.metrics.meaning import Meaning
from lab.noticing import detector_meanings
from lab.scenario import InvalidExpression, Loaded
from lab.scenario.loading import load_document
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
    known = detector_meanings()
    for number, name in enumerate(loaded.scenario.show.notice or ()):
        if name not in known:
            problem = f"nothing called {name!r} is noticed in a run; {nearest(name, known)}."
            raise loaded.locate(InvalidValue(("show", "notice", number), problem))
    for number, claim in enumerate(loaded.scenario.claims):
        try:
            claim.expression.check_metrics(metrics)
        except InvalidExpression as error:
            raise loaded.locate(error.under("claims", number, "that")) from None
    for name, each in loaded.scenario.measured.items():
        try:
            each.expression.check_metrics(metrics)
        except InvalidExpression as error:
            raise loaded.locate(error.under("measured", name, "value")) from None


def check_tries(loaded: Loaded) -> None:
    """Check that everything which a scenario suggests to try next can be run. Raises BadInput."""
    for number, each in enumerate(loaded.scenario.try_next):
        origins = loaded.origins
        changes = {**loaded.overrides, **each.set}
        changed = load_document(origins.document, loaded.path, changes, ("try_next", number, "set"), origins.mends)
        changed.choose(each.only or [variant.name for variant in changed.variants])
        check(changed)


def meanings(loaded: Loaded) -> dict[str, Meaning]:
    """What each metric of a scenario means, with its unit; of variants with other tasks, their own metrics too."""
    scenarios = (loaded.scenario, *(variant.scenario for variant in loaded.variants))
    found: dict[str, Meaning] = {}
    for scenario in {each.task: each for each in scenarios}.values():
        with contextlib.suppress(InvalidValue):  # where the file's own task is nonsense that every variant replaces
            found = {**task_of(scenario).metrics, **found}
    return found


def judges_time(loaded: Loaded) -> bool:
    """Whether the scenario says something about a metric that is read off the clock (`lab.tasks.stopwatch.Timed`)."""
    tasks = {variant.name: task_of(variant.scenario) for variant in loaded.variants}
    scenario = loaded.scenario
    told = [each.expression for each in scenario.claims]
    told += [each.expression for each in scenario.measured.values()]
    names = (name for expression in told for name in expression.names())
    return any(isinstance(tasks[name.variant].metrics.get(name.metric), Timed) for name in names)
