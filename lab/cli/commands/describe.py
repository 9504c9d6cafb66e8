"""`lab describe`: an architecture in numbers, before anything is compiled or trained."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lab.cli.described_architecture import PublishedArchitecture
    from lab.cli.described_scenario import DescribedScenario


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
) -> PublishedArchitecture | DescribedScenario:
    from lab.cli.described_architecture import PublishedArchitecture
    from lab.cli.described_scenario import DescribedScenario
    from lab.errors import BadInput, nearest
    from lab.scenario.listing import slugs
    from lab.scenario.published import names

    known = names()
    if name in known and not (variant or change or plan):
        return PublishedArchitecture(name, given)
    if given is not None:
        raise BadInput(f"There is no published architecture {name!r}: {nearest(name, known)}.")
    if name not in slugs() and (near := nearest(name, known)).startswith("did you mean") and "/" not in name:
        raise BadInput(f"There is no scenario and no published architecture {name!r}: {near.split('?')[0]}?")
    return DescribedScenario(name, variant, change)
