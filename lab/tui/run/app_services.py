"""What the screens of a run want to know of the application they are in, whichever that is."""

from __future__ import annotations

import os
import sys
from typing import Any

from textual.app import App

from lab.terminal.capabilities import NO_COLOURS, PALETTE_COLOURS, SIXTEEN_COLOURS, TRUE_COLOURS, detect
from lab.terminal.style import Style
from lab.tui.themes import palette_of

_COLOURS = {"truecolor": TRUE_COLOURS, "256": PALETTE_COLOURS, "standard": SIXTEEN_COLOURS, "windows": SIXTEEN_COLOURS}


def style_of(app: App[Any]) -> Style:
    """With how many colours, which characters and which palette to draw."""
    style = getattr(app, "style", None)
    if isinstance(style, Style):
        return style
    colours = NO_COLOURS if os.environ.get("NO_COLOR") else _COLOURS.get(app.console.color_system or "", NO_COLOURS)
    unicode = True if sys.__stdout__ is None or app.is_headless else detect(sys.__stdout__).unicode
    return Style(colours, unicode, palette_of(app.theme))


def frames_per_second(app: App[Any]) -> float:
    """How often the curves are drawn at most."""
    fps = getattr(app, "fps", None) or getattr(getattr(app, "settings", None), "fps", None) or 4.0
    return min(10.0, max(0.1, float(fps)))
