"""What is drawn, in ASCII: for terminals and locales that know nothing else. One column stays one column."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SPELLED = {
    **dict.fromkeys("─━═╌╍┄┅┈┉╴╶╸╺▔▁▂–—−‐‑", "-"),
    **dict.fromkeys("│┃║╎╏┆┇┊┋╵╷╹╻▏▎▕", "|"),
    **dict.fromkeys("█▀▄▌▐▆▇▅▃▊▋▉▍▪■▬", "#"),
    **dict.fromkeys("▶▸►→⇒›»❯", ">"),
    **dict.fromkeys("◀◂◄←⇐‹«❮", "<"),
    **dict.fromkeys("▼▾↓", "v"),
    **dict.fromkeys("▲▴↑", "^"),
    **dict.fromkeys("‘’‚`", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("·•●◆★", "*"),
    "○": "o", "◐": "~", "✓": "+", "✔": "+", "✗": "x", "✘": "x", "×": "x", "…": "~", "≤": "<", "≥": ">", "≈": "~",
    "∞": "8", "²": "2", "³": "3", "µ": "u", "μ": "u", "σ": "s", "α": "a", "β": "b", "γ": "g", "λ": "l", "░": ".",
    "▒": ":", "▓": "%", "\u00a0": " ", "\u202f": " ",
}  # fmt: skip


def _character(character: str) -> str:
    """One character as ASCII of the same width."""
    if character in _SPELLED:
        return _SPELLED[character]
    code = ord(character)
    if 0x2500 <= code <= 0x257F:  # what is left of the box characters are corners and crossings
        return "+"
    if 0x2800 <= code <= 0x28FF:  # braille
        return " " if code == 0x2800 else "*"
    plain = unicodedata.normalize("NFKD", character)[0]
    return (plain if plain.isascii() and plain.isprintable() else "?").ljust(cell_len(character))[: cell_len(character)]


@lru_cache(maxsize=4096)
def ascii_cells(text: str) -> str:
    """The text in ASCII, as many columns wide as it was.

    >>> ascii_cells("✓ naïve ─→")
    '+ naive ->'
    """
    return "".join(each if each.isascii() else _character(each) for each in text)


class AsciiOnly(LineFilter):
    """Replaces what is not ASCII in everything that is about to be drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(ascii_cells(segment.text), segment.style, segment.control)
            for segment in segments
        ]
