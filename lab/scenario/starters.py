"""First files to change: whole scenarios for `lab new`, and what to begin with on data of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEAD = """\
# A scenario for the lab. Run it with `lab run FILE`, check it with `lab check FILE`.
# `lab schema` prints all keys that there are.
format: 1
title: "TITLE"
idea: One sentence that says what this shows.
lesson: |
  What happens here, why, and what to watch. **Markdown**, as long as you like.
"""

FIRST_FILES = Path(__file__).parent / "first_files"
"""A file for each task, without the beginning that all have in common."""


def starters() -> list[str]:
    """The tasks that have a first file."""
    return sorted(path.stem for path in FIRST_FILES.glob("*.yaml"))


def starter(task: str, name: str) -> str:
    """The text of a first file; `name` is the file's, without folder."""
    stem = name.rpartition(".")[0] or name
    words = stem.replace("-", " ").replace("_", " ")
    text = f"{_HEAD}\n{(FIRST_FILES / f'{task}.yaml').read_text(encoding='utf-8')}"
    filled = {"TITLE": f"{words[:1].upper()}{words[1:]}", "FILE": name}
    return re.sub("TITLE|FILE", lambda match: filled[match[0]], text)


@dataclass(frozen=True, slots=True)
class Template:
    """What to begin with on data of one's own: a sentence about it, and what stands in the scenario."""

    about: str
    changes: dict[str, Any]


TASKS = {"classes": "classify", "values": "regress", "labels": "label"}
"""The task for each kind of targets."""
_WATCH = {"classify": ["loss", "accuracy"], "regress": ["loss"], "label": ["loss", "accuracy"]}
_HELD_BACK = {
    "classify": ["val_loss", "val_accuracy"],
    "regress": ["val_loss", "val_r2", "val_mae"],
    "label": ["val_loss"],
}


def _model(units: int, activation: str = "relu") -> list[Any]:
    return [{"dense": units}, activation, {"dense": units}, activation, {"dense": "outputs"}]


TEMPLATES: dict[str, Template] = {
    "One network": Template(
        "Two hidden layers of 32 units, trained with Adam: see first how far this gets.", {"model": _model(32)}
    ),
    "Three sizes": Template(
        "No hidden layer, a small and a large network side by side: how much does the data need?",
        {
            "model": _model(16),
            "variants": {"linear": {"model": [{"dense": "outputs"}]}, "small": {}, "large": {"model": _model(128)}},
        },
    ),
    "Three learning rates": Template(
        "The same network with a small, a middling and a large step.",
        {
            "model": _model(32),
            "variants": {"low": {"optimizer.rate": 0.0003}, "middle": {}, "high": {"optimizer.rate": 0.1}},
        },
    ),
    "With and without dropout": Template(
        "A network large enough to learn its examples by heart, and the same with half of its units switched off at "
        "random: what is held back shows which carries over.",
        {
            "model": [{"dense": 128}, "relu", {"dropout": 0.0}, {"dense": "outputs"}],
            "variants": {"without": {}, "with_dropout": {"model.2.dropout": 0.5}},
        },
    ),
}
"""By name, for `from_data`."""

_READS: list[Any] = [{"embedding": 16}, {"lstm": {"units": 32, "return": "last"}}]
_ON_TOKENS: dict[str, dict[str, Any]] = {
    "One network": {"model": [*_READS, {"dense": "outputs"}]},
    "Three sizes": {
        "model": [*_READS, {"dense": "outputs"}],
        "variants": {
            "mean": {"model": [_READS[0], "global_average_pool", {"dense": "outputs"}]},
            "small": {"model.1.lstm.units": 8},
            "large": {"model.1.lstm.units": 64},
        },
    },
    "Three learning rates": {"model": [*_READS, {"dense": "outputs"}]},
    "With and without dropout": {"model": [*_READS, {"dropout": 0.0}, {"dense": "outputs"}]},
}
"""What a template is where texts are read as sequences of tokens."""

IMAGE_STEPS = 300


def from_data(
    template: str, data: dict[str, Any], kind: str, title: str, examples: int, rare: bool = False
) -> dict[str, Any]:
    """The content of a scenario on a data block whose targets are `kind` (classes, values or labels), with so many
    examples to train on. rare: whether the accuracy says nothing of one of the classes"""
    task = TASKS[kind]
    if kind == "values" and data.get("standardise"):
        data = {"standardise_targets": True} | data  # else the first steps only find out how large the values are
    watch = [*_WATCH[task], *(_HELD_BACK[task] if data.get("validation") else [])]
    if rare and data.get("validation"):
        watch += ["val_balanced_accuracy", "val_roc_auc", "val_average_precision"]
    watch.append("grad_norm")
    return {
        "format": 1,
        "title": title,
        "task": task,
        "data": data,
        "optimizer": {"name": "adam", "rate": 0.01},
        "train": {"batch": min(32, examples), "steps": 1000, "measure": 20},
        "watch": watch,
        **TEMPLATES[template].changes,
        **(_ON_TOKENS[template] if _reads_tokens(data) else {}),
    }


def _reads_tokens(data: dict[str, Any]) -> bool:
    """Whether a text is read as a sequence of tokens."""
    return any(isinstance(how, dict) and "tokens" in how for how in data.get("columns", {}).values())


def from_images(data: dict[str, Any], task: str, title: str, examples: int) -> dict[str, Any]:
    """The content of a scenario on a data block of images, with so many examples to train on: `task` is classify, or
    segment where masks tell the class of each pixel, or detect where there are boxes."""

    def convolution(channels: int) -> list[Any]:
        return [{"conv": channels, "kernel_size": 3, "padding": "same"}, "batch_norm", "relu"]

    if task == "segment":
        model = [*convolution(16), *convolution(16), *convolution(32), {"conv": "classes", "kernel_size": 1}]
        watch = ["val_loss", "val_mean_iou", "val_pixel_accuracy"]
    elif task == "detect":
        layers = [part for channels in (16, 32, 64) for part in (*convolution(channels), {"max_pool": 2})]
        model = [*layers, *convolution(64), {"conv": "outputs", "kernel_size": 1, "init": {"normal": 0.01}}]
        watch = ["val_mean_average_precision", "val_objects_found", "val_loss"]
    else:
        shrunk = [*convolution(16), {"max_pool": 2}, *convolution(32), {"max_pool": 2}, *convolution(32)]
        model = [*shrunk, "global_average_pool", {"dense": "classes"}]
        watch = ["loss", "accuracy", "val_loss", "val_accuracy"]
    held_back = bool(data.get("validation")) or "validation" not in data
    side = data.get("size", 64)
    cells = (side if isinstance(side, int) else min(side)) // 8
    finding = {
        "options": {"detector": {"yolo": {"grid": cells, "boxes": 2}}, "pictures": ["detected_objects", "lost_objects"]}
    }
    return {
        "format": 1,
        "title": title,
        "task": task,
        "data": data,
        "model": model,
        "init": "he",
        "optimizer": {"name": "adam", "rate": 0.003},
        "train": {"batch": min(16, examples), "steps": IMAGE_STEPS, "measure": 20},
        "watch": watch if held_back else [each for each in watch if not each.startswith("val_")] or ["loss"],
        **(finding if task == "detect" else {}),
    }
