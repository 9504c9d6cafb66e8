"""What networks and their training are made of: layers, activations, losses, optimizers, schedules, initialisers,
detectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.graph.tensor import Tensor
from lab.nets.initialisers import INITIALISERS, Initialiser
from lab.nets.layer import LAYERS, load_layers
from lab.nets.optimizers import OPTIMIZERS, Optimizer
from lab.nets.schedules import SCHEDULES
from lab.reference import examples, kernels_used
from lab.reference.lessons import lessons_with
from lab.reference.settings import settings_of
from lab.reference.topic import Topic, prose
from lab.tasks.detection.detector import load_detectors
from lab.tasks.training.losses import LOSSES_OF_TASKS


def layers() -> tuple[str, ...]:
    load_layers()
    return tuple(sorted(name for name, kind in LAYERS.items() if not kind.activation))


def activations() -> tuple[str, ...]:
    load_layers()
    return tuple(sorted(name for name, kind in LAYERS.items() if kind.activation))


def layer(name: str, kind: str = "layer") -> Topic:
    """A layer, whose specimen is its docstring's example, or its bare name."""
    load_layers()
    about, declared = prose(LAYERS[name]), LAYERS[name]
    specimen = about.example or name
    example = examples.with_layer(name, examples.read(specimen), declared.activation, about.host)
    return Topic(
        kind,
        name,
        about.paragraphs,
        about.formula,
        use=f"model: [{specimen}]",
        settings=settings_of(declared),
        example=example,
        kernels=kernels_used.of_layer(name, example),
        lessons=lessons_with("layer", name),
        papers=about.papers,
    )


def activation(name: str) -> Topic:
    return layer(name, "activation")


def losses() -> tuple[str, ...]:
    return tuple(sorted({name for each in LOSSES_OF_TASKS.values() for name in each}))


def loss(name: str) -> Topic:
    """A loss; one that several tasks know under the same name is told for each of them."""
    known = {task: each[name] for task, each in LOSSES_OF_TASKS.items() if name in each}
    told = {task: prose(function) for task, function in known.items()}
    first = next(iter(told))
    paragraphs = [
        text if task == first else f"With `task: {task}`: {text}"
        for task, each in told.items()
        for text in each.paragraphs
    ]
    formulas = [each.formula if task == first else f"with task: {task}, {each.formula}" for task, each in told.items()]
    return Topic(
        "loss",
        name,
        (*paragraphs, f"It is for `task: {' or '.join(known)}`."),
        "; ".join(formulas),
        use=f"options: {{loss: {name}}}",
        settings=tuple(each for each in _options_of(known) if each.name == "delta" and name == "huber"),
        example=examples.with_loss(first, name),
        kernels=kernels_used.of_tensor(_loss_tensor(known[first], first), name),
        lessons=lessons_with("loss", name),
        papers=tuple(paper for each in told.values() for paper in each.papers),
    )


def _options_of(known: dict[str, Any]) -> Any:
    from lab.tasks.task import load_tasks

    return [each for name in known for each in settings_of(load_tasks()[name].Options)]


def _loss_tensor(function: Callable[..., Any], task: str) -> Tensor:
    outputs = Tensor((4, 3))
    targets = Tensor((4,) if task == "classify" else (4, 3))
    made = function(1.0)(outputs, targets) if function.__name__ == "huber" else function(outputs, targets)
    assert isinstance(made, Tensor)
    return made


def optimizers() -> tuple[str, ...]:
    return tuple(sorted(OPTIMIZERS))


def optimizer(name: str) -> Topic:
    about = prose(OPTIMIZERS[name])
    block = examples.read(about.example or f"{{name: {name}}}")
    return Topic(
        "optimizer",
        name,
        about.paragraphs,
        about.formula,
        use=f"optimizer: {about.example or f'{{name: {name}}}'}",
        settings=settings_of(OPTIMIZERS[name], last=[each for each in Optimizer.model_fields if each != "rate"]),
        example=examples.with_optimizer(block, name),
        kernels=kernels_used.of_optimizer(name),
        lessons=lessons_with("optimizer", name),
        papers=about.papers,
    )


def schedules() -> tuple[str, ...]:
    return tuple(sorted(SCHEDULES))


def schedule(name: str) -> Topic:
    from lab.nets.schedules import schedules as made

    about = prose(SCHEDULES[name])
    specimen = about.example or f"{{{name}: {{}}}}"
    block = {"name": "sgd", "rate": 0.1, "momentum": 0.9, "schedule": examples.read(specimen)}
    rate = Tensor((1,))
    changed = made(examples.read(specimen), ("schedule",))[0].build(rate, 0)
    return Topic(
        "schedule",
        name,
        about.paragraphs,
        about.formula,
        use=f"optimizer: {{name: sgd, rate: 0.1, schedule: {specimen}}}",
        settings=settings_of(SCHEDULES[name]),
        example=examples.with_optimizer(block, f"{name} schedule", schedule=True),
        kernels=kernels_used.of_tensor(changed, name),
        lessons=lessons_with("schedule", name),
        papers=about.papers,
    )


def initialisers() -> tuple[str, ...]:
    return tuple(sorted(INITIALISERS))


def initialiser(name: str) -> Topic:
    about = prose(INITIALISERS[name])
    return Topic(
        "initialiser",
        name,
        about.paragraphs,
        about.formula,
        use=f"init: {about.example or name}",
        settings=settings_of(INITIALISERS[name], last=Initialiser.model_fields),
        example=examples.with_initialiser(examples.read(about.example or name), f"{name} init"),
        lessons=lessons_with("initialiser", name),
        papers=about.papers,
    )


def detectors() -> tuple[str, ...]:
    return tuple(sorted(load_detectors()))


def detector(name: str) -> Topic:
    kind = load_detectors()[name]
    about = prose(kind)
    block = examples.read(about.example)
    example = examples.with_detector(name, block)
    return Topic(
        "detector",
        name,
        about.paragraphs,
        about.formula,
        use=f"options: {{detector: {about.example}}}",
        settings=settings_of(kind),
        example=example,
        kernels=kernels_used.of_loss(example, name),
        lessons=lessons_with("detector", name),
        papers=about.papers,
    )
