"""What a scenario is about, in words: task, data, network, how it is trained, what is measured.

Only what is set up, and nothing of what comes out: a reader sees it before the question is answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.scenario.model import Optimizer, Scenario
from lab.scenario.writing import flow

TASKS = {
    "average": "train, and keep the mean of the weights as well",
    "classify": "say to which class an example belongs",
    "cross-validation": "compare settings on folds of the data",
    "descend": "walk down a function",
    "ensemble": "train several nets and average their answers",
    "formula": "compute a formula and its gradient",
    "functions": "look at activation functions",
    "gates": "follow a formula gate by gate, forward and backward",
    "gradient-check": "check gradients against differences of the loss",
    "grid": "train at every pair of two settings",
    "label": "say which labels apply to an example",
    "next-word": "predict the next word",
    "regress": "predict a number",
    "search": "search for good settings",
    "snapshots": "train once, note several states and average their answers",
    "timing": "time activation functions",
}
LONGEST_PATTERN = 6
"""Layers of a pattern that is repeated, such as `dense 32, batch_norm, relu`."""


def setting(scenario: Scenario) -> list[tuple[str, str]]:
    """What is set up, as (heading, words); parts that the scenario does not have are left out."""
    options = {key: value for key, value in scenario.options.items() if key != "pictures"}
    train = scenario.train
    batch = "all examples" if train.batch == "all" else "1 example" if train.batch == 1 else f"{train.batch} examples"
    steps = train.length
    found = [
        ("task", TASKS.get(scenario.task, scenario.task)),
        ("data", _named(scenario.data) if scenario.data else ""),
        ("network", layers(scenario.model)),
        *((f"block {name}", layers(block.layers)) for name, block in scenario.blocks.items()),
        ("weights begin", _init(scenario.init) if scenario.model and scenario.init else ""),
        ("optimizer", _optimizer(scenario.optimizer) if scenario.model or scenario.optimizer.given else ""),
        ("training", f"{steps}, {batch} each" if scenario.data else steps),
        ("options", settings(options)),
    ]
    return [(heading, words) for heading, words in found if words]


def layers(model: Sequence[Any]) -> str:
    """Layers from input to output; a pattern that is repeated is told once.

    >>> layers([{"dense": 64}, "relu", {"dense": 64}, "relu", {"dense": "classes"}])
    '2 × (dense 64, relu), dense classes'
    """
    names = [_layer(each) for each in model]
    told: list[str] = []
    place = 0
    while place < len(names):
        length, times = _pattern(names, place)
        pattern = ", ".join(names[place : place + length])
        told.append(pattern if times == 1 else f"{times} × ({pattern})")
        place += length * times
    return ", ".join(told)


def _pattern(names: Sequence[str], place: int) -> tuple[int, int]:
    """Length and number of the repetitions at a place that cover most; (1, 1) where nothing is repeated."""
    best = (1, 1)
    for length in range(1, LONGEST_PATTERN + 1):
        pattern, times = names[place : place + length], 1
        while names[place + times * length : place + (times + 1) * length] == pattern:
            times += 1
        if times > 1 and length * times > best[0] * best[1]:
            best = (length, times)
    return best


def _layer(layer: Any) -> str:
    if not isinstance(layer, Mapping):
        return str(layer)
    (name, value), *beside = layer.items()
    if isinstance(value, Mapping):
        first, beside = "", [*value.items(), *beside]
    else:
        first = f"{name} ({_inside(value)})" if isinstance(value, list) else f"{name} {value}"
    told = [
        _inside(each) if key in ("layers", "branches") else f"{key.replace('_', ' ')} {_value(each)}"
        for key, each in beside
        if value is not None or each is not None
    ]
    if name == "repeat" and first:
        return f"{value} × ({'; '.join(told)})"
    return f"{first or name} ({'; '.join(told)})" if told else first or name


def _inside(entries: Any) -> str:
    """Layers inside of another one; branches with a stroke between them."""
    if any(isinstance(each, list) for each in entries):
        return " | ".join(layers(each) if isinstance(each, list) else _layer(each) for each in entries)
    return layers(entries)


def difference(path: str, value: Any) -> str:
    """What a variant changes, in words: `optimizer.rate: 5`, or its whole network.

    >>> difference("model", [{"dense": 8}, "tanh"]), difference("optimizer.rate", 5.0)
    ('network: dense 8, tanh', 'optimizer.rate: 5.0')
    """
    if path == "model" and isinstance(value, list):
        return f"network: {layers(value)}"
    return f"{path}: {flow(value)}"


def settings(values: Mapping[str, Any]) -> str:
    """Settings on one line: `classes 3, noise 0.2`."""
    return ", ".join(f"{key.replace('_', ' ')} {_value(value)}" for key, value in values.items())


def _value(value: Any) -> str:
    if value is True:
        return "yes"
    if value is False:
        return "no"
    return value if isinstance(value, str) else flow(value)


def _named(block: Mapping[str, Any]) -> str:
    """`{name: spiral, classes: 3}` as `spiral (classes 3)`."""
    rest = {key: value for key, value in block.items() if key != "name"}
    told = settings(rest)
    if "name" not in block:
        return told
    return f"{block['name']} ({told})" if told else str(block["name"])


def _init(init: Any) -> str:
    return init if isinstance(init, str) else settings({key: value or "" for key, value in init.items()}).strip()


def _optimizer(optimizer: Optimizer) -> str:
    given = optimizer.given
    told = settings({key: given[key] for key in sorted(given, key=lambda key: key != "rate")})
    return f"{optimizer.name}: {told}" if told else optimizer.name
