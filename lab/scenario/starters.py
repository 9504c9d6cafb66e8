"""First files to change: whole scenarios for `lab new`, and what to begin with on data of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
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

_CLASSIFY = f"""\
{_HEAD}
# Asked before the run; delete it if there is nothing to ask.
question:
  ask: Which of the two ends with the lower loss?
  choices: [slow, good]
  answer: good
  because: With so small a rate the weights hardly move in so few steps.

task: classify
data: {{name: spiral, classes: 3, points: 600, noise: 0.2}}   # or {{csv: my.csv, target: column}}
model: [{{dense: 32}}, relu, {{dense: 32}}, relu, {{dense: classes}}]
init: he
optimizer: {{name: sgd, rate: 0.1}}
train: {{batch: 32, steps: 1000, measure: 20}}   # measure: after every 20 steps
watch: [loss, accuracy, grad_norm]

# Each variant differs from the above in what is written here, by dotted path.
variants:
  good: {{}}
  slow: {{optimizer.rate: 0.001}}

# A claim is judged after the run; `lab verify FILE --seeds 0:10` judges it on ten seeds.
claims:
  - says: A far too small learning rate leaves the loss high.
    that: last(slow.loss) > last(good.loss) + 0.1
"""

_REGRESS = f"""\
{_HEAD}
# Asked before the run; delete it if there is nothing to ask.
question:
  ask: Which of the two ends with the lower loss?
  choices: [straight, bent]
  answer: bent
  because: Without an activation layers on top of each other are still one linear function.

task: regress
data: {{name: curve, points: 200, noise: 0.1}}   # or {{csv: my.csv, target: column}}
model: [{{dense: 32}}, tanh, {{dense: 32}}, tanh, {{dense: outputs}}]
optimizer: {{name: adam, rate: 0.01}}
train: {{batch: 32, steps: 1000, measure: 20}}   # measure: after every 20 steps
watch: [loss, grad_norm]

# Each variant differs from the above in what is written here, by dotted path.
variants:
  bent: {{}}
  straight: {{model: [{{dense: outputs}}]}}

# A claim is judged after the run; `lab verify FILE --seeds 0:10` judges it on ten seeds.
claims:
  - says: A straight line cannot follow the curve.
    that: last(straight.loss) > last(bent.loss)
"""

STARTERS = {"classify": _CLASSIFY, "regress": _REGRESS}
"""For each task that has one, the text of a first file."""


def starter(task: str, name: str) -> str:
    """The text of a first file; `name` is the file's, without folder."""
    stem = name.rpartition(".")[0] or name
    words = stem.replace("-", " ").replace("_", " ")
    filled = {"TITLE": f"{words[:1].upper()}{words[1:]}", "FILE": name}
    return re.sub("TITLE|FILE", lambda match: filled[match[0]], STARTERS[task])


@dataclass(frozen=True, slots=True)
class Template:
    """What to begin with on data of one's own: a sentence about it, and what stands in the scenario."""

    about: str
    changes: dict[str, Any]


TASKS = {"classes": "classify", "values": "regress", "labels": "label"}
"""The task for each kind of targets."""
_WATCH = {"classify": ["loss", "accuracy"], "regress": ["loss"], "label": ["loss", "accuracy"]}
_HELD_BACK = {"classify": ["val_loss", "val_accuracy"], "regress": ["val_loss"], "label": ["val_loss"]}


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


def from_data(template: str, data: dict[str, Any], kind: str, title: str, examples: int) -> dict[str, Any]:
    """The content of a scenario on a data block whose targets are `kind` (classes, values or labels), with so many
    examples to train on."""
    task = TASKS[kind]
    watch = [*_WATCH[task], *(_HELD_BACK[task] if data.get("validation") else []), "grad_norm"]
    return {
        "format": 1,
        "title": title,
        "task": task,
        "data": data,
        "optimizer": {"name": "adam", "rate": 0.01},
        "train": {"batch": min(32, examples), "steps": 1000, "measure": 20},
        "watch": watch,
        **TEMPLATES[template].changes,
    }
