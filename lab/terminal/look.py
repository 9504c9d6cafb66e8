"""How things are drawn: with which colours and which characters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style

from lab.terminal.capabilities import NO_COLOURS, PALETTE_COLOURS, TRUE_COLOURS
from lab.terminal.output import printable
from lab.terminal.palettes import RGB, Ink, PaletteName, ink

NOTHING = Style.null()
BOLD = Style(bold=True)
DIM = Style(dim=True)


@dataclass(frozen=True, slots=True)
class Look:
    """Colours (0, 16, 256 or 16,777,216), whether beyond ASCII, and which palette."""

    colours: int = TRUE_COLOURS
    unicode: bool = True
    palette: PaletteName = "default"

    @property
    def paints(self) -> bool:
        """Whether arbitrary colours can be shown, so that maps and images are half-blocks; else they are shades."""
        return self.colours >= PALETTE_COLOURS and self.unicode

    @property
    def mixes(self) -> bool:
        """Whether any colour can be shown as it is."""
        return self.colours >= TRUE_COLOURS

    def ink(self, index: int) -> Ink:
        """The colour of the curve or class number `index`."""
        return ink(index, self.palette)

    def style(self, colour: Ink | None, bold: bool = False, dim: bool = False) -> Style:
        """The rich style that draws in a colour."""
        if colour is None or self.colours == NO_COLOURS:
            return _style(None, bold, dim)
        return _style(colour.rgb if self.colours >= PALETTE_COLOURS else colour.name, bold, dim)

    def words(self, text: str) -> str:
        """A text on one line that this look can show: no control characters, ASCII where nothing else may be used."""
        return printable(text, self.unicode)


@lru_cache(maxsize=4096)
def _style(colour: RGB | str | None, bold: bool, dim: bool) -> Style:
    if colour is None:
        return Style(bold=bold or None, dim=dim or None)
    name = colour if isinstance(colour, str) else "#{:02x}{:02x}{:02x}".format(*colour)
    return Style(color=name, bold=bold or None, dim=dim or None)


@lru_cache(maxsize=65536)
def two_tone(upper: RGB, lower: RGB) -> Style:
    """The style of a half-block cell: `upper` in front, `lower` behind."""
    return Style(color="#{:02x}{:02x}{:02x}".format(*upper), bgcolor="#{:02x}{:02x}{:02x}".format(*lower))
