"""What networks consist of, as tables: one with its figures, or two beside each other with bars."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from lab.cli.columns import aligned
from lab.tasks.counting import Count, Counts
from lab.terminal import blocks
from lab.terminal.style import Style

CONVENTIONS = (
    "Parameters: weights, biases, gamma and beta. Multiply-adds: of convolutions and dense layers, forward, one "
    "example, as papers and torchvision count them (without biases, norms, pools; FLOP counts of both operations are "
    "twice that). Activations: numbers of the input, and what convolutions, dense layers and pools write for one "
    "example; 4 bytes each. "
    "Sees: pixels along an axis that one output depends on."
)
ITEM = 4
"""Bytes of one number."""


def shape(sizes: Sequence[int]) -> str:
    """Sizes as people write them.

    >>> shape((224, 224, 3))
    '224×224×3'
    """
    return "×".join(map(str, sizes))


def size(number: float) -> str:
    """A number of bytes.

    >>> size(100), size(2048), size(5 * 1024**2)
    ('100 B', '2.0 KiB', '5.0 MiB')
    """
    for unit, words in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if number >= unit:
            return f"{number / unit:,.1f} {words}"
    return f"{number:.0f} B"


def table(counts: Counts, layers: Sequence[Count]) -> list[str]:
    """One line for each of some layers, and the sum of all."""
    rows = [("layer", "output", "parameters", "multiply-adds", "activations", "sees")]
    rows.append(("input", shape(counts.input), "", "", f"{math.prod(counts.input):,}", "1"))
    for each in layers:
        rows.append(
            (
                each.name,
                shape(each.output),
                _number(each.parameters),
                _number(each.multiply_adds),
                _number(each.activations),
                "all" if each.reach is None else f"{each.reach:,}",
            )
        )
    rows.append(
        ("", "", f"{counts.parameters:,}", f"{counts.multiply_adds:,}", f"{counts.activations:,}", f"{counts.reach:,}")
    )
    return aligned(rows, right=(2, 3, 4, 5))


def told(counts: Counts) -> list[Count]:
    """The layers that stand in no other and cost anything."""
    return [each for each in counts.outer if each.parameters or each.activations]


def sums(counts: Counts) -> list[str]:
    """What stands below the table."""
    return [
        f"{counts.depth} layers with weights on the longest way; weights {size(ITEM * counts.parameters)}, "
        f"activations of one example {size(ITEM * counts.activations)} in float32."
    ]


def arithmetic(counts: Counts) -> list[str]:
    """How the figures of each layer come about."""
    lines = []
    for each in counts.layers:
        parameters, multiply_adds = each.arithmetic
        if parameters:
            lines.append(each.name)
            lines.append(f"  parameters     {parameters} = {each.parameters:,}")
        if multiply_adds:
            lines.append(f"  multiply-adds  {multiply_adds} = {each.multiply_adds:,}")
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines."""
    return textwrap.wrap(" ".join(text.split()), max(30, min(width, 110)))


def beside(titles: Sequence[str], both: Sequence[Counts], width: int, style: Style) -> list[str]:
    """Two networks side by side, a bar for each layer's parameters, multiply-adds and activations, on one scale for
    both; and their sums."""
    half = (width - 3) // 2
    scale = _largest(both)
    columns = [[title, "", *_bars(counts, half, scale, style)] for title, counts in zip(titles, both, strict=True)]
    lines = [f"{a:<{half}}   {b}".rstrip() for a, b in zip_longest(*columns, fillvalue="")]
    largest = f"The longest bars: {scale[0]:,} parameters, {scale[1]:,} multiply-adds, {scale[2]:,} activations."
    lines += ["", *wrapped(largest, width), ""]
    first, second = both
    rows = [("", *titles, "ratio")]
    for name, attribute in (
        ("parameters", "parameters"),
        ("multiply-adds", "multiply_adds"),
        ("activations", "activations"),
        ("layers with weights", "depth"),
        ("receptive field", "reach"),
    ):
        a, b = getattr(first, attribute), getattr(second, attribute)
        rows.append((name, f"{a:,}", f"{b:,}", _ratio(a, b)))
    return lines + aligned(rows, right=(1, 2, 3))


def _ratio(a: int, b: int) -> str:
    if not a or not b or a == b:
        return "equal" if a == b else ""
    return f"{a / b:,.1f} : 1" if a > b else f"1 : {b / a:,.1f}"


def _largest(both: Sequence[Counts]) -> tuple[int, int, int]:
    layers = [each for counts in both for each in told(counts)]
    return (
        max((each.parameters for each in layers), default=0),
        max((each.multiply_adds for each in layers), default=0),
        max((each.activations for each in layers), default=0),
    )


def _bars(counts: Counts, width: int, scale: tuple[int, int, int], style: Style) -> list[str]:
    layers = told(counts)
    names = min(max((len(each.name) for each in layers), default=5), 14)
    room = max(4, (width - names - 3) // 3)
    words = ("parameters", "multiply-adds", "activations") if room > 13 else ("params", "mul-adds", "activ.")
    heads = [word[:room] for word in words]
    lines = [f"{'layer':<{names}} {heads[0]:<{room}} {heads[1]:<{room}} {heads[2]:<{room}}"]
    for each in layers:
        values = (each.parameters, each.multiply_adds, each.activations)
        bars = [bar(value / most if most else 0, room, style) for value, most in zip(values, scale, strict=True)]
        lines.append(f"{each.name[:names]:<{names}} {' '.join(bars)}")
    return lines


def bar(share: float, room: int, style: Style) -> str:
    """A bar of at most `room` characters; anything above nothing is to be seen.

    >>> bar(0.5, 4, Style()), bar(0.3, 4, Style(unicode=False)), bar(0.0001, 3, Style())
    ('██  ', '#   ', '▏  ')
    """
    least = 0.125 if style.unicode else 1.0  # of a character
    return blocks.bar(max(share, least / room) if share > 0 else 0.0, room, style).ljust(room)


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def layer_as_json(each: Count) -> dict[str, Any]:
    """What is counted of a layer, as JSON has it."""
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


def sums_as_json(counts: Counts) -> dict[str, Any]:
    """What is counted of all layers, as JSON has it."""
    return {
        "parameters": counts.parameters,
        "multiply_adds": counts.multiply_adds,
        "activations": counts.activations,
        "receptive_field": counts.reach,
        "depth": counts.depth,
    }
