"""How things are drawn: with which colours and which characters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style as TextStyle

from lab.terminal.capabilities import NO_COLOURS, PALETTE_COLOURS, TRUE_COLOURS
from lab.terminal.output import printable
from lab.terminal.palettes import RGB, Colour, Family, PaletteName, bad, good, is_light, series_colour, sign

UNSTYLED = TextStyle.null()
BOLD = TextStyle(bold=True)
DIM = TextStyle(dim=True)


@dataclass(frozen=True, slots=True)
class Style:
    """Colours (0, 16, 256 or 16,777,216), whether beyond ASCII, and which palette.

    legends: whether each plot has its own; not where several stand under a common one
    """

    colours: int = TRUE_COLOURS
    unicode: bool = True
    palette: PaletteName = "default"
    legends: bool = True

    @property
    def paints(self) -> bool:
        """Whether arbitrary colours can be shown, so that maps and images are half-blocks; else they are shades."""
        return self.colours >= PALETTE_COLOURS and self.unicode

    @property
    def mixes(self) -> bool:
        """Whether any colour can be shown as it is."""
        return self.colours >= TRUE_COLOURS

    @property
    def light(self) -> bool:
        """Whether dark ink is drawn on light ground."""
        return is_light(self.palette)

    def colour(self, index: int, family: Family = "variants") -> Colour:
        """The colour of the variant number `index`, or of a layer, or of what a picture shows."""
        return series_colour(index, self.palette, family)

    @property
    def good(self) -> Colour:
        """The colour of what held, or is done."""
        return good(self.palette)

    @property
    def bad(self) -> Colour:
        """The colour of what fell short, diverged or failed."""
        return bad(self.palette)

    def sign(self, index: int, family: Family = "variants") -> str:
        """The character that stands for it on its curve and in the legend."""
        return sign(index, family, self.unicode)

    def text_style(self, colour: Colour | None, bold: bool = False, dim: bool = False) -> TextStyle:
        """The rich style that draws in a colour."""
        if colour is None or self.colours == NO_COLOURS:
            return _text_style(None, bold, dim)
        return _text_style(colour.rgb if self.colours >= PALETTE_COLOURS else colour.name, bold, dim)

    def words(self, text: str) -> str:
        """A text on one line that this style can show: no control characters, ASCII where nothing else may be used."""
        return printable(text, self.unicode)


@lru_cache(maxsize=4096)
def _text_style(colour: RGB | str | None, bold: bool, dim: bool) -> TextStyle:
    if colour is None:
        return TextStyle(bold=bold or None, dim=dim or None)
    name = colour if isinstance(colour, str) else "#{:02x}{:02x}{:02x}".format(*colour)
    return TextStyle(color=name, bold=bold or None, dim=dim or None)


@lru_cache(maxsize=65536)
def two_tone(upper: RGB, lower: RGB) -> TextStyle:
    """The style of a half-block cell: `upper` in front, `lower` behind."""
    return TextStyle(color="#{:02x}{:02x}{:02x}".format(*upper), bgcolor="#{:02x}{:02x}{:02x}".format(*lower))
