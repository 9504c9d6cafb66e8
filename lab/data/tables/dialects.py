"""How the text of a table is written: what separates cells, which lines are comments, how numbers look."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "blanks"}
COMMENTS = ("#", "%", "//")
_LOOKED_AT = 200
"""So many lines decide what separates the cells."""

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d*),(\d+)([eE][+-]?\d+)?")
_BETWEEN_DIGITS = re.compile(r"(?<=\d),(?=\d)")
_GROUPED = {
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?"),
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?"),
    "'": re.compile(r"[+-]?[1-9]\d{0,2}(['’]\d{3})+([.,]\d*)?"),
    " ": re.compile(r"[+-]?[1-9]\d{0,2}([ \u00a0\u202f]\d{3})+([.,]\d*)?"),
}


@dataclass(frozen=True)
class Line:
    """One row of a text: the line that it ends in, counted from 1, and its cells, without blanks around them."""

    number: int
    cells: list[str]


def without_comments(text: str, comment: str | None) -> tuple[list[str], str, int]:
    """The lines of a text, comments made blank; what begins them ("" if there are none); how many there were.

    comment: what begins one; None: found out, if the first lines all begin in the same way
    """
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    first = next((line.lstrip() for line in lines if line.strip()), "")
    mark = comment if comment is not None else next((each for each in COMMENTS if first.startswith(each)), "")
    if not mark:
        return lines, "", 0
    if comment is None and not _is_comment(lines, mark):
        return lines, "", 0
    count = 0
    for place, line in enumerate(lines):
        if line.lstrip().startswith(mark):
            lines[place] = "\n"
            count += 1
    return lines, mark, count


def _is_comment(lines: list[str], mark: str) -> bool:
    """Whether lines with the mark are comments: "#,name,size" is a header, with as many cells as the rest."""
    marked = next(line for line in lines if line.lstrip().startswith(mark))
    others = [line for line in lines if line.strip() and not line.lstrip().startswith(mark)][:20]
    if not others:
        return False
    counts = {each: marked.count(each) for each in DELIMITERS if each != " "}
    return not any(count and all(line.count(each) == count for line in others) for each, count in counts.items())


def delimiter_of(lines: list[str]) -> str:
    """What separates the cells: what gives most rows the same number of cells, at least two; else a comma."""
    sample = [line for line in lines if line.strip()][:_LOOKED_AT]
    best, score = ",", (0.0, False, 0)
    for each in DELIMITERS:
        widths = [len(row.cells) for row in rows(sample, each, strict=False)]
        counts = Counter(widths)
        counts.pop(1, None)
        if not counts:
            continue
        cells, often = max(counts.items(), key=lambda item: (item[1], item[0]))
        share = round(often / len(widths), 2) - _doubt(sample, each)
        found = (share, widths[0] == cells, cells)
        if share > 0 and found > score:
            best, score = each, found
    return best


def _doubt(sample: list[str], delimiter: str) -> float:
    """How much less than other signs this one is likely to separate cells."""
    if delimiter == " ":
        return 0.5  # blanks stand in texts too
    if delimiter == ",":
        # Commas between digits may be those of numbers, where something else separates cells.
        return 0.2 if all(_BETWEEN_DIGITS.sub("", line).count(",") == 0 for line in sample[1:]) else 0.0
    return 0.0


def rows(lines: Iterable[str], delimiter: str, *, strict: bool = True) -> Iterator[Line]:
    """The rows that are not blank. Raises csv.Error where quotes do not fit."""
    if delimiter == " ":
        lines = (" ".join(line.split()) + "\n" if '"' not in line else line.strip() + "\n" for line in lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=delimiter != "\t")
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield Line(reader.line_num, [cell.strip() for cell in row])
    except csv.Error:
        if strict:
            raise


def is_number(cell: str) -> bool:
    """Whether a cell is a number with a decimal point."""
    return _PLAIN.fullmatch(cell) is not None


def number_format(
    columns: Iterable[Sequence[str]], delimiter: str, usual: Sequence[str] | None = None
) -> tuple[str, str]:
    """The decimal sign and what groups digits ("": nothing), as the columns that look like numbers have them.

    usual: those of the data that was trained on, which hold if nothing speaks against them: 1.335 may be either
    """
    cells = [cell for column in columns if _of_numbers(column) for cell in column]
    if usual is not None and _all_fit(cells, *usual):
        return usual[0], usual[1]
    commas = points = grouped_by_commas = grouped_by_points = others = either = unclear = 0
    group = ""
    for cell in cells:
        if not cell or cell[-1:].isalpha() or not any(character in ",.'’ \u00a0\u202f" for character in cell):
            continue
        for mark in "' ":
            if _GROUPED[mark].fullmatch(cell):
                group, others = mark, others + 1
                commas, points = commas + ("," in cell), points + ("." in cell)
        by_commas, by_points = _GROUPED[","].fullmatch(cell), _GROUPED["."].fullmatch(cell)
        if by_commas and (cell.count(",") > 1 or "." in cell):
            grouped_by_commas += 1
        elif by_points and (cell.count(".") > 1 or "," in cell):
            grouped_by_points += 1
        elif by_commas:
            # 1,234 is a thousand and more where commas separate cells, and else what the other cells say.
            if delimiter == ",":
                grouped_by_commas += 1
            else:
                unclear += 1
        elif _COMMA.fullmatch(cell):
            commas += 1
        elif by_points:
            either += 1
        elif "." in cell and _PLAIN.fullmatch(cell):
            points += 1
    if grouped_by_commas or (points and not commas and not grouped_by_points):
        grouped_by_commas += unclear  # as 1,234,567 or 0.5 leave no other meaning
    else:
        commas += unclear
    if grouped_by_points and not points + either > commas + 2 * grouped_by_points:
        return ",", "."
    if either and commas and not points and delimiter != ",":
        return ",", "."  # 2,5 has no other meaning, and then 1.335 has none
    if grouped_by_commas and not commas:
        return ".", ","
    if commas > points + either:
        return ",", group
    return ".", group if others else ""


def _looks(cell: str) -> bool:
    """Whether a cell is a number in any way of writing it."""
    return any(form.fullmatch(cell) for form in (_PLAIN, _COMMA, *_GROUPED.values()))


def _of_numbers(column: Sequence[str]) -> bool:
    """Whether most different cells are numbers: "3,4" among words is a list, and says nothing of numbers."""
    different = {cell for cell in column if cell}
    return 2 * sum(map(_looks, different)) > len(different)


def _all_fit(cells: Iterable[str], decimal: str, thousands: str) -> bool:
    """Whether no cell looks like a number that is written in another way."""
    for cell in cells:
        grouped = bool(thousands) and _GROUPED[thousands].fullmatch(cell) is not None
        other = "." in cell if decimal == "," else "," in cell
        if _looks(cell) and not grouped and (other or _PLAIN.fullmatch(plain_number(cell, decimal, thousands)) is None):
            return False
    return True


def plain_number(cell: str, decimal: str, thousands: str) -> str:
    """A cell as a number with a decimal point, if it is one; else as it was."""
    if not cell or not (cell[0].isdigit() or cell[0] in "+-.,"):
        return cell
    if thousands and _GROUPED[thousands].fullmatch(cell):
        cell = re.sub(r"[ \u00a0\u202f'’]" if thousands in "' " else re.escape(thousands), "", cell)
    if decimal == "," and _COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    return cell
