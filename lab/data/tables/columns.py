"""What each column of a table holds: numbers, yes and no, categories, dates; and how the cells become numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from lab.data.tables.raw import RawColumn
from lab.validation import shown

Kind = Literal["number", "boolean", "category", "date", "text", "empty"]
Asked = Literal["number", "boolean", "category", "date", "seconds", "year", "skip"]

MISSING = ("", "nan", "na", "n/a", "n.a.", "k.a.", "#n/a", "#nv", "<na>", "nat", "null", "none", "?", ".", "-", "--")
"""What stands for a missing number, in small letters."""

NO_TEXT = ("", "nan", "na", "n/a", "n.a.", "k.a.", "#n/a", "#nv", "<na>", "nat", "null", "?")
"""What stands for a missing text; `none` may well be a category."""

LONGEST_MARK = 20
"""A longer text is hardly a mark that says that nothing is known."""
LARGEST = float(np.finfo(np.float32).max)
MOST_CATEGORIES = 1000
FEW = 20
"""A text of which more than half of the rows have one of their own is a category only if it has at most so many."""

_PAIRS = (
    ("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"),
    # As Excel and people write them in other languages.
    ("falsch", "wahr"), ("faux", "vrai"), ("falso", "verdadero"), ("falso", "vero"), ("onwaar", "waar"),
    ("nein", "ja"), ("nee", "ja"), ("non", "oui"), ("no", "si"), ("no", "sí"),
)  # fmt: skip
_SLASHES = re.compile(
    r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})"
    r"(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:[ \u202f]?([ap])\.?m\.?)?)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?")


@dataclass(frozen=True, eq=False)
class Column:
    """A column that was understood.

    kind:    what its values are; text: so many different ones that they are no categories
    values:  float64 [rows], NaN where missing: numbers, 0 and 1 for booleans, seconds since 1970 for dates
    codes:   int64 [rows], -1 where missing: the places in `texts` of categories and texts
    texts:   categories, in the order in which they first come
    missing: bool [rows]
    fault:   why it cannot be used as it is, "" if it can
    order:   of dates, what comes first in them: year, day or month
    clock:   whether its numbers are hours since midnight, of cells such as 09:31
    unusable: what its cells are where they are no single values, such as "lists"
    """

    name: str
    kind: Kind
    values: np.ndarray
    codes: np.ndarray
    texts: tuple[str, ...]
    missing: np.ndarray
    fault: str = ""
    unnamed: bool = False
    order: str = ""
    clock: bool = False
    unusable: str = ""

    @property
    def distinct(self) -> int:
        """How many different values it has, missing ones apart."""
        if self.kind in ("category", "text"):
            return len(np.unique(self.codes[self.codes >= 0]))
        return len(np.unique(self.values[~self.missing]))

    @property
    def constant(self) -> bool:
        """Whether all its values are the same."""
        return self.kind != "empty" and self.distinct == 1 and len(self.missing) > 1

    @property
    def numbers_rows(self) -> bool:
        """Whether it counts the rows: each has the next whole number; or it names them, and has no name itself."""
        rows = len(self.missing)
        if rows < 3 or self.missing.any():
            return False
        if self.kind in ("category", "text"):
            return self.unnamed and self.distinct == rows
        if self.kind != "number" or (self.values != np.round(self.values)).any():
            return False
        return bool((np.diff(self.values) == 1).all()) or (self.unnamed and self.distinct == rows)

    def rows(self, kept: np.ndarray) -> Column:
        """The same column of some of the rows."""
        codes = self.codes[kept] if len(self.codes) else self.codes
        values = self.values[kept] if len(self.values) else self.values
        return replace(self, values=values, codes=codes, missing=self.missing[kept])


def texts_of(raw: RawColumn) -> list[str]:
    """What stands in each row of a column, as a name; of one that came as numbers, the numbers."""
    return raw.cells if raw.numbers is None else [_number_text(each) for each in raw.numbers.tolist()]


def without_name(raw: RawColumn) -> np.ndarray:
    """Which rows of a column name nothing: bool [rows]."""
    return np.array([text.lower() in NO_TEXT for text in texts_of(raw)], bool)


def parsed(cell: str) -> float | None:
    """The number in a cell, infinite if it is too large; None if there is none."""
    try:
        value = None if "_" in cell else float(cell)
    except ValueError:
        return None
    return None if value is None or math.isnan(value) else value


def understood(raw: RawColumn, where: Callable[[int], str], asked: Asked | None = None, order: str = "") -> Column:
    """What a column holds.

    where: the place of a row in words: "line 3"
    asked: what it is to be taken for, whatever it looks like
    order: what is known to come first in its dates
    """
    if raw.unusable:
        column = _faulty(raw, f"holds {raw.unusable}, but a cell must be one value")
        return replace(column, kind="text", unusable=raw.unusable)
    if raw.numbers is not None:
        column = _from_numbers(raw, raw.numbers, where)
        if asked == "category":
            return _categories(raw, [_number_text(each) for each in raw.numbers])
        wrong = asked in ("date", "seconds", "year") or (asked == "boolean" and not _is_binary(column))
        return replace(column, fault=f"column {shown(raw.name)} holds numbers, not {asked}s.") if wrong else column
    distinct = dict.fromkeys(raw.cells)
    if asked == "category":
        return _categories(raw, raw.cells)
    numbers = {cell: parsed(cell) for cell in distinct if cell.lower() not in MISSING}
    good = sum(value is not None for value in numbers.values())
    if not numbers and asked != "number":
        return _made(raw, "empty", np.full(len(raw.cells), np.nan))
    if asked in (None, "number") and not good and (hours := _hours(numbers)) is not None:
        return replace(_numbers(raw, hours, where, asked), clock=True)
    if asked == "number" or (asked is None and good * 2 > len(numbers)):
        return _numbers(raw, numbers, where, asked)
    if asked in (None, "boolean") and (found := _booleans(raw, distinct)) is not None:
        return found
    if asked == "boolean":
        if numbers and set(numbers.values()) <= {0.0, 1.0}:
            return _numbers(raw, numbers, where, "number")
        return _faulty(raw, "is not yes or no throughout")
    if asked in (None, "date", "seconds", "year"):
        found, ambiguous = _dates(raw, distinct, order)
        if found is not None:
            return found
        if asked is not None:
            return _faulty(raw, "is no date throughout (2024-12-31 or 31.12.2024 would be)")
        if ambiguous:
            return _faulty(raw, f"may be day/month or month/day ({shown(ambiguous)}): write dates as 2024-12-31")
    column = _categories(raw, raw.cells)
    count = column.distinct
    many = count > MOST_CATEGORIES or (count > FEW and count * 2 > np.count_nonzero(~column.missing))
    return replace(column, kind="text") if many else column


def _made(raw: RawColumn, kind: Kind, values: np.ndarray, fault: str = "") -> Column:
    codes = np.empty(0, np.int64)
    return Column(raw.name, kind, values, codes, (), np.isnan(values), fault, raw.unnamed)


def _from_numbers(raw: RawColumn, numbers: np.ndarray, where: Callable[[int], str]) -> Column:
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(np.abs(numbers) > LARGEST)
    fault = ""
    if len(bad):
        text = shown(f"{numbers[bad[0]]:g}")
        fault = f"{where(int(bad[0]))}, column {shown(raw.name)} is {text}, too large a number."
    kind: Kind = "empty" if np.isnan(numbers).all() else "number"
    return _made(raw, kind, numbers, fault)


def _numbers(
    raw: RawColumn, numbers: dict[str, float | None], where: Callable[[int], str], asked: str | None
) -> Column:
    for cell, value in numbers.items():
        if value is not None and abs(value) <= LARGEST:
            continue
        place = f"{where(raw.cells.index(cell))}, column {shown(raw.name)} is {shown(cell)},"
        if value is not None:
            return replace(_categories(raw, raw.cells), fault=f"{place} too large a number.")
        advice = "" if asked else f"; if the column holds categories, say `columns: {{{raw.name}: category}}`"
        if advice and len(cell) <= LONGEST_MARK:
            advice += f"; if this means that nothing is known, say `missing_marks: [{cell}]`"
        return replace(_categories(raw, raw.cells), fault=f"{place} not a number{advice}.")
    known = {cell: math.nan if value is None else value for cell, value in numbers.items()}
    values = np.array([known.get(cell, math.nan) for cell in raw.cells], np.float64)
    return _made(raw, "number", values)


def _hours(numbers: Mapping[str, float | None]) -> dict[str, float | None] | None:
    """The hours since midnight of each cell, if all are times of a day such as 09:31 or 23:59:59; else None."""
    found = {cell: _CLOCK.fullmatch(cell) for cell in numbers}
    if not all(found.values()):
        return None
    return {cell: int(time[1]) + int(time[2]) / 60 + float(time[3] or 0) / 3600 for cell, time in found.items() if time}


def _booleans(raw: RawColumn, distinct: dict[str, None]) -> Column | None:
    words = {cell: cell.lower() for cell in distinct if cell.lower() not in NO_TEXT}
    for pair in _PAIRS:
        if set(words.values()) <= set(pair):
            known = {cell: float(pair.index(word)) for cell, word in words.items()}
            return _made(raw, "boolean", np.array([known.get(cell, math.nan) for cell in raw.cells]))
    return None


def _categories(raw: RawColumn, cells: list[str]) -> Column:
    texts = tuple(cell for cell in dict.fromkeys(cells) if cell.lower() not in NO_TEXT)
    places = {text: place for place, text in enumerate(texts)}
    codes = np.array([places.get(cell, -1) for cell in cells], np.int64)
    return Column(raw.name, "category", np.empty(0), codes, texts, codes < 0, unnamed=raw.unnamed)


def _dates(raw: RawColumn, distinct: dict[str, None], order: str) -> tuple[Column | None, str]:
    """The column as dates; or None, and a date that may be two things."""
    cells = [cell for cell in distinct if cell.lower() not in NO_TEXT]
    if not cells:
        return None, ""
    read: dict[str, Callable[[str], datetime]] = {"": datetime.fromisoformat}
    if not re.match(r"\d{4}-\d\d-\d\d", cells[0]):
        parts = [_SLASHES.fullmatch(cell) for cell in cells]
        if not all(parts):
            return None, ""
        orders = [order] if order else ["year", "day", "month"]
        read = {each: _by(each) for each in orders}
    known, orders = [], []
    for first, each in read.items():
        try:
            known.append({cell: _seconds(each(cell)) for cell in cells})
            orders.append(first)
        except (ValueError, OverflowError):
            continue
    if len(known) > 1 and any(first != known[0] for first in known) and "." not in cells[0]:
        return None, next(cell for cell in cells if known[0][cell] != known[1][cell])
    if not known:
        return None, ""
    values = np.array([known[0].get(cell, math.nan) for cell in raw.cells])
    return replace(_made(raw, "date", values), order=orders[0]), ""


def _by(order: str) -> Callable[[str], datetime]:
    """Reads 31.12.2024, 31/12/2024, 12/31/2024 (order month) or 2024/12/31 (order year), and
    times of 24 hours or of 12 with AM and PM."""

    def read(cell: str) -> datetime:
        found = _SLASHES.fullmatch(cell)
        assert found is not None
        a, b, c = (int(found[place]) for place in (1, 2, 3))
        if (len(found[1]) == 4) != (order == "year") or (order != "year" and len(found[3]) not in (2, 4)):
            raise ValueError(cell)
        hour, minute, second = (int(found[place] or 0) for place in (4, 5, 6))
        if found[7]:
            if not 1 <= hour <= 12:
                raise ValueError(cell)
            hour = hour % 12 + 12 * (found[7].lower() == "p")
        if order == "year":
            return datetime(a, b, c, hour, minute, second)
        c += 0 if c > 99 else 2000 if c < 70 else 1900
        month, day = (b, a) if order == "day" else (a, b)
        return datetime(c, month, day, hour, minute, second)

    return read


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _faulty(raw: RawColumn, what: str) -> Column:
    return replace(_categories(raw, raw.cells), fault=f"column {shown(raw.name)} {what}.")


def _is_binary(column: Column) -> bool:
    return bool(np.isin(column.values[~column.missing], (0, 1)).all())


def _number_text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.15g}"
