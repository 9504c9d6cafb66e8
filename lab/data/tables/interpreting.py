"""A table and what the data block says of it become examples: which columns are used, and which rows."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from lab.data.data import Data, TableRead
from lab.data.tables.answers import NO_CLASS, from_cells, is_usable, no_number
from lab.data.tables.columns import MOST_CATEGORIES, Asked, Column, texts_of, understood, without_name
from lab.data.tables.encoding import ReadColumn, inputs_of, symbols_of, texts_read
from lab.data.tables.in_time import in_time, told_sequences
from lab.data.tables.leaks import leaks
from lab.data.tables.options import TableOptions
from lab.data.tables.raw import RawColumn, RawTable
from lab.data.tables.tokens import refuse_beside_tokens, told_text
from lab.data.targets import Targets, from_numbers
from lab.errors import InvalidValue, nearest
from lab.validation import shown

MOST_LISTED = 40


@dataclass(frozen=True)
class LeftOut:
    """A column that is not used, and why."""

    name: str
    why: str


class Interpreter:
    """Makes examples of a table. Raises InvalidValue with paths in the data block."""

    def __init__(self, table: RawTable, options: TableOptions, key: str) -> None:
        self._table, self._options, self._key = table, options, key
        self._names = [column.name for column in table.columns]
        self.left_out: list[LeftOut] = []

    def data(self, name: str) -> Data:
        """The examples. name: of the file, for what is told of it"""
        options = self._options
        given = options.target if isinstance(options.target, list) else [options.target]
        targets = [self._place(each, ("target",)) for each in given]
        for each in options.columns:
            self._place(each, ("columns", each))
        if not self._table.rows:
            raise InvalidValue((self._key,), f"{shown(name)} has names of columns but no examples.")
        places = self._features(targets)
        columns = [self._understood(place) for place in places]
        if options.features is None:
            columns = [column for column in columns if self._is_used(column, first=column.name == self._names[0])]
        for column in columns:
            if column.fault:
                raise InvalidValue((self._key,), column.fault)
        if not columns:
            raise InvalidValue((self._key,), f"no column is left to predict from{self._left_out()}.")
        kept = self._kept(columns, targets)
        order, series = self._order(kept), self._series(kept)
        if options.sequence_length is not None:
            kept, order, series = in_time(kept, order, series, self._where, options.split_by_time)
        columns = [column.rows(kept) for column in columns]
        kind, answers, classes = self._targets(targets, kept)
        how = tuple(
            ReadColumn.of(
                each, self._asked(each.name), options.missing, options.embedding(each.name), options.text(each.name)
            )
            for each in columns
        )
        refuse_beside_tokens(how, options)
        inputs, features = inputs_of(how, columns, len(kept))
        # A first line with sizes is no header, though nobody said so; rows to predict come without it.
        written = options.wishes.given | ({} if self._table.header else {"header": False})
        if (self._table.decimal, self._table.thousands) != (".", ""):
            written["numbers"] = [self._table.decimal, self._table.thousands]
        read = TableRead(
            how, tuple(given), written, tuple(self._names), self._table.place, self._time(), options.series
        )
        places = np.array(self._table.lines, np.int64)[kept]
        groups = self._groups(kept)
        data = Data(
            inputs, answers, kind, classes, features, exact=True, table=read, places=places, order=order, groups=groups,
            series=series, texts=texts_read(how, columns),
        )  # fmt: skip
        notices = [
            *self._table.notices,
            *self._notices(columns, len(kept), series),
            *leaks([each for each in columns if options.text(each.name) is None], kind, answers, given),
        ]
        return with_story(data, name, self._table.format, notices)

    def _place(self, name: str, path: tuple[str | int, ...]) -> int:
        return place_of(name, self._names, path)

    def _features(self, targets: list[int]) -> list[int]:
        options = self._options
        if options.features is None:
            skipped = {self._place(name, ("columns",)) for name, kind in options.columns.items() if kind == "skip"}
            self.left_out += [LeftOut(self._names[place], "as asked") for place in sorted(skipped)]
            apart = [] if options.sequence_length is not None else targets
            return [place for place in range(len(self._names)) if place not in apart and place not in skipped]
        # What a target was in earlier rows may be read.
        return chosen_features(options.features, self._names, [] if options.sequence_length is not None else targets)

    def _understood(self, place: int) -> Column:
        raw = self._table.columns[place]
        column = understood(raw, self._where, self._asked(raw.name))
        if self._options.text(raw.name) is not None:  # a text without words is one, too
            column = replace(column, kind="text", missing=np.zeros(self._table.rows, bool))
        return column

    def _asked(self, name: str) -> Asked | None:
        """What a column is to be taken for. One that names series does not measure anything, even if it has numbers."""
        return self._options.asked(name) or ("category" if name == self._options.series else None)

    def _where(self, row: int) -> str:
        return f"{self._table.place} {self._table.lines[row]:,}"

    def _is_used(self, column: Column, first: bool) -> bool:
        if column.name in self._options.columns:
            return True
        why = why_left_out(column, first)
        if column.name == self._options.series and column.distinct > MOST_CATEGORIES:
            why = f"it names {column.distinct:,} series"
        if why:
            self.left_out.append(LeftOut(column.name, why))
        return not why

    def _left_out(self) -> str:
        told = ", ".join(f"{each.name} ({each.why})" for each in self.left_out)
        return f"; left out: {told}" if told else ""

    def _kept(self, columns: list[Column], targets: list[int]) -> np.ndarray:
        """Which rows are used."""
        dropping = self._options.missing == "drop"
        missing = np.zeros(self._table.rows, bool)
        for place in targets:
            gone = self._without_target(self._table.columns[place])
            if gone.any() and not dropping:
                row = self._where(int(np.flatnonzero(gone)[0]))
                leave = "" if self._options.sequence_length else ", or leave such rows out with `missing: drop`"
                raise InvalidValue(
                    (self._key,),
                    f"the target {shown(self._names[place])} has no value in {_counted(int(gone.sum()), 'row')} "
                    f"({row}): fill it in{leave}.",
                )
            missing |= gone
        gaps = [column for column in columns if column.missing.any()]
        if gaps and self._options.missing == "error":
            raise InvalidValue((self._key,), self._told_missing(gaps))
        for column in gaps if dropping else ():
            missing |= column.missing
        kept = np.flatnonzero(~missing)
        if not len(kept):
            raise InvalidValue(("missing",), "every row has something missing: `drop` leaves none.")
        return kept

    def _told_missing(self, gaps: list[Column]) -> str:
        counts = [f"{shown(each.name)} ({int(each.missing.sum()):,})" for each in gaps[:MOST_LISTED]]
        more = f" and {len(gaps) - MOST_LISTED:,} more" if len(gaps) > MOST_LISTED else ""
        rows = [int(np.flatnonzero(each.missing)[0]) for each in gaps]
        return (
            f"values are missing in {', '.join(counts)}{more}, the first in {self._where(min(rows))}: say what to do "
            "with `missing:` (drop, mean, median or category), or leave columns out with "
            f"`columns: {{{gaps[0].name}: skip}}`."
        )

    def _without_target(self, raw: RawColumn) -> np.ndarray:
        if raw.numbers is not None:
            return np.isnan(raw.numbers)
        return np.array([cell.lower() in NO_CLASS for cell in raw.cells], bool)

    def _targets(self, places: list[int], kept: np.ndarray) -> Targets:
        options, path = self._options, ("target",)
        raws = [self._table.columns[place] for place in places]
        if len(raws) > 1:
            values = np.stack([self._target_numbers(raw, kept) for raw in raws], axis=1)
            kind, answers, classes = from_numbers(values, options.kind, path)
            return kind, answers, tuple(raw.name for raw in raws) if classes else ()
        raw = raws[0]
        if options.kind == "labels":
            values = self._target_numbers(raw, kept)
            if not np.isin(values, (0, 1)).all():
                raise InvalidValue(
                    path, f"{shown(raw.name)} is no label: it must be 0 or 1, or yes or no, in every row."
                )
            return "labels", values[:, None], (raw.name,)
        if raw.numbers is not None:
            return from_numbers(self._target_numbers(raw, kept), options.kind, path)
        cells = [raw.cells[row] for row in kept]
        texts = list(dict.fromkeys(cells))
        places_of = {text: place for place, text in enumerate(texts)}
        answers = np.array([places_of[cell] for cell in cells], np.int64)
        return from_cells(
            answers, texts, options.kind, raw.name, lambda place: self._where(int(kept[cells.index(texts[place])]))
        )

    def _order(self, kept: np.ndarray) -> np.ndarray | None:
        """The time of each row kept, if they are to be split by it."""
        name, path = self._options.split_by_time, ("split_by_time",)
        if name is None:
            return None
        column = self._understood(self._place(name, path))
        if column.kind not in ("number", "date") or column.fault or column.missing[kept].any():
            raise InvalidValue(path, f"{shown(name)} must have a date or a number in every row.")
        return column.values[kept]

    def _time(self) -> ReadColumn | None:
        """How the times of other rows are read, which are to be put in order in the same way."""
        name = self._options.split_by_time
        if name is None or self._options.sequence_length is None:
            return None
        column = self._understood(self._place(name, ("split_by_time",)))
        return ReadColumn.of(column, self._options.asked(name), self._options.missing)

    def _series(self, kept: np.ndarray) -> np.ndarray | None:
        """Of which series each row kept is, if the table has several: str [rows]."""
        name, path = self._options.series, ("series",)
        if name is None:
            return None
        raw = self._table.columns[self._place(name, path)]
        if len(gone := kept[without_name(raw)[kept]]):
            raise InvalidValue(path, f"{shown(name)} names no series in {self._where(int(gone[0]))}: fill it in.")
        return np.array(texts_of(raw))[kept]

    def _groups(self, kept: np.ndarray) -> np.ndarray | None:
        """The number of each kept row's group, if they are to stay together."""
        name = self._options.split_by_group
        if name is None:
            return None
        raw = self._table.columns[self._place(name, ("split_by_group",))]
        values = raw.numbers if raw.numbers is not None else np.array(raw.cells, dtype=str)
        return np.asarray(np.unique(values[kept], return_inverse=True)[1], np.int64)

    def _target_numbers(self, raw: RawColumn, kept: np.ndarray) -> np.ndarray:
        """The numbers of a target, those of yes and no too, [rows kept]."""
        column = understood(raw, self._where)
        if column.kind not in ("number", "boolean") or column.fault:
            bad = next((row for row in kept.tolist() if raw.cells and not is_usable(raw.cells[row])), int(kept[0]))
            text = raw.cells[bad] if raw.cells else f"{column.values[bad]:g}"
            raise no_number(self._where(bad), raw.name, text)
        return column.values[kept]

    def _notices(self, columns: Sequence[Column], rows: int, series: np.ndarray | None) -> list[str]:
        told, width = [], self._options.embedding
        if self.left_out:
            told.append("Left out: " + ", ".join(f"{each.name} ({each.why})" for each in self.left_out) + ".")
        if gone := self._table.rows - rows:
            told.append(f"{_counted(gone, 'row')} with missing values {'is' if gone == 1 else 'are'} left out.")
        elif filled := [column for column in columns if column.missing.any() and not width(column.name)]:
            what = {"mean": "the mean of the training examples", "median": "their median"}.get(
                self._options.missing, "the mean of the training examples, and a feature of its own says where"
            )
            counts = ", ".join(f"{each.name} ({int(each.missing.sum()):,})" for each in filled[:MOST_LISTED])
            told.append(f"Missing values of {counts} are filled in: {what}.")
        wide = [
            f"{each.name} ({len(each.texts):,})"
            for each in columns
            if each.texts and each.kind != "text" and not width(each.name)
        ]
        if wide:
            told.append(f"Categories have a feature each: {_listed(wide)}.")
        looked_up = [
            f"{each.name} ({len(each.texts):,}: {width(each.name)} each)" for each in columns if width(each.name)
        ]
        told += [told_text(each, text) for each in columns if (text := self._options.text(each.name)) is not None]
        if looked_up:
            told.append(f"Categories have learned numbers: {_listed(looked_up)}.")
        for column in columns:
            if column.kind == "date":
                told.append(self._told_date(column))
            if column.clock:
                told.append(f"{column.name} is hours since midnight.")
        if self._options.sequences is not None:
            told += told_sequences(self._options.sequences, self._options, series)
        return told + suspicions(columns)

    def _told_date(self, column: Column) -> str:
        asked = self._options.asked(column.name)
        if asked == "year":
            return f"{column.name} is the year."
        first = datetime.fromtimestamp(float(np.nanmin(column.values)), UTC)
        return f"{column.name} is {'seconds' if asked == 'seconds' else 'days'} since {first:%Y-%m-%d}."


