"""The plan of a scenario's variant, measured: an experiment of its own is built for it, apart from any that trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import BadInput, InvalidValue
from lab.graph.limits import Limits, limits
from lab.graph.profile import Profile, profile
from lab.graph.running import prepare
from lab.tasks import task_of
from lab.tasks.epochs import in_steps

if TYPE_CHECKING:
    from lab.scenario import Loaded


@dataclass(frozen=True, slots=True)
class Measured:
    """Every program of one variant by name, measured, and what the machine can do."""

    variant: str
    programs: dict[str, Profile]
    limits: Limits


def measure(loaded: Loaded, variant: str | None, progress: Callable[[str, int], None]) -> Measured:
    """Build, compile and time one variant; `progress` as in `lab.graph.running.prepare`. Raises BadInput."""
    chosen = loaded.variant(variant) if variant is not None else loaded.variants[0]
    try:
        task, seed = task_of(chosen.scenario), chosen.scenario.train.seed
        experiment = task.build(in_steps(task, chosen.scenario, loaded.folder), seed, loaded.folder)
    except InvalidValue as error:
        raise loaded.locate(error, chosen) from None
    prepare(experiment.kernels(), progress)
    experiment.prepare()
    layout, memory = experiment.layout, experiment.memory
    if layout is None or memory is None:
        raise BadInput("This kind of experiment runs no plan of its own that could be measured row by row.")
    programs = {name: profile(plan, memory) for name, plan in layout.plans.items()}
    return Measured(chosen.name, programs, limits())
