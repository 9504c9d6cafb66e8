"""Themes: dark, light, both again in colours that are safe for the colour-blind, and one for 16 colours.

A theme colours the screens; `palette_of` names the palette of curves and classes that goes with it.
"""

from __future__ import annotations

from textual.theme import Theme

from lab.terminal.palettes import PaletteName

THEMES: dict[str, Theme] = {
    "dark": Theme(
        name="dark", dark=True,
        primary="#6cb2f0", secondary="#6a9fd0", accent="#f0a040", warning="#f0c040", error="#ea7070", success="#5cc080",
        foreground="#dcdfe4", background="#14171c", surface="#1b1f26", panel="#242a33",
    ),
    "light": Theme(
        name="light", dark=False,
        primary="#0a5ca8", secondary="#2f6596", accent="#9a4e00", warning="#7d5a00", error="#b0202a", success="#166b38",
        foreground="#1c2128", background="#fbfbf9", surface="#f1f1ee", panel="#e4e5e2",
    ),
    # Okabe and Ito's colours: held is a bluish green, fell short a vermilion, which nobody takes for one another.
    "safe-dark": Theme(
        name="safe-dark", dark=True,
        primary="#56b4e9", secondary="#4f9fd6", accent="#e69f00", warning="#f0e442", error="#e8743b", success="#33c39b",
        foreground="#e4e4e4", background="#14171c", surface="#1b1f26", panel="#242a33",
    ),
    "safe-light": Theme(
        name="safe-light", dark=False,
        primary="#0067a3", secondary="#2a648c", accent="#835800", warning="#6b6300", error="#a84300", success="#006b4b",
        foreground="#1c2128", background="#fbfbf9", surface="#f1f1ee", panel="#e4e5e2",
    ),
    # The terminal's own colours, whatever they are: for terminals with 16 of them, or none.
    "terminal": Theme(
        name="terminal", ansi=True, dark=True,
        primary="ansi_cyan", secondary="ansi_cyan", accent="ansi_yellow", warning="ansi_yellow", error="ansi_red",
        success="ansi_green", foreground="ansi_default", background="ansi_default", surface="ansi_default",
        panel="ansi_default", boost="ansi_default",
        variables={
            "ansi-background": "ansi_black", "ansi-foreground": "ansi_white", "border": "ansi_cyan",
            "border-blurred": "ansi_white", "block-cursor-foreground": "ansi_black",
            "block-cursor-background": "ansi_cyan", "block-cursor-blurred-foreground": "ansi_default",
            "block-cursor-blurred-background": "ansi_default", "input-cursor-background": "ansi_white",
            "input-cursor-foreground": "ansi_black", "input-cursor-text-style": "reverse",
            "input-selection-background": "ansi_cyan", "input-selection-foreground": "ansi_black",
            "screen-selection-background": "ansi_cyan", "screen-selection-foreground": "ansi_black",
            "scrollbar": "ansi_white", "scrollbar-hover": "ansi_cyan", "scrollbar-active": "ansi_cyan",
            "scrollbar-background": "ansi_default", "scrollbar-background-hover": "ansi_default",
            "scrollbar-background-active": "ansi_default", "scrollbar-corner-color": "ansi_default",
            "footer-key-foreground": "ansi_cyan", "footer-background": "ansi_default",
        },
    ),
}  # fmt: skip
"""Each by the name that the settings file uses."""

_PALETTES: dict[str, PaletteName] = {
    "dark": "dark", "light": "light", "safe-dark": "safe-dark", "safe-light": "safe-light",
}  # fmt: skip
CYCLE = ("dark", "light", "safe-dark", "safe-light")


def palette_of(theme: str) -> PaletteName:
    """The palette of curves and classes that goes with a theme."""
    return _PALETTES.get(theme, "default")


def following(theme: str) -> str:
    """The theme after this one, for the key that goes through them."""
    return CYCLE[(CYCLE.index(theme) + 1) % len(CYCLE)] if theme in CYCLE else CYCLE[0]
