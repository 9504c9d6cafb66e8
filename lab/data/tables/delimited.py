"""A table in a text, one row a line, cells separated by commas, semicolons, tabs, bars or blanks."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.data.tables.dialects import (
    DELIMITERS,
    Line,
    delimiter_of,
    is_number,
    number_format,
    plain_number,
    rows,
    without_comments,
)
from lab.data.tables.raw import RawColumn, RawTable, is_no_name, told_apart
from lab.data.tables.tidying import LOOKED_AT, titles_above, told_numbers
from lab.data.tables.units import without_units
from lab.errors import BadInput
from lab.validation import shown

LONGEST_CELL = 1_000_000
_FIRST = 200
"""So many rows show whether there is a title above them."""


@dataclass(frozen=True)
class Wishes:
    """What the data block says of a file; None: found out."""

    header: bool | None = None
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    comment: str | None = None
    sheet: str | None = None
    missing_marks: Sequence[str] | None = None
    numbers: Sequence[str] | None = None
    """Decimal sign and what groups digits in the data of the training, where that is unusual."""
    known: Sequence[str] = ()
    """Names of columns of the training: one of them may stand alone in a file that is to be predicted from."""

    @property
    def given(self) -> dict[str, Any]:
        """What is said, by name; the sheet is that of one file alone."""
        return {
            name: value for name, value in vars(self).items() if value is not None and name not in ("sheet", "known")
        }

    @property
    def unusual(self) -> bool:
        """Whether anything is said that is not so of a plain table."""
        said = (self.delimiter, self.decimal, self.encoding, self.comment, self.sheet, self.missing_marks)
        return self.header is False or any(said)


def delimited(name: str, text: str, wishes: Wishes, told: list[str], looking: bool = False) -> RawTable:
    """Reads the table.

    told:    what is known of the file already
    looking: whether a file without names of columns is taken as it is, though nothing says `header: false`
    Raises BadInput if it is no table.
    """
    notices = list(told)
    lines, mark, count = without_comments(text, wishes.comment)
    if count:
        notices.append(f"{_lines(count)} that {'begins' if count == 1 else 'begin'} with {mark} {_is(count)} left out.")
    alone = next((line.strip().strip('"') for line in lines if line.strip()), "") in wishes.known
    delimiter = wishes.delimiter or ("," if alone else delimiter_of(lines))
    csv.field_size_limit(LONGEST_CELL)
    try:
        found = list(rows(lines, delimiter))
    except csv.Error as error:
        raise BadInput(f"{shown(name)} is not a CSV file: {error}.") from None
    if not found:
        raise BadInput(f"{shown(name)} has only blank lines.")
    if wishes.header is not False and (above := titles_above([row.cells for row in found[:_FIRST]])):
        notices.append(
            f"The table begins in line {found[above].number}: {shown(_title(found[:above]))} stands above it and is "
            "left out."
        )
        found = found[above:]
    header, first = _header(name, found, wishes, notices, looking)
    if header is not None and len(header) == 1 and wishes.delimiter is None and not alone:
        raise BadInput(
            f"the first line has only one column, {shown(header[0])}: there is nothing to predict from. A text to "
            "go on with is `data: {text: FILE}`, with `task: language-model`."
        )
    names, found = _columns(name, header, found[first:], notices)
    names, twice = told_apart(names)
    notices += twice
    columns = [list(column) for column in zip(*(row.cells for row in found), strict=True)] or [[] for _ in names]
    columns, units = without_units(columns, names)
    notices += units
    each = 1 + LOOKED_AT // len(names)
    decimal, thousands = number_format([column[:each] for column in columns], delimiter, wishes.numbers)
    if wishes.decimal is not None:
        decimal, thousands = wishes.decimal, thousands if thousands != wishes.decimal else ""
    notices += told_numbers(decimal, thousands)
    if decimal == "," or thousands:
        columns = [[plain_number(cell, decimal, thousands) for cell in column] for column in columns]
    raw = [
        RawColumn(f"column {place}" if is_no_name(each) else each, cells, unnamed=is_no_name(each))
        for place, (each, cells) in enumerate(zip(names, columns, strict=True), 1)
    ]
    separated = DELIMITERS.get(delimiter, f"{delimiter!r}")
    return RawTable(
        f"text, separated by {separated}",
        tuple(raw),
        [row.number for row in found],
        decimal=decimal,
        thousands=thousands,
        header=header is not None,
        notices=tuple(notices),
    )


def _title(rows: list[Line]) -> str:
    return next((cell for row in rows for cell in row.cells if cell), "an empty line")


def _header(
    name: str, found: list[Line], wishes: Wishes, notices: list[str], looking: bool
) -> tuple[list[str] | None, int]:
    """The names of the columns (None: the file has none), and the place of the first row with values."""
    first = found[0].cells
    if wishes.header is not True and (sizes := _sizes(found)):
        rows, features, classes = sizes
        told = f" and the classes {', '.join(classes)}" if classes else ""
        notices.append(
            f"The first line holds sizes ({rows} rows, {features} features{told}), not names: it is left out, and "
            f"columns have their numbers as names, 1 to {len(found[1].cells)}."
        )
        return None, 1
    if wishes.header is False:
        return None, 0
    # Years may be names of columns; 5.1 is none.
    only = all(is_number(cell) for cell in first)
    if wishes.header is None and (only or any(is_number(cell) and not cell.isdigit() for cell in first)):
        has = "has only numbers" if only else f"has {shown(next(c for c in first if is_number(c)))} in it"
        if not looking:
            raise BadInput(
                f"the first line {has}: it must be the names of the columns; of a file without them say "
                f"`header: false`, and call its columns by their numbers, 1 to {len(first)}."
            )
        notices.append(
            f"The first line {has}: it is taken for a row, and columns have their numbers as names, 1 to {len(first)}."
        )
        return None, 0
    return first, 1


def _sizes(found: list[Line]) -> tuple[int, int, list[str]] | None:
    """Rows, features and classes where the first line holds them, as in the files of scikit-learn."""
    first = found[0].cells
    if len(found) < 5 or len(first) < 2 or not (first[0].isdigit() and first[1].isdigit()):
        return None
    if int(first[0]) != len(found) - 1 or int(first[1]) != len(found[1].cells) - 1:
        return None
    return int(first[0]), int(first[1]), first[2:]


def _columns(
    name: str, header: list[str] | None, found: list[Line], notices: list[str]
) -> tuple[list[str], list[Line]]:
    """The names of the columns, "" where there is none, and the rows, each with as many cells as there are names."""
    if header is None:
        names = [str(place) for place in range(1, len(found[0].cells) + 1)] if found else []
        of = "the first row"
    else:
        names, of = header, "the first line"
        widths = Counter(len(row.cells) for row in found[:1000])
        if found and widths.most_common(1)[0][0] == len(names) + 1:
            # Each row ends with a delimiter; or, as R's write.table has it, begins with a name for itself.
            trailing = all(row.cells[-1] == "" for row in found if len(row.cells) == len(names) + 1)
            names = [*names, ""] if trailing else ["", *names]
        if found and names[-1] == "" and all(row.cells[-1] == "" for row in found if len(row.cells) == len(names)):
            names = names[:-1]
            found = [Line(row.number, row.cells[:-1]) if len(row.cells) == len(names) + 1 else row for row in found]
    _refuse_bad_names(names)
    for row in found:
        if len(row.cells) != len(names):
            raise BadInput(f"line {row.number} has {len(row.cells)} cells, but {of} has {len(names)} columns.")
    return names, found


def _refuse_bad_names(names: list[str]) -> None:
    for index, each in enumerate(names):
        if not each.isprintable():
            message = f"the name of column {index + 1}, {shown(each)}, has characters that cannot be printed."
            raise BadInput(message)


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
