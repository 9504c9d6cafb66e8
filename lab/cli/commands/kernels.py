"""`lab kernels`: what runs when a network trains, to read and with its measured speed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kernels.language import Kernel


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One kernel; without it, all of them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: seconds, bytes, operations per second.")] = False,
) -> None:
    """The kernels: all with their declarations, or one with its source, measured speed and gradient rule."""
    from lab.errors import BadInput, nearest
    from lab.graph.catalogue import all_kernels
    from lab.terminal import detect
    from lab.terminal.output import Output

    known = all_kernels()
    if name is not None and name not in known:
        raise BadInput(f"There is no kernel {name!r}: {nearest(name, known)}.")
    if as_json:
        shown: Any = [_facts(each) for each in known.values()] if name is None else _sheet(known[name])
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    output = Output(sys.stdout, detect(sys.stdout).unicode)
    lines = _listing(known) if name is None else _lines(_sheet(known[name]))
    for line in lines:
        output.line(line)


def _listing(known: dict[str, Kernel]) -> list[str]:
    lines: list[str] = []
    module = None
    for each in sorted(
        known.values(), key=lambda each: (each.function.__module__, each.function.__code__.co_firstlineno)
    ):
        facts = _facts(each)
        if facts["file"] != module:
            module = facts["file"]
            lines += ["", module] if lines else [module]
        lines.append(f"  {each.name}  {each.declaration}")
        lines.append(f"      {facts['summary']}")
    return lines


def _facts(kernel: Kernel) -> dict[str, Any]:
    return {
        "name": kernel.name,
        "file": kernel.function.__module__.replace(".", "/") + ".py",
        "declaration": kernel.declaration,
        "summary": " ".join((kernel.__doc__ or "").partition("\n\n")[0].split()),
    }


def _sheet(kernel: Kernel) -> dict[str, Any]:
    """Return everything about one kernel as text: declaration, source, gradient rule, and its speed, measured now."""
    from lab.bench.machine import pinned, processor
    from lab.graph.catalogue import rules_of, shapes, source, timing
    from lab.graph.limits import limits

    sheet = _facts(kernel) | {"source": source(kernel), "rules": rules_of(kernel), "measured": None}
    try:
        measured = timing(kernel)
    except ValueError as error:
        sheet["unmeasured"] = str(error)
        return sheet
    here = limits()
    sheet["measured"] = {
        "shapes": shapes(measured.row),
        "seconds": measured.seconds,
        "operations": measured.operations,
        "bytes": measured.bytes,
        "operations_per_second": measured.operations_per_second,
        "bytes_per_second": measured.bytes_per_second,
        "limit_operations_per_second": here.operations,
        "limit_bytes_per_second": here.bytes_per_second(measured.bytes),
        "share_of_limit": here.share(measured.operations, measured.bytes, measured.seconds),
        "processor": processor(),
        "pinned": pinned(),
    }
    return sheet


def _lines(sheet: dict[str, Any]) -> list[str]:
    from lab.terminal.numbers import short

    lines = [sheet["file"], "", *sheet["source"].splitlines(), ""]
    found = sheet["measured"]
    if found is None:
        lines.append(f"Not measured: {sheet['unmeasured']}.")
    else:
        lines += [
            f"One call on {found['shapes']}, float32, warm, on one core of {found['processor']}:",
            f"  {short(found['seconds'] * 1e6)} µs, {found['operations']:,.0f} operations, {found['bytes']:,} bytes "
            "that it reads and writes at least",
            f"  {short(found['operations_per_second'] / 1e9)} GFLOP/s of the "
            f"{found['limit_operations_per_second'] / 1e9:.0f} of a product of matrices; "
            f"{short(found['bytes_per_second'] / 1e9)} GB/s of the "
            f"{found['limit_bytes_per_second'] / 1e9:.0f} of copying as much",
        ]
        if found["pinned"] is not None:
            lines.append(f"  OPENBLAS_CORETYPE is set to {found['pinned']}: products may be slower than they could be.")
    for operation, text in sheet["rules"].items():
        lines += ["", f"The gradient rule of {operation}", "", *text.splitlines()]
    return lines if sheet["rules"] else [*lines, "", "No gradient passes through it."]
