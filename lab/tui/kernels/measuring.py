"""The plan of a scenario's variant, measured: an experiment of its own is built for it, apart from any that trains."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernels.language import Kernel
from kernels.plan import Row
from lab.errors import BadInput, InvalidValue
from lab.graph.gradients import RULES
from lab.graph.limits import Limits, limits
from lab.graph.profile import Profile, profile
from lab.graph.running import prepare
from lab.tasks import task_of

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
        experiment = task_of(chosen.scenario).build(chosen.scenario, chosen.scenario.train.seed, loaded.folder)
    except InvalidValue as error:
        raise loaded.locate(error, chosen) from None
    prepare(experiment.kernels(), progress)
    experiment.prepare()
    layout, memory = getattr(experiment, "layout", None), getattr(experiment, "memory", None)
    if layout is None or memory is None:
        raise BadInput("This kind of experiment runs no plan of its own that could be measured row by row.")
    programs = {name: profile(plan, memory) for name, plan in layout.plans.items()}
    return Measured(chosen.name, programs, limits())


def source(kernel: Kernel) -> str:
    """A kernel as it stands in its file, with declaration and docstring."""
    return inspect.getsource(kernel.function).rstrip()


def rule_of(kernel: Kernel) -> tuple[str, str]:
    """A title and the source of a rule: the kernel's own, or that of the operation whose gradient it computes."""
    if kernel.name in RULES:
        return f"The gradient rule of {kernel.name}", inspect.getsource(RULES[kernel.name]).rstrip()
    for name, rule in RULES.items():
        code = getattr(rule, "__code__", None)
        if code is not None and kernel.name in code.co_names:
            return f"It serves the gradient rule of {name}", inspect.getsource(rule).rstrip()
    return "No gradient passes through it", ""


def shapes(row: Row) -> str:
    """The operands of a row with their shapes: `x[100×2] weight[2×64] → y[100×64]`."""
    reads: list[str] = []
    writes: list[str] = []
    for place, operand in enumerate(row.kernel.operands):
        told = f"{operand.name}[{'×'.join(str(each) for each in row.shape(place))}]"
        (writes if operand.written else reads).append(told)
    return " ".join([*reads, "→", *writes])
