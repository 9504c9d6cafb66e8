"""Numbers with a unit in their cells, "$1,300.05" or "39.0%": the unit is taken off a whole column, and told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lab.data.tables.columns import MISSING

_UNITS = r"[$€£¥₹%‰]|USD|EUR|GBP|CHF"
_NUMBER = r"\d[\d.,'’ \u00a0\u202f]*(?:[eE][+-]?\d+)?|\.\d+"
_BEFORE = re.compile(rf"([+-]?)({_UNITS})[ \u00a0]?([+-]?)({_NUMBER})")
_AFTER = re.compile(rf"([+-]?)({_NUMBER}?)[ \u00a0]?({_UNITS})")
_GROUPING = ("$", "£", "¥", "₹", "USD", "GBP")
"""Currencies of countries that group thousands by commas."""
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_LOOKED_AT = 20
"""If none of so many cells has a unit, hardly any other has."""


def unit_of(cells: Iterable[str]) -> str:
    """The unit that most different cells of a column have beside a number; "" if there is none, or more than one."""
    units: set[str] = set()
    seen: set[str] = set()
    with_unit = 0
    for cell in cells:
        if cell in seen or cell.lower() in MISSING:
            continue
        seen.add(cell)
        if (split := _split(cell)) is not None:
            units.add(split[0])
            with_unit += 1
        if len(units) > 1 or (not units and len(seen) >= _LOOKED_AT):
            return ""
    return units.pop() if 2 * with_unit > len(seen) else ""


def without_units(columns: Sequence[Sequence[str]], names: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """The cells of all columns with their units taken off, and sentences on which ones were; -5 of "-$5" and "($5)"."""
    made, told = [], []
    for cells, name in zip(columns, names, strict=True):
        unit = unit_of(cells)
        if unit:
            known = {cell: _number(cell) for cell in set(cells)}
            if unit in _GROUPING:
                known = _without_groups(known)
            cells = [known[cell] for cell in cells]
            told.append(f"{name or 'a column without a name'} is in {unit}.")
        made.append(list(cells))
    return made, told


def _without_groups(known: dict[str, str]) -> dict[str, str]:
    """Amounts of money that group thousands by commas, "1,480" and "1,234.50", without these: no such amount has three
    decimals behind a comma. They stay as they are where any comma stands otherwise, as in "1.480,50"."""
    with_commas = [number for number in known.values() if "," in number]
    if not all(_THOUSANDS.fullmatch(number) for number in with_commas):
        return known
    return {cell: number.replace(",", "") for cell, number in known.items()}


def _number(cell: str) -> str:
    split = _split(cell)
    return cell if split is None else split[1]


def _split(cell: str) -> tuple[str, str] | None:
    """The unit in a cell, and its number as a text; None if it is no number with a unit."""
    inner, sign = cell, ""
    if cell.startswith("(") and cell.endswith(")"):  # as accountants write what is below zero
        inner, sign = cell[1:-1], "-"
    if found := _BEFORE.fullmatch(inner):
        signs, unit, number = found[1] + found[3], found[2], found[4]
    elif found := _AFTER.fullmatch(inner):
        signs, unit, number = found[1], found[3], found[2]
    else:
        return None
    if not number or len(sign + signs) > 1:
        return None
    return unit, sign + signs + number.rstrip(" \u00a0\u202f")
