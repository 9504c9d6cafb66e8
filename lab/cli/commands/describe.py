"""`lab describe`: an architecture in numbers, before anything is compiled or trained."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lab.scenario import Loaded, Variant
    from lab.tasks import Experiment
    from lab.tasks.counting import Count, Counts

ITEM = 4
"""Bytes of one number."""


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="A published architecture, a built-in scenario, or the path of a file."),
    ] = None,
    variant: Annotated[str | None, typer.Option(help="Which variant of a scenario; default: the first.")] = None,
    given: Annotated[
        str | None, typer.Option("--input", help="Another input for a published architecture: 224x224x3.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also layers inside of layers, and those that cost nothing.")
    ] = False,
    how: Annotated[
        bool, typer.Option("--arithmetic", help="How each figure comes about: 5×5×48×256 + 256 = 307,456.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Also a scenario's plan: every row with operations, bytes, shapes.")
    ] = False,
    change: Annotated[list[str], typer.Option("--set", help="Change a value: train.batch=64. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: sizes in bytes.")] = False,
) -> None:
    """What a network costs, layer by layer: shapes, parameters, multiply-adds, activations, receptive field.

    Published architectures (none: their list) have the published figure beside the count; scenarios have the plan that
    they become and its memory. Two names: side by side, with a bar per layer. A name that is both means the published
    one, unless --variant, --set or --plan is given; scenarios/cnn/lenet5.yaml is the scenario.
    """
    from lab.errors import BadInput
    from lab.terminal import detect
    from lab.terminal.output import Output

    capabilities = detect(sys.stdout)
    output = Output(sys.stdout, capabilities.unicode)
    if not names:
        _print(output, _listing())
        return
    if len(names) > 2:
        raise BadInput(f"At most two networks can be described side by side, not {len(names)}.")
    if given is not None and (variant or change or plan):
        raise BadInput("--input is for published architectures; a scenario's input is that of its data.")
    found = [_described(name, variant, change, plan, given) for name in names]
    if as_json:
        told = [each.as_json(plan) for each in found]
        print(json.dumps(told[0] if len(told) == 1 else told, indent=2, ensure_ascii=False))
        return
    from lab.cli import layer_tables

    if len(found) == 2:
        from lab.terminal.style import Style

        both, style = [each.counts for each in found], Style(unicode=output.unicode)
        lines = layer_tables.beside([each.title for each in found], both, capabilities.width, style)
    else:
        lines = found[0].lines(every, capabilities.width)
    _print(output, lines)
    if how:
        for each in found:
            _print(output, ["", *([each.title] if len(found) == 2 else []), *layer_tables.arithmetic(each.counts)])
    if plan:
        for each in found:
            each.print_plan(output)
    _print(output, ["", *layer_tables.wrapped(layer_tables.CONVENTIONS, capabilities.width)])


def _print(output: Any, lines: list[str]) -> None:
    for line in lines:
        output.line(line)


def _listing() -> list[str]:
    from lab.cli.columns import aligned
    from lab.scenario.published import names, read

    rows = [(name, read(name)[0].title) for name in names()]
    return [*aligned(rows), "", "`lab describe NAME` counts one, `lab describe NAME NAME` two side by side."]


def _described(
    name: str, variant: str | None, change: list[str], plan: bool, given: str | None
) -> _Architecture | _Scenario:
    from lab.errors import BadInput, nearest
    from lab.scenario.listing import slugs
    from lab.scenario.published import names

    known = names()
    if name in known and not (variant or change or plan):
        return _Architecture(name, given)
    if given is not None:
        raise BadInput(f"There is no published architecture {name!r}: {nearest(name, known)}.")
    if name not in slugs() and (near := nearest(name, known)).startswith("did you mean") and "/" not in name:
        raise BadInput(f"There is no scenario and no published architecture {name!r}: {near.split('?')[0]}?")
    return _Scenario(name, variant, change)


class _Architecture:
    """A published one."""

    def __init__(self, name: str, given: str | None) -> None:
        from lab.tasks.published import counted, input_shape

        self.name = name
        self.found, self.counts = counted(name, input_shape(given) if given is not None else None)
        self.as_published = self.counts.input == tuple(self.found.input)

    @property
    def title(self) -> str:
        return self.found.title

    def figures(self) -> list[dict[str, str]]:
        """The published figures beside what was counted; of multiply-adds, only for the input that they are for."""
        return [
            {
                "quantity": each.quantity,
                "figure": each.text,
                "source": each.source,
                "verdict": each.verdict(getattr(self.counts, each.quantity)),
            }
            for each in self.found.published
            if self.as_published
        ]

    def as_json(self, plan: bool) -> dict[str, Any]:
        return {
            "architecture": self.name,
            "title": self.title,
            "input": list(self.counts.input),
            "layers": [_layer(each) for each in self.counts.layers],
            **_sums(self.counts),
            "published": self.figures(),
        }

    def lines(self, every: bool, width: int) -> list[str]:
        from lab.cli.columns import aligned
        from lab.cli.layer_tables import shape, sums, table, told, wrapped

        layers = self.counts.layers if every else told(self.counts)
        lines = [f"{self.title}, input {shape(self.counts.input)}, {self.found.outputs:,} outputs"]
        lines += ["", *wrapped(self.found.about, width), "", *table(self.counts, layers), "", *sums(self.counts)]
        rows = [
            (each["quantity"].replace("_", "-"), _thousands(each["figure"]), each["verdict"], each["source"])
            for each in self.figures()
        ]
        if rows:
            lines += ["", *aligned([("published", "", "counted", ""), *rows])]
        if self.found.notes:
            lines += ["", *wrapped(self.found.notes, width)]
        return lines

    def print_plan(self, output: Any) -> None:
        """There is none: it is not trained here."""


class _Scenario:
    """One variant of a scenario."""

    def __init__(self, name: str, variant: str | None, change: list[str]) -> None:
        from lab.scenario import load, parse_settings

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
        from lab.cli.layer_tables import sums, table

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
        from lab.graph.dump import dump_text

        for name, each in _layout(self.experiment).plans.items():
            output.line()
            output.line(f"Program {name}")
            for line in dump_text(each, ITEM).splitlines():
                output.line(f"  {line}")


def _thousands(figure: str) -> str:
    return f"{int(figure):,}" if figure.isdigit() else figure


def _build(loaded: Loaded, variant: Variant) -> Experiment:
    from lab.errors import InvalidValue
    from lab.tasks import task_of
    from lab.tasks.epochs import in_steps

    try:
        task = task_of(variant.scenario)
        return task.build(in_steps(task, variant.scenario, loaded.folder), variant.scenario.train.seed, loaded.folder)
    except InvalidValue as error:
        raise loaded.locate(error, variant) from None


def _layout(experiment: Experiment) -> Any:
    from lab.errors import BadInput

    layout = experiment.layout
    if layout is None:
        raise BadInput("This kind of experiment has no network and no plan to describe.")
    return layout


def _counts(experiment: Experiment) -> Counts:
    from lab.tasks.counting import Counts, count

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
            {**_layer(each), "activations": ITEM * batch[each.name] * math.prod(each.output)} for each in counts.layers
        ],
        **_sums(counts),
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
    from kernels.winograd import PASSES, done_by

    found: dict[str, dict[str, None]] = {}
    for plan in _layout(experiment).plans.values():
        for row in plan.rows:
            if done_by(row):
                found.setdefault(row.label, {})[PASSES[row.kernel.name]] = None
    return {label: list(passes) for label, passes in found.items()}


def _forms(found: dict[str, list[str]]) -> list[str]:
    """Tell where Winograd's form is used; nothing where it is not."""
    from kernels.targets.vector_code import HAS_AVX512
    from lab.cli.layer_tables import wrapped

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


def _layer(each: Count) -> dict[str, Any]:
    return {
        "name": each.name,
        "input": list(each.input),
        "output": list(each.output),
        "parameters": each.parameters,
        "multiply_adds": each.multiply_adds,
        "activations": each.activations,
        "receptive_field": each.reach,
        "arithmetic": list(each.arithmetic),
    }


def _sums(counts: Counts) -> dict[str, Any]:
    return {
        "parameters": counts.parameters,
        "multiply_adds": counts.multiply_adds,
        "activations": counts.activations,
        "receptive_field": counts.reach,
        "depth": counts.depth,
    }


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


def _memory(found: dict[str, Any]) -> list[str]:
    from lab.cli.columns import aligned
    from lab.cli.layer_tables import size

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
