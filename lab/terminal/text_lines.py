"""Lines of text of an exact size: cut, padded, wrapped and put side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style as TextStyle
from rich.text import Text

from lab.terminal.style import UNSTYLED, Style


def line(text: str = "", text_style: TextStyle = UNSTYLED) -> Text:
    """One line that is never wrapped. The style is this text's own: what is appended does not inherit it."""
    return Text(no_wrap=True, end="").append(text, text_style)


def exactly(lines: Sequence[Text], width: int, height: int, style: Style) -> list[Text]:
    """`height` lines of `width` columns: what is too much is cut, what is missing is blank."""
    width, height = max(0, width), max(0, height)
    shown = [_fit(each, width) for each in lines[:height]]
    shown += [line(" " * width) for _ in range(height - len(shown))]
    return shown if style.unicode else [_ascii(each) for each in shown]


def _fit(text: Text, width: int) -> Text:
    length = text.cell_len
    if length > width:
        text = text.copy()
        text.truncate(width, overflow="crop", pad=True)
        length = text.cell_len
    if length < width:
        text = text.copy()
        text.append(" " * (width - length))
    return text


def _ascii(text: Text) -> Text:
    """Whatever is still not ASCII, one for one, so that nothing moves."""
    if text.plain.isascii():
        return text
    text = text.copy()
    text.plain = "".join(each if each.isascii() else "?" for each in text.plain)
    return text


def clip(text: str, width: int, style: Style) -> str:
    """A text shortened to `width` columns, with a sign that something is missing."""
    if cell_len(text) <= width:
        return text
    sign = "…" if style.unicode else "~"
    shortened = text
    while shortened and cell_len(shortened) > width - 1:
        shortened = shortened[:-1]
    return (shortened + sign) if width >= 1 else ""


def clip_caption(text: str, width: int, style: Style) -> str:
    """A text shortened like `clip`, but not within a number, or before its unit: what is left of 100 % would be read as
    another number. A text that is nothing but a number is shortened all the same."""
    clipped = clip(text, width, style)
    if clipped == text or not clipped:
        return clipped
    kept = clipped[:-1]
    rest = text[len(kept) :]
    if (_NUMBER_GOES_ON.match(rest) and not kept.endswith(" ")) or rest.lstrip().startswith("%"):
        kept = _NUMBER_AT_THE_END.sub("", kept)
    return kept.rstrip() + clipped[-1] if kept.strip() else clipped


_NUMBER_GOES_ON = re.compile(r"[.,]?\d")
_NUMBER_AT_THE_END = re.compile(r"[\d.,]*\s*$")


def pad(text: str, width: int, right: bool = False) -> str:
    """A text filled up with blanks to `width` columns, on the left if it is to stand on the right."""
    blanks = " " * max(0, width - cell_len(text))
    return blanks + text if right else text + blanks


def beside(blocks: Sequence[Sequence[Text]], gap: int = 2) -> list[Text]:
    """Blocks of lines side by side; each block's lines are equally long, shorter blocks end in blanks."""
    height = max((len(block) for block in blocks), default=0)
    widths = [block[0].cell_len if block else 0 for block in blocks]
    rows = []
    for row in range(height):
        joined = line()
        for position, (block, width) in enumerate(zip(blocks, widths, strict=True)):
            if position:
                joined.append(" " * gap)
            joined.append_text(block[row] if row < len(block) else line(" " * width))
        rows.append(joined)
    return rows


def wrap(text: str, width: int) -> list[str]:
    """A text broken into lines of at most `width` columns, at blanks where there are any."""
    lines: list[str] = []
    for word in text.split():
        while cell_len(word) > width > 0:
            cut = len(word)
            while cut > 1 and cell_len(word[:cut]) > width:
                cut -= 1
            lines.append(word[:cut])
            word = word[cut:]
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        elif word:
            lines.append(word)
    return lines
