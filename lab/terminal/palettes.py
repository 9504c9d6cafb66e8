"""Colours and letters for curves and classes, and colour scales for maps. NumPy only: shared with the TUI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

RGB = tuple[int, int, int]
PaletteName = Literal["default", "safe"]


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour: as red, green, blue, and as the nearest of the terminal's own 16 by name."""

    rgb: RGB
    name: str


# Bright enough for a dark background, dark enough for a light one.
_DEFAULT = (
    Colour((66, 150, 240), "bright_blue"),
    Colour((240, 150, 40), "yellow"),
    Colour((226, 78, 84), "red"),
    Colour((62, 174, 92), "green"),
    Colour((176, 112, 226), "magenta"),
    Colour((24, 172, 184), "cyan"),
    Colour((220, 116, 180), "bright_magenta"),
    Colour((148, 140, 130), "white"),
)
# Masataka Okabe and Kei Ito, "Color Universal Design" (2008), without its black, which a dark terminal would swallow.
_SAFE = (
    Colour((86, 180, 233), "bright_cyan"),
    Colour((230, 159, 0), "yellow"),
    Colour((0, 158, 115), "green"),
    Colour((240, 228, 66), "bright_yellow"),
    Colour((0, 114, 178), "blue"),
    Colour((213, 94, 0), "red"),
    Colour((204, 121, 167), "bright_magenta"),
    Colour((153, 153, 153), "white"),
)
PALETTES: dict[PaletteName, tuple[Colour, ...]] = {"default": _DEFAULT, "safe": _SAFE}

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""Each curve's letter stands on it and in the legend, so that it reads without colour."""


def series_colour(index: int, palette: PaletteName = "default") -> Colour:
    """The colour of the curve or class number `index`; they repeat after eight."""
    colours = PALETTES[palette]
    return colours[index % len(colours)]


def letter(index: int) -> str:
    """The letter of the curve or class number `index`."""
    return LETTERS[index % len(LETTERS)]


# Viridis at 16 steps (Stéfan van der Walt and Nathaniel Smith, 2015): even in brightness, safe for the colour-blind.
_SEQUENTIAL = np.array(
    [
        (68, 1, 84), (72, 26, 108), (71, 47, 125), (65, 68, 135), (57, 86, 140), (49, 104, 142), (42, 120, 142),
        (35, 136, 142), (31, 152, 139), (34, 168, 132), (53, 183, 121), (84, 197, 104), (122, 209, 81), (165, 219, 54),
        (210, 226, 27), (253, 231, 37),
    ],
    dtype=np.float32,
)  # fmt: skip
# Blue through near-black to orange: zero is dark, so that size is brightness on both sides.
_DIVERGING = np.array(
    [(120, 190, 255), (50, 120, 215), (25, 62, 120), (24, 24, 28), (120, 62, 12), (215, 115, 20), (255, 190, 100)],
    dtype=np.float32,
)
# The same two in colours that the palette of 256 has: mixed ones would be rounded to others.
_SEQUENTIAL_OF_256 = np.array(
    [
        (95, 0, 95), (95, 0, 135), (95, 95, 135), (0, 95, 135), (0, 135, 135), (0, 175, 135), (95, 175, 95),
        (95, 215, 95), (135, 215, 95), (175, 215, 0), (215, 215, 0), (255, 255, 0),
    ],
    dtype=np.uint8,
)  # fmt: skip
_DIVERGING_OF_256 = np.array(
    [
        (135, 215, 255), (95, 175, 255), (0, 135, 215), (0, 95, 175), (0, 0, 95), (28, 28, 28), (95, 0, 0),
        (135, 95, 0), (215, 95, 0), (255, 135, 0), (255, 175, 95),
    ],
    dtype=np.uint8,
)  # fmt: skip
_GAP = (70, 70, 70)


def colour_scale(shares: np.ndarray, diverging: bool = False, mixed: bool = True) -> np.ndarray:
    """Colours for numbers between 0 and 1: uint8[..., 3]; NaN is grey. Diverging: 0.5 is the dark middle.

    mixed: any colour may be used; else only those of the palette of 256
    """
    missing = ~np.isfinite(shares)
    if not mixed:
        steps = _DIVERGING_OF_256 if diverging else _SEQUENTIAL_OF_256
        colours = steps[np.clip(np.where(missing, 0.0, shares) * len(steps), 0, len(steps) - 1).astype(np.int64)]
        colours[missing] = _GAP
        return colours
    stops = _DIVERGING if diverging else _SEQUENTIAL
    position = np.clip(np.where(missing, 0.0, shares), 0.0, 1.0) * (len(stops) - 1)
    below = np.minimum(position.astype(np.int64), len(stops) - 2)
    share = (position - below)[..., None]
    colours = np.rint(stops[below] * (1 - share) + stops[below + 1] * share).astype(np.uint8)
    colours[missing] = _GAP
    return colours