def why_left_out(column: Column, first: bool) -> str:
    """Why a column is not used unless it is asked for, "" if it is: it only names or numbers the rows, is empty, …"""
    if column.unnamed and first and column.numbers_rows:
        return "it has no name and numbers the rows" if column.kind == "number" else "it has no name and names the rows"
    if column.unusable:
        return column.unusable
    if column.kind == "empty":
        return "empty"
    if column.kind == "text":
        several = sum(text.strip().count(" ") > 1 for text in column.texts[:100]) * 2 > len(column.texts[:100])
        way = f"; `columns: {{{column.name}: {{words: 1000}}}}` counts their words" if several else ""
        return f"{column.distinct:,} different texts{way}"
    if column.kind == "category" and column.distinct == 1 and not column.missing.any() and not column.fault:
        return f"always {shown(column.texts[0])}"
    return ""


def suspicions(columns: Sequence[Column]) -> list[str]:
    """What may be wrong with columns that are used: they say nothing, or too much."""
    constant = [column.name for column in columns if column.constant and column.kind != "category"]
    counting = [column.name for column in columns if column.numbers_rows and column.kind == "number"]
    told = []
    if constant:
        told.append(f"{_listed(constant)} {'has' if len(constant) == 1 else 'have'} the same value in every row.")
    for each in counting[:3]:
        told.append(f"{each} numbers the rows: `columns: {{{each}: skip}}` leaves it out.")
    return told


