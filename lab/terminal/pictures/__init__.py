"""Pictures as text: one file per kind, found by the kind of the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.text import Text

from lab.pictures import Picture
from lab.terminal.pictures import (
    bars,
    cells,
    curves,
    diagram,
    field,
    histograms,
    images,
    network,
    passages,
    regions,
    scatter,
    table,
    units,
)
from lab.terminal.style import Style
from lab.terminal.text_lines import exactly

Renderer = Callable[[Any, int, int, Style], list[Text]]
"""(picture, width, height, look) to lines; they may be fewer or shorter than asked, never need to be padded."""

RENDERERS: dict[str, Renderer] = {
    "curves": curves.render,
    "bars": bars.render,
    "histograms": histograms.render,
    "field": field.render,
    "regions": regions.render,
    "scatter": scatter.render,
    "images": images.render,
    "units": units.render,
    "diagram": diagram.render,
    "table": table.render,
    "network": network.render,
    "passages": passages.render,
    "cells": cells.render,
}

LEGENDS: dict[str, Callable[[Any, int, Style, int], list[Text]]] = {
    "cells": cells.legend,
    "curves": curves.legend,
    "field": field.legend,
    "images": images.legend,
    "passages": passages.legend,
    "regions": regions.legend,
    "scatter": scatter.legend,
}


def common_legend(pictures: Sequence[Picture], width: int, style: Style, most: int = 1) -> list[Text]:
    """The legend that several pictures share, on at most `most` lines; empty if there is only one picture, or if theirs
    differ."""
    found = [LEGENDS[each.kind](each, width, style, most) if each.kind in LEGENDS else [] for each in pictures]
    return found[0] if len(found) > 1 and all(each == found[0] for each in found) else []


def render(picture: Picture, width: int, height: int, style: Style | None = None) -> list[Text]:
    """A picture as exactly `height` lines of exactly `width` columns, title included."""
    style = Style() if style is None else style
    if width <= 0 or height <= 0:
        return exactly([], width, height, style)
    return exactly(RENDERERS[picture.kind](picture, width, height, style), width, height, style)
