"""Which kernels do what a layer, a loss, an optimizer, a schedule or a metric does: read off the graph it builds."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from typing import Any

from kernels import detection as kernels_of_detection
from lab.errors import BadInput
from lab.graph.tensor import Call, Tensor
from lab.reference.examples import loaded
from lab.reference.topic import Example


def of_layer(name: str, example: Example | None) -> tuple[str, ...]:
    """The kernels of the first layer of that name in an example, those that are decisive for it first."""
    from lab.tasks import task_of

    if example is None:
        return ()
    scenario = loaded(example).variants[0].scenario
    experiment = task_of(scenario).checked(scenario, None)
    parts = [part for part in experiment.layers if part.layer.name == name]
    if not parts:
        return ()
    found = _before(parts[0].y, {parts[0].x}, parts[0].name)
    return _in_order((each.kernel.name for each in found), name)


def of_loss(example: Example | None, name: str) -> tuple[str, ...]:
    """The kernels of the loss of the network in an example."""
    from lab.tasks import task_of

    if example is None:
        return ()
    scenario = loaded(example).variants[0].scenario
    experiment = task_of(scenario).checked(scenario, None)
    plan = experiment.layout.plans["gradient"] if experiment.layout is not None else None
    names = [row.kernel.name for row in plan.rows if row.label == "loss"] if plan else []
    own = [each for each in names if each in vars(kernels_of_detection)]
    return _in_order(own + names, name)


def of_tensor(result: Tensor, name: str) -> tuple[str, ...]:
    """The kernels of all calls that make a tensor."""
    return _in_order((each.kernel.name for each in _before(result, set(), None)), name)


def of_optimizer(name: str) -> tuple[str, ...]:
    """The kernels of one step of an optimizer as it is without further settings; none of those that the host carries
    out."""
    from lab.graph.tensor import Storage
    from lab.nets.adjustable_numbers import AdjustableNumbers
    from lab.nets.optimizers import optimizer
    from lab.nets.optimizers.optimizer import OptimizerContext

    parameters = Storage("parameters")
    parameters.member("dense1.weight", (2, 2))
    context = OptimizerContext(parameters, parameters.like("gradients"), AdjustableNumbers())
    settings = {"momentum": 0.9} if name == "sgd" else {}
    made = optimizer(name, settings)
    try:
        calls = made.step(context, context.number(made, "rate"))
    except (AttributeError, TypeError, ValueError, AssertionError, BadInput):
        return ()  # it needs the loss as well: its step is not one of kernels alone
    names = [each.kernel.name for each in calls if isinstance(each, Call)]
    return _in_order((["sgd"] if name == "sgd" else []) + names, name)


def of_metric(kind: type, name: str) -> tuple[str, ...]:
    """The kernels that a metric's class names, and the functions of its file that it calls."""
    from lab.graph.catalogue import all_kernels

    known, module = all_kernels(), sys.modules[kind.__module__]
    texts = [inspect.getsource(kind)]
    for helper in re.findall(r"\b(\w+)\(", texts[0]):
        function = getattr(module, helper, None)
        if inspect.isfunction(function) and function.__module__ == module.__name__:
            texts.append(inspect.getsource(function))
    named = re.findall(r"\bkernels\.(\w+)|\.(dead_units)\(", "\n".join(texts))
    return _in_order((each for pair in named for each in pair if each in known), name)


def _before(result: Tensor, ends: set[Tensor], label: str | None) -> list[Call]:
    """The calls that make a tensor from others, in their order."""
    found: dict[int, Call] = {}
    left: list[Any] = [result]
    while left:
        tensor = left.pop()
        if tensor is None or tensor in ends:
            continue
        left.append(tensor.base)
        if tensor.call is not None and tensor.call.number not in found:
            if label is not None and tensor.call.label != label and not tensor.call.label.startswith(f"{label}."):
                continue
            found[tensor.call.number] = tensor.call
            left += tensor.call.reads
    return [found[number] for number in sorted(found)]


def _in_order(names: Iterable[str], name: str) -> tuple[str, ...]:
    """Each once; a kernel of the same name, or one that begins with it, comes first."""
    once = dict.fromkeys(names)
    return tuple(sorted(once, key=lambda each: (each != name, not each.startswith(name))))