def numbers_as_columns(names: Sequence[str], inputs: np.ndarray) -> list[Column]:
    """Columns that are known to be numbers, [rows, columns], without gaps."""
    return [
        Column(name, "number", inputs[:, place], np.empty(0, np.int64), (), np.zeros(len(inputs), bool))
        for place, name in enumerate(names)
    ]


def with_story(data: Data, name: str, format_: str, notices: Sequence[str]) -> Data:
    """The data, with sentences on what was read."""
    if data.kind == "values":
        what = "values" if data.outputs == 1 else f"{data.outputs:,} values each"
        low, high = (f"{number:.6g}" for number in (data.targets.min(), data.targets.max()))
        told = f"targets are {what} from {low} to {high}"
    else:
        kind = data.kind if len(data.classes) != 1 else {"classes": "class", "labels": "label"}[data.kind]
        told = f"{len(data.classes):,} {kind}: {_listed(list(data.classes))}"
    features = _counted(len(data.features), "feature")
    if data.table is not None and (texts := [each.name for each in data.table.columns if each.words]):
        features += f" and the words of {_listed(texts)}"
    if data.table is not None and symbols_of(data.table.columns):
        features = f"the tokens of {data.table.columns[0].name}"
    return replace(data, story=(f"{name}: {format_}; {_counted(data.count, 'row')}, {features}, {told}.", *notices))


def place_of(name: str, names: list[str], path: tuple[str | int, ...]) -> int:
    """Where a column stands. Raises InvalidValue at `path` if there is none of this name."""
    if name not in names:
        # All names of a short table, but only the near ones of one with thousands of columns.
        close = difflib.get_close_matches(name, names, n=5)
        allowed = names if len(names) <= MOST_LISTED else close or names[:5]
        raise InvalidValue(path, f"there is no column {shown(name)}; {nearest(name, allowed)}.")
    return names.index(name)


def chosen_features(features: Sequence[str], names: list[str], targets: Sequence[int]) -> list[int]:
    """The places of the columns that are to be features. Raises InvalidValue."""
    chosen: list[int] = []
    for index, name in enumerate(features):
        place = place_of(name, names, ("features", index))
        if place in targets:
            raise InvalidValue(("features", index), f"{shown(name)} is the target: it cannot be a feature too.")
        if place in chosen:
            raise InvalidValue(("features", index), f"{shown(name)} is listed twice.")
        chosen.append(place)
    return chosen


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _listed(names: list[str]) -> str:
    shortest = [name if len(name) <= 30 else name[:29] + "…" for name in names[:8]]
    return ", ".join(shortest) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")
