"""`lab new`: a first file to change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

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

STARTERS = {"classify": _CLASSIFY}
"""For each task that has one, the text of a first file."""


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for it, or a path; `.yaml` is added.")],
    task: Annotated[str, typer.Option(help=f"The kind of experiment: {', '.join(STARTERS)}.")] = "classify",
) -> None:
    """Begin a scenario file of your own. An existing file is never overwritten."""
    from lab.errors import BadInput, nearest

    if task not in STARTERS:
        raise BadInput(f"There is no starter for the task {task!r}: {nearest(task, STARTERS)}.")
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", path.stem, re.ASCII):
        raise BadInput(f"{path.stem!r} cannot be the name of a scenario: use letters, digits, - and _.")
    words = path.stem.replace("-", " ").replace("_", " ")
    filled = {"TITLE": f"{words[:1].upper()}{words[1:]}", "FILE": path.name}
    text = re.sub("TITLE|FILE", lambda match: filled[match[0]], STARTERS[task])
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadInput(f"{path}: this file exists already; it is not overwritten.") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror or error}).") from None
    print(f"{path} is written. Change it, check it with `lab check {path}`, run it with `lab run {path}`.")
