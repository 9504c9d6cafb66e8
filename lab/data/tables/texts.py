"""Bytes to text: which encoding they are in, found out where nothing says it."""

from __future__ import annotations

import codecs
import re

from lab.errors import BadInput
from lab.validation import shown

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


def decoded(name: str, content: bytes, encoding: str | None) -> tuple[str, list[str]]:
    """The text, without a byte order mark, and what is to be told of its encoding.

    encoding: what to take instead of what it looks like. Raises BadInput if it is no text.
    """
    text, notices = _decoded(name, content, encoding)
    sample = text[:100_000]
    odd = sum(each < " " and each not in "\t\n\r\f\v\x1a" for each in sample)
    if "\0" in text or (odd > 2 and odd * 20 > len(sample)):
        raise BadInput(f"{shown(name)} is not a CSV file: it is no text.")
    return text.rstrip("\x1a"), notices


def _decoded(name: str, content: bytes, encoding: str | None) -> tuple[str, list[str]]:
    if encoding is not None:
        try:
            return content.decode(encoding).removeprefix("\ufeff"), []
        except LookupError:
            raise BadInput(f"there is no encoding {shown(encoding)}; usual are utf-8, latin-1 and utf-16.") from None
        except UnicodeError:
            raise BadInput(f"{shown(name)} is not a text in {encoding}.") from None
    for mark, codec, called in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(codec), [f"It is a text in {called}."] if called != "UTF-8" else []
            except UnicodeError:
                if called != "UTF-8":
                    continue  # a text in Latin-1 may begin with the letters of the mark
    for codec, zero in (("utf-16-le", 1), ("utf-16-be", 0)):
        if len(content) % 2 == 0 and content[zero::2].count(0) > len(content) / 4:
            try:
                return content.decode(codec), ["It is a text in UTF-16, without a mark that says so."]
            except UnicodeError:
                continue
    try:
        return content.decode("utf-8"), []
    except UnicodeError:
        pass
    try:
        text, called = content.decode("cp1252"), "Windows-1252"
        if not any(0x80 <= byte < 0xA0 for byte in content):
            called = "Latin-1"
    except UnicodeError:
        text, called = content.decode("latin-1"), "Latin-1"
    lines = text.split("\n")
    line = next(number for number, each in enumerate(lines) if not each.isascii())
    words = re.split(r"[\s,;|\"]+", lines[line])
    word = next((each for each in words if not each.isascii()), "")
    where = f" (line {line + 1}: {shown(word)})" if word else ""
    return text, [f"It is not UTF-8 and was read as {called}{where}; `encoding:` chooses another."]
