"""What the other end can show: a terminal or a pipe, how wide, how many colours, which characters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

NO_COLOURS = 0
SIXTEEN_COLOURS = 16
PALETTE_COLOURS = 256
TRUE_COLOURS = 1 << 24

_TRUE_COLOUR_TERMINALS = ("kitty", "alacritty", "wezterm", "ghostty", "foot", "contour", "rio", "direct")
_COLOURLESS_TERMINALS = ("", "dumb", "unknown", "vt52", "vt100", "vt102", "vt220", "emacs")
_FALLBACK_SIZE = (80, 24)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a stream can show.

    terminal: somebody is looking at it
    live:     lines already written can be drawn over
    width, height: in characters
    colours:  0, 16, 256 or 16,777,216
    unicode:  box, block and braille characters may be used
    """

    terminal: bool
    live: bool
    width: int
    height: int
    colours: int
    unicode: bool


def detect(stream: TextIO, environment: Mapping[str, str] | None = None) -> Capabilities:
    """What `stream` can show, judged by the stream itself and the environment variables (default: the process's)."""
    environment = os.environ if environment is None else environment
    terminal = is_terminal(stream)
    width, height = size(stream, environment)
    dumb = environment.get("TERM", "").lower() in ("", "dumb", "unknown") and "WT_SESSION" not in environment
    return Capabilities(
        terminal=terminal,
        live=terminal and not dumb,
        width=width,
        height=height,
        colours=_colours(environment) if terminal else NO_COLOURS,
        unicode=_unicode(stream, environment),
    )


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody is looking at the stream (a closed stream is nobody's)."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def size(stream: TextIO, environment: Mapping[str, str] | None = None) -> tuple[int, int]:
    """Width and height in characters: COLUMNS and LINES where they are set, else the terminal's, else 80 × 24."""
    environment = os.environ if environment is None else environment
    try:
        measured = tuple(os.get_terminal_size(stream.fileno()))
    except (OSError, ValueError):
        measured = _FALLBACK_SIZE
    width, height = (each or fallback for each, fallback in zip(measured, _FALLBACK_SIZE, strict=True))
    return _positive(environment.get("COLUMNS")) or width, _positive(environment.get("LINES")) or height


def _positive(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) > 0 else None


def _colours(environment: Mapping[str, str]) -> int:
    if environment.get("NO_COLOR"):
        return NO_COLOURS
    name = environment.get("TERM", "").lower()
    if name in _COLOURLESS_TERMINALS and "WT_SESSION" not in environment:
        return NO_COLOURS
    # tmux understands every colour itself and reduces what the terminal outside cannot show; GNU screen does not.
    inside_screen = name.startswith("screen") and "TMUX" not in environment
    announced = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    if not inside_screen and (announced or "WT_SESSION" in environment):
        return TRUE_COLOURS
    if any(known in name for known in _TRUE_COLOUR_TERMINALS):
        return TRUE_COLOURS
    if "256" in name or "TMUX" in environment:
        return PALETTE_COLOURS
    return SIXTEEN_COLOURS


def _unicode(stream: TextIO, environment: Mapping[str, str]) -> bool:
    if environment.get("TERM", "").lower() == "linux":
        return False  # the console of Linux has a font of at most 512 characters, and no braille among them
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "").replace("_", "")
    if not encoding.startswith("utf"):
        return False
    # Python writes UTF-8 even where the locale says ASCII, so the locale is asked as well, if there is one.
    locale = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "")
    return locale == "" or "utf" in locale.lower()
