"""Small whole scenarios in which one thing is used: they run as they stand, and tests run each of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.errors import BadInput
from lab.reference.topic import Example
from lab.scenario import Loaded, load_text
from lab.scenario.writing import flow

_POINTS = {
    "title": "",
    "task": "classify",
    "data": {"name": "spiral", "points": 300},
    "model": [{"dense": 32}, "relu", {"dense": "classes"}],
    "train": {"steps": 300},
    "watch": ["loss", "accuracy"],
}
_IMAGES = _POINTS | {
    "data": {"name": "digits", "examples": 500},
    "model": [{"conv": 8, "kernel_size": 3, "padding": 1}, "relu", {"dense": "classes"}],
    "train": {"steps": 50},
}
_SEQUENCES = _POINTS | {
    "task": "transcribe",
    "data": {"name": "transcripts", "points": 300},
    "model": [{"rnn": 16}, {"dense": "classes"}],
}
_TOKENS = _POINTS | {"model": [{"embedding": 8}, {"gru": 16, "return": "last"}, {"dense": "classes"}]}
_WINDOWS_OF_TIME = _SEQUENCES | {
    "model": [
        {"embedding": 8}, {"conv1d": 16, "kernel_size": 3, "padding": "same"}, "relu", {"dense": "classes"}
    ],
}  # fmt: skip
_CAPTIONS = _POINTS | {
    "task": "caption",
    "data": {"name": "shape-captions", "points": 200, "size": 16},
    "model": [{"conv": 8, "kernel_size": 3, "stride": 4}, "relu", {"writer": 16}],
    "train": {"steps": 20},
}
_QUESTIONS = _CAPTIONS | {
    "task": "answer",
    "data": {"name": "shape-questions", "points": 200, "size": 16},
    "model": [{"conv": 8, "kernel_size": 3, "stride": 4}, "relu", {"question": 16}, {"dense": "classes"}],
}
_REWRITES = _POINTS | {
    "task": "translate",
    "data": {"name": "rewrites", "points": 300},
    "model": [{"gru": 16}, {"writer": 16, "attention": "soft"}],
}
_PIXELS = _IMAGES | {
    "task": "pixels",
    "data": {"name": "digits", "binarise": 0.5, "validation": 0.3, "examples": 500},
    "model": ["previous_pixels", {"gru": 16}, {"dense": "outputs"}],
    "watch": ["bits_per_pixel", "independent_bits"],
}
_MASKS = _IMAGES | {
    "task": "segment",
    "data": {"name": "shape-masks", "points": 100},
    "model": [{"windows": 9}, "flatten", {"dense": 16}, "relu", {"dense": "classes"}],
    "watch": ["loss", "mean_iou"],
}
_REGIONS: dict[str, Any] = _POINTS | {
    "task": "detect",
    "data": {"name": "shape-objects", "points": 100, "size": 48, "shapes": 3},
    "model": [
        {"conv": 16, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 4}, {"regions": 6}, {"dense": "outputs"}
    ],
    "options": {"detector": "regions"},
    "train": {"steps": 50, "batch": 8},
    "watch": ["loss", "mean_average_precision"],
}  # fmt: skip
_PROPOSALS = _REGIONS | {
    "model": [
        {"conv": 16, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 4}, {"propose": 32}, {"regions": 6},
        {"dense": "outputs"},
    ],
    "options": {"detector": "faster_rcnn"},
}  # fmt: skip
_WITH_MASKS = _PROPOSALS | {
    "model": [
        {"conv": 16, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 4}, {"propose": 32},
        {"mask_branch": [{"regions": 12}, {"conv": "outputs", "kernel_size": 1}],
         "beside": [{"regions": 6}, {"dense": "outputs"}]},
    ],
    "options": {"detector": "mask_rcnn"},
}  # fmt: skip
_OF_THEIR_OWN = {
    "mask_branch": _WITH_MASKS,
    "propose": _PROPOSALS,
    "conv1d": _WINDOWS_OF_TIME,
    "writer": _CAPTIONS,
    "question": _QUESTIONS,
    "previous_pixels": _PIXELS,
    "windows": _MASKS,
    "regions": _REGIONS,
}
_HOSTS: dict[str, dict[str, Any]] = {"points": _POINTS, "images": _IMAGES, "sequences": _SEQUENCES}
_VALUES = _POINTS | {
    "task": "regress",
    "data": {"name": "curve", "points": 200},
    "model": [{"dense": 32}, "tanh", {"dense": "outputs"}],
    "watch": ["loss"],
}
_LABELS = _POINTS | {
    "task": "label",
    "data": {"name": "attributes", "points": 300},
    "model": [{"dense": 32}, "relu", {"dense": "outputs"}],
    "watch": ["loss", "f1"],
}
_OBJECTS = _POINTS | {
    "task": "locate",
    "data": {"name": "shape-objects", "points": 300},
    "model": ["flatten", {"dense": 32}, "relu", {"dense": "outputs"}],
    "watch": ["loss", "box_iou"],
}
_DETECTION: dict[str, Any] = _POINTS | {
    "task": "detect",
    "data": {"name": "shape-objects", "points": 300, "size": 48, "shapes": 3},
    "model": [{"conv": 16, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 4}],
    "train": {"steps": 100, "batch": 16},
    "watch": ["loss", "mean_average_precision"],
}
_LAST_LAYERS: dict[str, list[Any]] = {
    "faster_rcnn": [{"propose": 32}, {"regions": 6}, {"dense": "outputs"}],
    "mask_rcnn": _WITH_MASKS["model"][3:],
    "regions": [{"regions": 6}, {"dense": "outputs"}],
    "yolo": [{"max_pool": 2}, {"conv": "outputs", "kernel_size": 3, "padding": 1}],
    "ssd": [
        {"parallel": [
            [{"conv": "outputs", "kernel_size": 3, "padding": 1}, "flatten"],
            [{"max_pool": 2}, {"conv": "outputs", "kernel_size": 3, "padding": 1}, "flatten"],
        ]}
    ],
}  # fmt: skip
"""Of each detector what stands behind the features of `_DETECTION`, maps of 12 by 12."""
_TEXT = _POINTS | {
    "task": "language-model",
    "data": {"name": "countdown"},
    "model": [{"rnn": 16}, {"dense": "classes"}],
    "train": {"steps": 100, "batch": 8},
    "watch": ["loss"],
}
_WORDS = _TEXT | {
    "task": "next-word",
    "data": {"name": "words"},
    "model": [{"embedding": 8}],
    "train": {"steps": 100, "batch": 32},
}
_BY_LOSS = {"classify": _POINTS, "regress": _VALUES, "label": _LABELS}


def with_layer(name: str, specimen: Any, activation: bool, host: str) -> Example | None:
    """A network that has the layer: on points, images or sequences, whichever it takes."""
    if name in _OF_THEIR_OWN:
        return _if_right(name, _OF_THEIR_OWN[name])
    for kind in [host] if host else _HOSTS:
        content = copy.deepcopy(_HOSTS[kind])
        if kind == "sequences":
            content["model"][:1] = [specimen] if host and name != "embedding" else [specimen, {"rnn": 16}]
        elif activation:
            content["model"][1] = specimen
        elif name in ("dense", "conv"):
            content["model"][0] = specimen
        else:
            content["model"][1:1] = [specimen]
        if found := _if_right(name, content):
            return found
        if kind == "sequences":  # of numbers: symbols go through a table first
            content["model"][:1] = [{"embedding": 8}, content["model"][0]]
            if found := _if_right(name, content):
                return found
    return None


def with_optimizer(block: Mapping[str, Any], title: str, schedule: bool = False) -> Example | None:
    """A small network that is trained by it on all examples at once."""
    content = copy.deepcopy(_POINTS)
    content["model"] = [{"dense": 16}, "tanh", {"dense": "classes"}]
    content["optimizer"] = dict(block)
    content["train"] = {"batch": "all", "steps": 300 if schedule else 100}
    content["watch"] = ["loss", "accuracy", *(["rate"] if schedule else [])]
    return _if_right(title, content)


def with_initialiser(specimen: Any, title: str) -> Example | None:
    """A network whose weights begin that way."""
    content = copy.deepcopy(_POINTS)
    content["init"] = specimen
    return _if_right(title, content)


def with_loss(task: str, loss: str) -> Example | None:
    """A network that is trained with this loss."""
    content = copy.deepcopy(_BY_LOSS[task])
    content["options"] = {"loss": loss}
    return _if_right(loss, content)


def with_detector(name: str, block: Mapping[str, Any]) -> Example | None:
    """A network that finds several objects by it."""
    content = copy.deepcopy(_DETECTION)
    content["model"] += _LAST_LAYERS[name]
    content["options"] = {"detector": dict(block)}
    return _if_right(name, content)


def with_data(name: str) -> Example | None:
    """A network for the set, whatever its targets are."""
    for host in (
        _POINTS,
        _VALUES,
        _LABELS,
        _OBJECTS,
        _SEQUENCES,
        _TEXT,
        _WORDS,
        _CAPTIONS,
        _QUESTIONS,
        _REWRITES,
        _MASKS,
        _TOKENS,
    ):
        content = copy.deepcopy(host)
        content["data"] = {"name": name}
        if found := _if_right(name, content):
            return found
    return None


def with_first_file(task: str, path: str, name: str) -> Example | None:
    """The first file of a task, asked for one thing more at a path that is a list."""
    from lab.scenario.starters import starter
    from lab.tasks import check

    text = starter(task, "mine.yaml")
    content: Any = yaml.safe_load(text)
    for part in path.split("."):
        content = (content or {}).get(part)
    change = {path: list(dict.fromkeys([*(content or []), name]))}
    try:
        check(load_text(text, Path("mine.yaml"), change))
    except BadInput:
        return None
    return Example(f"lab new mine --task {task}\nlab run mine.yaml --set '{path}={flow(change[path])}'")


def loaded(example: Example) -> Loaded:
    """The scenario of an example that is whole."""
    return load_text(example.text, Path("example.yaml"))


def _if_right(title: str, content: Mapping[str, Any]) -> Example | None:
    from lab.tasks import check

    example = Example("\n".join(_lines({**content, "title": title})), whole=True)
    try:
        check(loaded(example))
    except BadInput:
        return None
    return example


def _lines(content: Mapping[str, Any]) -> Iterator[str]:
    """A line for each key; a model that is too long for one has a line for each layer."""
    for key, value in content.items():
        line = f"{key}: {flow(value)}"
        if key == "model" and len(line) > 76:
            yield "model:"
            yield from (f"  - {flow(each)}" for each in value)
        else:
            yield line


def read(fragment: str) -> Any:
    """A fragment of YAML as it stands in a docstring."""
    return yaml.safe_load(fragment)
