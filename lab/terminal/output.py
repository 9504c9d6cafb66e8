"""Lines to a stream that may be a pipe somebody has closed, or one that knows only ASCII."""

from __future__ import annotations

import os
from typing import TextIO

_SPELLED = {
    "·": "*", "×": "x", "–": "-", "—": "-", "−": "-", "…": "...", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+/-",
    "→": "->", "←": "<-", "⇒": "=>", "√": "sqrt", "∞": "inf", "²": "^2", "³": "^3", "½": "1/2", "¼": "1/4", "µ": "u",
    "‘": "'", "’": "'", "“": '"', "”": '"', "✓": "+", "✗": "x", "α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa",
    "λ": "lambda", "μ": "mu", "σ": "sigma", "Σ": "sum", "∂": "d", "ε": "epsilon", "\u00a0": " ", "\u202f": " ",
}  # fmt: skip
_TABLE = str.maketrans(_SPELLED)


def ascii_only(text: str) -> str:
    """The text in ASCII: known signs spelled out ("≥" as ">="), accents dropped, the rest as "?"."""
    if text.isascii():
        return text
    import unicodedata

    spelled = unicodedata.normalize("NFKD", text.translate(_TABLE))
    kept = "".join(each for each in spelled if not unicodedata.combining(each))
    return kept.encode("ascii", "replace").decode("ascii")


def printable(text: str, unicode: bool = True) -> str:
    """The text on one line, without control characters (a title must not move the cursor), in ASCII if asked."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return text if unicode else ascii_only(text)


class Output:
    """Writes lines at once. `broken`: the reader has gone (as in `lab run … | head`) and nothing more is written."""

    def __init__(self, stream: TextIO, unicode: bool = True) -> None:
        self.stream, self.unicode, self.broken = stream, unicode, False

    def line(self, text: str = "") -> None:
        """Write one line."""
        if self.broken:
            return
        shown = printable(text, self.unicode)
        try:
            self.stream.write(shown + "\n")
            self.stream.flush()
        except UnicodeEncodeError:
            self.unicode = False
            self.line(text)
        except BrokenPipeError:
            self.broken = True
            self._silence()

    def _silence(self) -> None:
        """Point the stream's descriptor at nothing: Python flushes it again at exit and would complain there."""
        try:
            descriptor = self.stream.fileno()
        except (OSError, ValueError):
            return
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, descriptor)
        os.close(nothing)
