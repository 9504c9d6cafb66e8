"""Colours and letters for curves and classes, and colour scales for maps. NumPy only: shared with the TUI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

RGB = tuple[int, int, int]
PaletteName = Literal["default", "safe", "dark", "light", "safe-dark", "safe-light"]
Family = Literal["variants", "layers", "series"]
"""Whose colours and signs: the variants of a run have letters, a net's layers numbers, and what a picture shows beside
each other (classes, groups, lines) shapes. No colour of variants means anything else."""


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour: as red, green, blue, and as the nearest of the terminal's own 16 by name."""

    rgb: RGB
    name: str


def _colours(names: str, *colours: RGB) -> tuple[Colour, ...]:
    return tuple(Colour(rgb, name) for rgb, name in zip(colours, names.split(), strict=True))


_NAMES = "bright_blue yellow red green magenta cyan bright_magenta white"
_OTHERS = (
    "bright_yellow bright_cyan bright_red bright_green bright_white blue bright_black bright_yellow bright_cyan "
    "bright_red"
)
_SAFE_NAMES = "bright_cyan yellow green bright_yellow blue red bright_magenta white"
_SAFE_OTHERS = (
    "bright_blue bright_red bright_green magenta cyan bright_white bright_black bright_blue bright_red bright_green"
)

# At least 4.5 : 1 on every surface of the dark and the light themes, and, where nobody knows what is behind them
# ("default", "safe": what is printed), 3 : 1 on black and on white.
# Safe ones are Masataka Okabe's and Kei Ito's, "Color Universal Design" (2008), without their black, brighter or darker
# where they must be.
_VARIANTS: dict[PaletteName, tuple[Colour, ...]] = {
    "default": _colours(
        _NAMES,
        (66, 150, 240), (206, 129, 34), (226, 78, 84), (60, 167, 88),
        (176, 112, 226), (23, 162, 173), (213, 113, 175), (148, 140, 130),
    ),
    "dark": _colours(
        _NAMES,
        (66, 150, 240), (240, 150, 40), (231, 106, 111), (62, 174, 92),
        (180, 119, 227), (24, 172, 184), (220, 116, 180), (152, 145, 135),
    ),
    "light": _colours(
        _NAMES,
        (20, 95, 190), (142, 88, 24), (186, 48, 54), (26, 112, 50),
        (127, 70, 175), (0, 108, 118), (160, 60, 125), (99, 94, 88),
    ),
    "safe": _colours(
        _SAFE_NAMES,
        (74, 155, 200), (196, 135, 0), (0, 158, 115), (158, 150, 44),
        (0, 114, 178), (213, 94, 0), (204, 121, 167), (147, 147, 147),
    ),
    "safe-dark": _colours(
        _SAFE_NAMES,
        (86, 190, 240), (230, 159, 0), (18, 165, 125), (240, 228, 66),
        (98, 146, 238), (228, 118, 40), (204, 121, 167), (153, 153, 153),
    ),
    "safe-light": _colours(
        _SAFE_NAMES,
        (20, 104, 146), (140, 88, 0), (0, 115, 84), (96, 100, 0),
        (0, 82, 190), (174, 62, 0), (150, 66, 122), (98, 98, 98),
    ),
}  # fmt: skip
# Lighter than those of variants where it is dark, darker where it is light.
_OTHER: dict[PaletteName, tuple[Colour, ...]] = {
    "default": _colours(
        _OTHERS,
        (171, 144, 18), (110, 140, 220), (220, 110, 90), (70, 150, 110),
        (140, 120, 210), (170, 125, 80), (40, 150, 150), (200, 100, 150),
        (120, 128, 136), (112, 150, 40),
    ),
    "dark": _colours(
        _OTHERS,
        (228, 208, 84), (150, 196, 255), (255, 160, 140), (150, 230, 170),
        (200, 178, 255), (214, 178, 132), (140, 226, 226), (255, 176, 214),
        (235, 235, 235), (176, 240, 72),
    ),
    "light": _colours(
        _OTHERS,
        (93, 68, 0), (30, 68, 144), (131, 41, 21), (14, 83, 41),
        (82, 52, 150), (101, 62, 31), (0, 80, 88), (131, 29, 88),
        (40, 40, 40), (66, 86, 0),
    ),
    "safe": _colours(
        _SAFE_OTHERS,
        (119, 150, 200), (224, 110, 80), (40, 160, 130), (150, 140, 30),
        (200, 100, 130), (90, 150, 180), (130, 150, 40), (120, 120, 120),
        (150, 110, 190), (170, 130, 90),
    ),
    "safe-dark": _colours(
        _SAFE_OTHERS,
        (122, 172, 222), (239, 142, 110), (68, 187, 153), (238, 221, 136),
        (255, 170, 187), (153, 221, 255), (187, 204, 51), (190, 190, 190),
        (170, 170, 0), (235, 235, 235),
    ),
    "safe-light": _colours(
        _SAFE_OTHERS,
        (0, 70, 148), (131, 41, 21), (0, 82, 60), (93, 68, 0),
        (129, 38, 68), (0, 78, 101), (68, 76, 0), (60, 60, 60),
        (90, 40, 130), (20, 20, 20),
    ),
}  # fmt: skip
# What held or is done, and what fell short or broke.
_GOOD: dict[PaletteName, RGB] = {
    "default": (52, 150, 80), "dark": (84, 190, 114), "light": (22, 104, 54),
    "safe": (0, 152, 112), "safe-dark": (51, 195, 155), "safe-light": (0, 105, 76),
}  # fmt: skip
_BAD: dict[PaletteName, RGB] = {
    "default": (226, 70, 70), "dark": (238, 112, 112), "light": (172, 30, 40),
    "safe": (213, 94, 0), "safe-dark": (232, 122, 60), "safe-light": (164, 64, 0),
}  # fmt: skip
PALETTES: tuple[PaletteName, ...] = tuple(_VARIANTS)
PRINTED: tuple[PaletteName, ...] = ("default", "safe")
"""Those for what is printed in a terminal of unknown colours, by the name that one asks for."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""Each curve's letter stands on it and in the legend, so that it reads without colour."""
_SIGNS: dict[Family, tuple[str, str]] = {
    "variants": (LETTERS, LETTERS),
    "layers": ("123456789" + LETTERS.upper(), "123456789" + LETTERS.upper()),
    "series": ("●▲■◆★▼◉✚◈✦", "@^#*+%&=~?"),
}


