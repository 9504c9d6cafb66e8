"""A variant of a scenario as `lab describe` tells of it: layers, programs and their memory, before it is trained."""

from __future__ import annotations

import math
from typing import Any

from kernels.targets.vector_code import HAS_AVX512
from kernels.winograd import PASSES, done_by
from lab.cli.columns import aligned
from lab.cli.layer_tables import ITEM, layer_as_json, size, sums, sums_as_json, table, wrapped
from lab.errors import BadInput, InvalidValue
from lab.graph.dump import dump, dump_text
from lab.scenario import Loaded, Variant, load, parse_settings
from lab.tasks import Experiment, task_of
from lab.tasks.counting import Counts, count
from lab.tasks.epochs import in_steps


class DescribedScenario:
    """One variant of a scenario."""

    def __init__(self, name: str, variant: str | None, change: list[str]) -> None:
        self.loaded = load(name, parse_settings(change))
        self.variant = self.loaded.variants[0] if variant is None else self.loaded.variant(variant)
        self.experiment = _build(self.loaded, self.variant)
        self.counts = _counts(self.experiment)

    @property
    def title(self) -> str:
        return f"{self.loaded.scenario.title}, variant {self.variant.name}"

    def as_json(self, plan: bool) -> dict[str, Any]:
        found = {"scenario": self.loaded.slug, "variant": self.variant.name, **describe(self.experiment)}
        if plan:
            found["plan"] = _rows(self.experiment)
        return found

    def lines(self, every: bool, width: int) -> list[str]:
        lines = [self.title, ""]
        if self.counts.layers:
            lines += [
                *table(self.counts, self.counts.layers if every else self.counts.outer),
                "",
                *sums(self.counts),
                "",
            ]
        return [*lines, *_memory(describe(self.experiment)), *_forms(_by_winograd(self.experiment))]

    def print_plan(self, output: Any) -> None:
        for name, each in _layout(self.experiment).plans.items():
            output.line()
            output.line(f"Program {name}")
            for line in dump_text(each, ITEM).splitlines():
                output.line(f"  {line}")


def _build(loaded: Loaded, variant: Variant) -> Experiment:
    try:
        task = task_of(variant.scenario)
        return task.build(in_steps(task, variant.scenario, loaded.folder), variant.scenario.train.seed, loaded.folder)
    except InvalidValue as error:
        raise loaded.locate(error, variant) from None


def _layout(experiment: Experiment) -> Any:
    layout = experiment.layout
    if layout is None:
        raise BadInput("This kind of experiment has no network and no plan to describe.")
    return layout


def _counts(experiment: Experiment) -> Counts:
    _layout(experiment)
    if experiment.network is None or not experiment.layers:
        return Counts((), ())
    return count(experiment.network, experiment.layers, experiment.layers[0].x.shape[1:])


def describe(experiment: Experiment) -> dict[str, Any]:
    """Return layers, and programs with their memory, as JSON can hold it; bytes are those of float32."""
    layout = _layout(experiment)
    counts = _counts(experiment)
    network = experiment.network
    batch = {part.name: part.y.shape[0] for part in experiment.layers}
    return {
        # What a layer keeps is told in bytes for a whole batch: that is what training takes.
        "layers": [
            {**layer_as_json(each), "activations": ITEM * batch[each.name] * math.prod(each.output)}
            for each in counts.layers
        ],
        **sums_as_json(counts),
        "parameters": sum(each.size for each in network.parameters.members.values()) if network else 0,
        "activations": sum(ITEM * batch[each.name] * math.prod(each.output) for each in counts.layers),
        "programs": [
            {
                "name": name,
                "rows": len(plan.rows),
                "operations": plan.operations,
                "bytes": sum(row.bytes(ITEM) for row in plan.rows),
                "temporaries": layout.temporaries[name][0] * ITEM,
                "alive": layout.temporaries[name][1] * ITEM,
            }
            for name, plan in layout.plans.items()
        ],
        "winograd": _by_winograd(experiment),
        "memory": {"kept": layout.kept * ITEM, "arena": layout.arena * ITEM, "data": layout.shared * ITEM},
    }


def _by_winograd(experiment: Experiment) -> dict[str, list[str]]:
    """Return which passes of which layers are done by Winograd's form, where the processor has AVX-512."""
    found: dict[str, dict[str, None]] = {}
    for plan in _layout(experiment).plans.values():
        for row in plan.rows:
            if done_by(row):
                found.setdefault(row.label, {})[PASSES[row.kernel.name]] = None
    return {label: list(passes) for label, passes in found.items()}


def _forms(found: dict[str, list[str]]) -> list[str]:
    """Tell where Winograd's form is used; nothing where it is not."""
    if not found:
        return []
    here = "has" if HAS_AVX512 else "has not"
    layers = "; ".join(f"{label}: {', '.join(passes)}" for label, passes in found.items())
    return [
        "",
        *wrapped(
            "By Winograd's F(4×4, 3×3), with a quarter of the multiply-adds, where a CPU has AVX-512 (this one "
            f"{here}), in float32: {layers}.",
            110,
        ),
    ]


def _rows(experiment: Experiment) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [
            {
                "layer": row.label,
                "kernel": row.kernel,
                "operations": row.operations,
                "bytes": row.bytes,
                "operands": [
                    {"name": each.name, "shape": list(each.shape), "offset": each.offset, "access": each.access}
                    for each in row.operands
                ],
                "integers": dict(row.integers),
            }
            for row in dump(plan, ITEM)
        ]
        for name, plan in _layout(experiment).plans.items()
    }


def _memory(found: dict[str, Any]) -> list[str]:
    programs = [("program", "rows", "operations", "bytes moved", "temporaries", "most alive at once")]
    programs += [
        (
            each["name"],
            f"{each['rows']:,}",
            f"{each['operations']:,.0f}",
            f"{each['bytes']:,}",
            size(each["temporaries"]),
            size(each["alive"]),
        )
        for each in found["programs"]
    ]
    memory = found["memory"]
    return [
        *([] if found["layers"] else [f"{found['parameters']:,} parameters", ""]),
        *aligned(programs, right=(1, 2, 3, 4, 5)),
        "",
        f"Memory of one replica: {size(memory['arena'])}, of which {size(memory['kept'])} are its state (settings, "
        "parameters, gradients, optimizer).",
        "All programs use the same place for temporaries, since only one runs at a time.",
        f"Data, which all replicas share: {size(memory['data'])}.",
    ]
