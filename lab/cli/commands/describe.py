"""`lab describe`: an architecture in numbers, before anything is compiled or trained."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kernels.plan import Row
    from lab.scenario import Loaded, Variant
    from lab.tasks import Experiment

ITEM = 4
"""Bytes of one number."""


def command(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A built-in name or the path of a file.")],
    variant: Annotated[str | None, typer.Option(help="Which variant; default: the first.")] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Also the plan: every row with operations, bytes, shapes.")
    ] = False,
    change: Annotated[list[str], typer.Option("--set", help="Change a value: train.batch=64. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: sizes in bytes.")] = False,
) -> None:
    """An architecture: its layers with output shapes, parameters, multiply-adds and memory; and the plan it becomes."""
    from lab.scenario import load, parse_settings
    from lab.terminal import detect
    from lab.terminal.output import Output

    loaded = load(scenario, parse_settings(change))
    chosen = loaded.variants[0] if variant is None else loaded.variant(variant)
    experiment = _build(loaded, chosen)
    found = {"scenario": loaded.slug, "variant": chosen.name, **describe(experiment)}
    if as_json:
        if plan:
            found["plan"] = _rows(experiment)
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    output = Output(sys.stdout, detect(sys.stdout).unicode)
    for line in _lines(loaded, found):
        output.line(line)
    if plan:
        from lab.graph.dump import dump_text

        for name, each in _layout(experiment).plans.items():
            output.line()
            output.line(f"Program {name}")
            for line in dump_text(each, ITEM).splitlines():
                output.line(f"  {line}")


def _build(loaded: Loaded, variant: Variant) -> Experiment:
    from lab.errors import InvalidValue
    from lab.tasks import task_of

    try:
        return task_of(variant.scenario).build(variant.scenario, variant.scenario.train.seed, loaded.folder)
    except InvalidValue as error:
        raise loaded.locate(error, variant) from None


def _layout(experiment: Experiment) -> Any:
    from lab.errors import BadInput

    layout = experiment.layout
    if layout is None:
        raise BadInput("This kind of experiment has no network and no plan to describe.")
    return layout


def describe(experiment: Experiment) -> dict[str, Any]:
    """Return layers, and programs with their memory, as JSON can hold it; bytes are those of float32."""
    layout = _layout(experiment)
    layers = _layers(experiment)
    network = experiment.network
    count = sum(each.size for each in network.parameters.members.values()) if network else 0
    return {
        "layers": layers,
        "parameters": count,
        "multiply_adds": sum(each["multiply_adds"] for each in layers),
        "activations": sum(each["activations"] for each in layers),
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
        "memory": {"kept": layout.kept * ITEM, "arena": layout.arena * ITEM, "data": layout.shared * ITEM},
    }


def _layers(experiment: Experiment) -> list[dict[str, Any]]:
    """One entry per layer. multiply_adds: forward, for one example; activations: bytes for a whole batch."""
    from lab.tasks.architecture import layers_of

    network, parts = experiment.network, experiment.layers
    if network is None or not parts:
        return []
    step = _layout(experiment).plans["step"]
    # Behind the loss come the rows that go backwards, under the names of the same layers.
    end = next((number for number, row in enumerate(step.rows) if row.label == "loss"), len(step.rows))
    found = []
    for part, numbers in zip(parts, layers_of(experiment), strict=True):
        batch = part.y.shape[0]
        own = [row for row in step.rows[:end] if row.label == part.name]
        found.append(
            {
                "name": numbers.name,
                "input": list(numbers.input),
                "output": list(numbers.output),
                "parameters": numbers.parameters,
                "multiply_adds": sum(_multiply_adds(row) for row in own) // batch,
                "activations": part.y.size * ITEM,
            }
        )
    return found


def _multiply_adds(row: Row) -> int:
    """Of products of matrices, where each is two operations; the rest of a network is nothing beside them."""
    return int(row.operations) // 2 if row.kernel.function.__module__ == "kernels.matrix" else 0


def _rows(experiment: Experiment) -> dict[str, list[dict[str, Any]]]:
    from lab.graph.dump import dump

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


def _lines(loaded: Loaded, found: dict[str, Any]) -> list[str]:
    from lab.cli.columns import aligned

    lines = [f"{loaded.scenario.title}, variant {found['variant']}", ""]
    if found["layers"]:
        rows = [("layer", "output", "parameters", "multiply-adds", "activations")]
        rows += [
            (
                each["name"],
                " × ".join(map(str, each["output"])),
                f"{each['parameters']:,}",
                f"{each['multiply_adds']:,}",
                _size(each["activations"]),
            )
            for each in found["layers"]
        ]
        rows.append(("", "", f"{found['parameters']:,}", f"{found['multiply_adds']:,}", _size(found["activations"])))
        lines += aligned(rows, right=(2, 3, 4))
        lines += ["", "Multiply-adds: forward, for one example. Activations: float32, for a whole batch.", ""]
    else:
        lines += [f"{found['parameters']:,} parameters", ""]
    programs = [("program", "rows", "operations", "bytes moved", "temporaries", "most alive at once")]
    programs += [
        (
            each["name"],
            f"{each['rows']:,}",
            f"{each['operations']:,.0f}",
            f"{each['bytes']:,}",
            _size(each["temporaries"]),
            _size(each["alive"]),
        )
        for each in found["programs"]
    ]
    lines += aligned(programs, right=(1, 2, 3, 4, 5))
    memory = found["memory"]
    lines += [
        "",
        f"Memory of one replica: {_size(memory['arena'])}, of which {_size(memory['kept'])} are its state (settings, "
        "parameters, gradients, optimizer).",
        "All programs use the same place for temporaries, since only one runs at a time.",
        f"Data, which all replicas share: {_size(memory['data'])}.",
    ]
    return lines


def _size(size: int) -> str:
    if size >= 1024**2:
        return f"{size / 1024**2:,.1f} MiB"
    return f"{size / 1024:,.1f} KiB" if size >= 1024 else f"{size} B"