def series_colour(index: int, palette: PaletteName = "default", family: Family = "variants") -> Colour:
    """The colour of number `index` of a family; those of variants repeat after eight, the others after ten, as many
    as there are digits."""
    colours = (_VARIANTS if family == "variants" else _OTHER)[palette]
    return colours[index % len(colours)]


def colours_of(family: Family) -> int:
    """How many colours there are of a family, before they repeat."""
    return len((_VARIANTS if family == "variants" else _OTHER)["default"])


def good(palette: PaletteName = "default") -> Colour:
    """The colour of what held, or is done."""
    return Colour(_GOOD[palette], "green")


def bad(palette: PaletteName = "default") -> Colour:
    """The colour of what fell short, diverged or failed."""
    return Colour(_BAD[palette], "bright_red")


def sign(index: int, family: Family, unicode: bool = True) -> str:
    """The character of number `index` of a family; the second set is ASCII."""
    signs = _SIGNS[family][0 if unicode else 1]
    return signs[index % len(signs)]


def letter(index: int) -> str:
    """The letter of the variant number `index`."""
    return sign(index, "variants")


def is_light(palette: PaletteName) -> bool:
    """Whether a palette is for dark ink on light ground."""
    return palette.endswith("light")


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
    [(120, 190, 255), (62, 136, 228), (34, 86, 160), (38, 38, 42), (158, 84, 20), (226, 126, 30), (255, 190, 100)],
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
