"""How often `lab diagnose` names the fault that was planted in a network that learns without it.

    python -m tests.benchmarks.planted_faults [BASE…]

Each fault names the kinds of treatment that count as right: most faults can be mended in more than one way.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.diagnosis import Diagnosis, diagnose
from lab.scenario.loading import load_text

BASES = {
    "spiral": """
title: spiral
task: classify
data: {name: spiral, classes: 3, points: 400, noise: 0.15}
model: [{dense: 32}, relu, {dense: 32}, relu, {dense: classes}]
init: he
optimizer: {name: sgd, rate: 0.1, momentum: 0.9}
train: {batch: 50, steps: 1500, measure: 50}
watch: [loss]
""",
    "digits": """
title: digits
task: classify
data: {name: digits, standardise: true, validation: 0.3}
model: [{dense: 48}, relu, {dense: 48}, relu, {dense: classes}]
init: he
optimizer: {name: sgd, rate: 0.05, momentum: 0.9}
train: {batch: 32, steps: 500, measure: 25}
watch: [loss]
""",
    "curve": """
title: curve
task: regress
data: {name: curve, points: 300, noise: 0.05}
model: [{dense: 32}, tanh, {dense: 32}, tanh, {dense: outputs}]
init: xavier
optimizer: {name: sgd, rate: 0.05, momentum: 0.9}
train: {batch: 30, steps: 2000, measure: 50}
watch: [loss]
""",
    "adam": """
title: moons by Adam
task: classify
data: {name: moons, points: 400, noise: 0.1}
model: [{dense: 24}, relu, {dense: 24}, relu, {dense: classes}]
init: he
optimizer: {name: adam, rate: 0.005}
train: {batch: 32, steps: 600, measure: 20}
watch: [loss]
""",
    "convolution": """
title: clothes
task: classify
data: {name: fashion-mnist, examples: 1000, standardise: true}
model:
  [{conv: 8, kernel_size: 3}, relu, {max_pool: 2}, {conv: 16, kernel_size: 3}, relu, {max_pool: 2}, flatten,
   {dense: classes}]
init: he
optimizer: {name: sgd, rate: 0.03, momentum: 0.9}
train: {batch: 32, steps: 300, measure: 25}
watch: [loss]
""",
}


@dataclass(frozen=True)
class Fault:
    """A change that breaks a network, and the kinds of treatment that mend what was broken.

    factor: what the base's learning rate is multiplied by, where that is the fault
    """

    name: str
    right: tuple[str, ...]
    set: Mapping[str, Any]
    factor: float = 1.0
    last: Any = None
    only: tuple[str, ...] = ()


FAULTS = (
    Fault("rate × 200", ("learning_rate",), {}, 200),
    Fault("rate / 1000", ("learning_rate",), {}, 0.001),
    Fault("zero weights", ("initial_weights",), {"init": "zero"}),
    Fault("weights × 20", ("initial_weights", "input_scale"), {"init": {"normal": 3.0}}),
    Fault("weights / 1000", ("initial_weights", "normalisation"), {"init": {"normal": 0.0003}}),
    Fault("strong L2", ("weight_penalty",), {"optimizer.l2": 1.0}),
    Fault("relu behind the outputs", ("activation_of_outputs",), {}, last="relu"),
    Fault("a fiftieth of the steps", ("duration", "learning_rate"), {"train.steps": 20, "train.measure": 1}),
    Fault(
        "eight layers of sigmoids",
        ("activation", "normalisation", "initial_weights"),
        {"model": [*[{"dense": 24}, "sigmoid"] * 8, {"dense": "classes"}], "init": "xavier"},
        only=("spiral", "digits", "adam"),
    ),
    Fault(
        "dropout of 95 %",
        ("dropout",),
        {"model": [*[{"dense": 32}, "relu", {"dropout": 0.95}] * 2, {"dense": "classes"}]},
        only=("spiral", "digits", "adam"),
    ),
    Fault("two units", ("size",), {"model": [{"dense": 2}, "relu", {"dense": "classes"}]}, only=("spiral", "digits")),
    Fault(
        "no activation",
        ("activation",),
        {"model": [{"dense": 32}, {"dense": 32}, {"dense": "classes"}]},
        only=("spiral", "adam"),
    ),
)  # fmt: skip


def planted(base: str, fault: Fault | None) -> Diagnosis:
    """The diagnosis of a base with a fault."""
    loaded = load_text(BASES[base], Path(f"{base}.yaml"))
    if fault is not None:
        changes = dict(fault.set)
        if fault.factor != 1:
            changes["optimizer.rate"] = loaded.scenario.optimizer.rate * fault.factor
        if fault.last is not None:
            changes["model"] = [*loaded.scenario.model, fault.last]
        loaded = load_text(BASES[base], Path(f"{base}.yaml"), changes)
    return diagnose(loaded)


def main(bases: list[str]) -> None:
    """Print a line for each base and fault, and how many were named."""
    right = tried = 0
    for base in bases or BASES:
        healthy = planted(base, None)
        print(
            f"{base:12} healthy: {healthy.before.typical:.3f} left, found {[each.kind for each in healthy.found]}",
            flush=True,
        )
        for fault in FAULTS:
            if fault.only and base not in fault.only:
                continue
            begun = time.monotonic()
            found = planted(base, fault)
            kinds = [each.kind or each.name for each in found.found]
            harmless = not kinds and found.before.typical <= 0.05
            named = any(kind in fault.right for kind in kinds[:1])
            tried += not harmless
            right += named
            print(
                f"{base:12} {fault.name:26} {'harmless' if harmless else 'right' if named else 'WRONG':8} "
                f"{found.before.typical:8.3g} -> {found.last.typical:6.3g}  {kinds}  {time.monotonic() - begun:.0f} s",
                flush=True,
            )
    print(f"{right} of {tried} faults were named first")


if __name__ == "__main__":
    main(sys.argv[1:])
