"""One training step explained: the same kernels on the same numbers, row by row, and then everything as it was before.

What is shown is what the next step computes, to the last bit: it is that step, taken and taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.plan import HALT, STEP, Row
from lab.errors import BadInput
from lab.pictures import Table
from lab.tasks.divergence import rows_left_out
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.training import Training

_UPDATE, _BATCH, _LOSS = "optimizer", "batch", "loss"
_TERMS = 4


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an explanation: a title, sentences, and a table if there is one."""

    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Traced:
    """One row of the plan with its operands, by name: what they were before it ran, and after."""

    row: Row
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]

    @property
    def written(self) -> list[tuple[str, np.ndarray]]:
        """The operands that it writes."""
        return [(each.name, self.after[each.name]) for each in self.row.kernel.operands if each.written]

    @property
    def formula(self) -> str:
        """What it computes, as its kernel says in one line."""
        text = " ".join((self.row.kernel.function.__doc__ or "").strip().split("\n\n")[0].split())
        return text.split(". ")[0].rstrip(".")


def explainable(experiment: Any) -> bool:
    """Whether it has steps that `explain` explains."""
    return isinstance(experiment, Training)


def explain(experiment: Any) -> list[Section]:
    """The next step of a network in training: batch, activations, loss, gradients, update, and one weight's numbers.

    Leaves the experiment as it was. Raises BadInput for an experiment that has no training steps to explain.
    """
    if not explainable(experiment):
        raise BadInput("Only training steps of a network can be explained; this experiment has none.")
    whole, state = experiment.memory.arena.copy(), experiment.memory.state.copy()
    parameters, gradients = experiment.network.parameters, experiment.gradients

    def values(storage: Any) -> dict[str, np.ndarray]:
        known = {name: each for name, each in storage.members.items() if experiment.layout.knows(each)}
        return {name: experiment.layout.view(experiment.memory, each).copy() for name, each in known.items()}

    try:
        experiment.memory.state[STEP] += 1
        before = values(parameters)
        program = experiment.program("step")
        rows: list[Traced] = []
        gradient: dict[str, np.ndarray] | None = None
        left_out = 0
        for index, row in enumerate(program.plan.rows):
            if left_out:
                left_out -= 1
                continue
            if row.label == _UPDATE and gradient is None:
                gradient = values(gradients)
            traced = _run(experiment, program, index, row)
            left_out = rows_left_out(row, experiment.memory)
            if not left_out:
                rows.append(traced)
        after = values(parameters)
    finally:
        experiment.memory.arena[:], experiment.memory.state[:] = whole, state
        experiment.memory.state[HALT] = 0
    loss = next((n for n, each in enumerate(rows) if each.row.label == _LOSS and _LOSS in each.after), len(rows))
    forward = [each for each in rows[:loss] if each.row.label not in (_BATCH, _LOSS)]
    update = [each for each in rows if each.row.label == _UPDATE]
    backward = [each for each in rows[loss + 1 :] if each.row.label != _UPDATE and each.row.label != _BATCH]
    gradient = gradient if gradient is not None else values(gradients)
    return [
        _batch(experiment, rows),
        Section("Forward: from the batch to the answers", (), _activations(forward)),
        Section(
            "The numbers in the formulas, for the first example of the batch", tuple(_numbers(forward, rows[loss:]))
        ),
        Section("Backward: what would change the loss", _losses(rows[loss:]), _gradients(backward)),
        Section("Update: how far each parameter moves", (), _updates(before, after, gradient)),
        _one_weight(experiment, update, before, after, gradient),
    ]


def _run(experiment: ProgramExperiment, program: Any, index: int, row: Row) -> Traced:
    arena, shared = experiment.memory.arena, experiment.memory.shared

    def look() -> dict[str, np.ndarray]:
        found = {}
        for place, (operand, (segment, offset)) in enumerate(zip(row.kernel.operands, row.operands, strict=True)):
            shape = row.shape(place)
            base = shared if segment else arena
            found[operand.name] = base[offset : offset + int(np.prod(shape))].reshape(shape).copy()
        return found

    updates = any(each.updated for each in row.kernel.operands)
    before = look() if updates else {}
    program.run_row(index)
    after = look()
    return Traced(row, before or after, after)


def _batch(experiment: Training, rows: list[Traced]) -> Section:
    count = experiment.split.train.count
    step = f"Step {experiment.step + 1:,}"
    chosen = next((each.after["chosen"] for each in rows if "chosen" in each.after), None)
    if chosen is None:
        return Section("Batch", (f"{step} uses all {count:,} examples, in the data's order.",))
    told = ", ".join(f"{int(each)}" for each in chosen[:8]) + (", …" if len(chosen) > 8 else "")
    return Section("Batch", (f"{step} uses {len(chosen):,} of {count:,} examples: numbers {told}.",))


def _activations(forward: list[Traced]) -> Table:
    rows = []
    before: tuple[int, ...] = ()
    for each in forward:
        for _, values in each.written:
            # Kernels that go through all numbers alike see them in one row: they have the shape of what came in.
            flat = values.ndim == 1 and values.size == np.prod(before, dtype=int)
            shape = before if flat else values.shape
            told = "×".join(str(extent) for extent in shape)
            rows.append((each.row.label, each.formula, told, *_statistics(values), f"{np.mean(values == 0):.0%}"))
            before = shape
    return Table("", ("layer", "computes", "shape", "mean", "spread", "lowest", "highest", "zeros"), tuple(rows))


def _shape(traced: Traced, name: str) -> str:
    return "×".join(str(each) for each in traced.after[name].shape)


def _statistics(values: np.ndarray) -> tuple[str, str, str, str]:
    with np.errstate(all="ignore"):
        numbers = (values.mean(), values.std(), values.min(), values.max()) if values.size else (np.nan,) * 4
    return tuple(f"{float(each):.4g}" for each in numbers)  # type: ignore[return-value]  # four of them


def _numbers(forward: list[Traced], rest: list[Traced]) -> list[str]:
    """One line for each layer: its formula with the numbers of one example put in."""
    told = []
    for each in forward:
        names = {operand.name for operand in each.row.kernel.operands}
        if {"x", "weight", "y"} <= names and each.after["x"].ndim == each.after["weight"].ndim == 2:
            told.append(_product(each, "x", "weight", "bias" if "bias" in names else None))
        elif {"a", "b", "y"} <= names and each.row.kernel.name == "matmul":
            told.append(_product(each, "a", "b", None))
        elif {"x", "y"} <= names and each.after["x"].shape == each.after["y"].shape:
            x, y = each.after["x"].ravel(), each.after["y"].ravel()
            told.append(f"{each.row.label}, unit 0: {each.row.kernel.name}({x[0]:.4g}) = {y[0]:.4g}")
    for each in rest[:1]:
        found = each.after
        if {"logits", "labels", "probabilities"} <= set(found):
            label, scores = int(found["labels"].ravel()[0]), found["logits"][0]
            chance = float(found["probabilities"][0, label])
            sums = " + ".join(f"e^{score:.3g}" for score in scores[:_TERMS]) + (" + …" if len(scores) > _TERMS else "")
            told.append(f"loss: its class is {label}; e^{scores[label]:.3g} / ({sums}) = {chance:.4g}")
            with np.errstate(divide="ignore"):
                told.append(f"loss of this example: -log {chance:.4g} = {-np.log(chance):.4g}")
    return told


def _product(traced: Traced, left: str, right: str, bias: str | None) -> str:
    x, weight = traced.after[left][0], traced.after[right][:, 0]
    terms = [f"{a:.3g}·{_signed(b)}" for a, b in zip(x[:_TERMS], weight[:_TERMS], strict=True)]
    terms += ["…"] * (len(x) > _TERMS)
    if bias is not None:
        terms.append(_signed(traced.after[bias][0]))
    return f"{traced.row.label}, unit 0: {' + '.join(terms)} = {traced.after['y'][0, 0]:.4g}"


def _signed(value: float) -> str:
    return f"({value:.3g})" if value < 0 else f"{value:.3g}"


def _losses(rows: list[Traced]) -> tuple[str, ...]:
    for each in rows:
        if _LOSS in each.after:
            value = float(each.after[_LOSS].ravel()[0])
            return (f"The loss of this batch is {value:.6g}: {each.formula}.",)
    return ()


def _gradients(backward: list[Traced]) -> Table:
    rows = []
    for each in backward:
        for name, values in each.written:
            if each.row.kernel.name == "halt_if_not_finite":
                continue
            norm, largest = np.linalg.norm(values.astype(np.float64)), np.abs(values).max(initial=0.0)
            rows.append(
                (
                    each.row.label,
                    each.formula,
                    name,
                    _shape(each, name),
                    f"{norm:.4g}",
                    f"{largest:.4g}",
                    f"{np.mean(values == 0):.0%}",
                )
            )
    return Table("", ("layer", "computes", "result", "shape", "norm", "largest", "zeros"), tuple(rows))


def _updates(before: dict[str, np.ndarray], after: dict[str, np.ndarray], gradient: dict[str, np.ndarray]) -> Table:
    rows = []
    for name, values in before.items():
        size, moved = _norm(values), _norm(after[name] - values)
        share = f"{moved / size:.3g}" if size else "-"
        slope = f"{_norm(gradient[name]):.4g}" if name in gradient else "-"
        rows.append((name, _times(values), f"{size:.4g}", slope, f"{moved:.4g}", share))
    return Table("", ("parameter", "shape", "norm", "gradient's norm", "update's norm", "update / norm"), tuple(rows))


def _norm(values: np.ndarray) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))


def _times(values: np.ndarray) -> str:
    return "×".join(str(each) for each in values.shape)


def _one_weight(
    experiment: Training,
    update: list[Traced],
    before: dict[str, np.ndarray],
    after: dict[str, np.ndarray],
    gradient: dict[str, np.ndarray],
) -> Section:
    """The update of the weight with the largest gradient, with every number that goes into it."""
    candidates = {name: values for name, values in gradient.items() if np.isfinite(values).all() and name in before}
    if not candidates or not update:
        return Section("One weight", ("No gradient is finite: there is nothing to show.",))
    name = max(candidates, key=lambda each: np.abs(candidates[each]).max(initial=0.0))
    place = np.unravel_index(int(np.abs(candidates[name]).argmax()), candidates[name].shape)
    flat = int(np.ravel_multi_index(place, candidates[name].shape))
    offset = experiment.network.parameters.members[name].offset + flat
    where = f"{name}[{', '.join(str(int(each)) for each in place)}]"
    told = [f"{where} has the largest gradient of all: {float(candidates[name][place]):.6g}."]
    size = experiment.network.parameters.whole.size
    for each in update:
        parts = []
        for operand in each.row.kernel.operands:
            values, old = each.after[operand.name].ravel(), each.before[operand.name].ravel()
            if values.size == 1:
                parts.append(f"{operand.name} {values[0]:.6g}")
            elif values.size == size:
                change = f"{old[offset]:.6g} → " if operand.updated else ""
                parts.append(f"{operand.name} {change}{values[offset]:.6g}")
        if parts:
            told.append(f"{each.formula}: {', '.join(parts)}.")
    told.append(f"{where}: {float(before[name][place]):.6g} → {float(after[name][place]):.6g}")
    return Section("One weight", tuple(told))
