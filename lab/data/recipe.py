"""How examples that were never seen become inputs in the same way as those that were trained on: a `Recipe`.

It is kept with the weights of a run, as JSON, so that they can be used without the file that they were trained on.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lab.data.annotations.usual import usual_objects
from lab.data.data import Data, TableRead, TargetKind
from lab.data.examples import Examples
from lab.data.fitted import Fitted
from lab.data.gaps import without_gaps
from lab.data.sequences import Sequences
from lab.data.tables.columns import Column, texts_of, understood, without_name
from lab.data.tables.encoding import Missing, ReadColumn, cells_of, inputs_of
from lab.data.tables.raw import RawTable
from lab.data.tables.targets import targets_of
from lab.data.tables.vocabulary import words_in
from lab.data.target_scale import TargetScale
from lab.errors import BadInput
from lab.validation import shown

MOST_LISTED = 12


@dataclass(frozen=True, eq=False)
class Recipe:
    """What is done with examples before a network sees them.

    kind, classes: what is predicted; see `Data`
    shape:         of one example before it is prepared: (features,) or (height, width, channels); of sequences, of
                   one row
    table:         how the columns of a table are read; of data that never were in a table, its features are columns
    missing:       what was said of missing values
    fillers:       for each feature, float64, what stands for a value that is missing; None: nothing does
    steps:         what is done with the numbers, one after the other
    target_scale:  what is learned in place of the targets; None: these themselves
    usual:         of the training targets, float64 [outputs]: the share of each class or label, or the mean value; of
                   objects the share of each class, and then the mean box, as shares of the image
    sequences:     of which rows of a table an example is made, if it is more than one
    pixels:        whether each pixel of an image has a class of its own
    levels, ignored: of masks in files: what each class is there, and what pixels are that do not count
    """

    kind: TargetKind
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    table: TableRead | None
    missing: Missing
    fillers: np.ndarray | None
    steps: list[Fitted]
    target_scale: TargetScale | None
    outputs: int
    usual: np.ndarray
    sequences: Sequences | None = None
    pixels: bool = False
    levels: tuple[str, ...] = ()
    ignored: str | None = None

    @classmethod
    def of(
        cls,
        train: Data,
        missing: Missing,
        fillers: np.ndarray | None,
        steps: list[Fitted],
        target_scale: TargetScale | None,
    ) -> Recipe:
        """What was found out of the training examples, which are not prepared yet."""
        table = train.table
        if table is None and train.features:
            table = TableRead(tuple(map(ReadColumn, train.features)), (), {}, train.features)
        shape = tuple(train.inputs.shape[1:])
        if train.kind == "classes":
            counted = train.targets[train.targets >= 0]
            usual = np.bincount(counted, minlength=train.outputs) / max(1, counted.size)
        elif train.kind == "objects":
            usual = usual_objects(train)
        else:
            usual = train.targets.mean(axis=0, dtype=np.float64)
        return cls(
            train.kind, train.classes, shape, table, missing, fillers, steps, target_scale, train.outputs, usual,
            pixels=train.kind == "classes" and train.image_shape is not None and train.targets.ndim == 3,
            levels=train.levels, ignored=train.ignored,
        )  # fmt: skip

    @classmethod
    def raw(cls, train: Data, missing: Missing) -> Recipe:
        """How another table is read like the one of these examples, before anything is prepared; gaps stay gaps."""
        fillers = None if missing in ("error", "drop") else np.full(train.inputs.shape[1], np.nan)
        return cls.of(train, missing, fillers, [], None)

    def examples(self, table: RawTable, name: str, train: Data) -> Data:
        """The rows of another table with their targets, not prepared yet, like those of `train`. Raises BadInput."""
        inputs, kept, notices = self._read(table, name)
        targets = self.targets_of(table, name, kept)
        places = np.array(table.lines, np.int64)[kept]
        story = tuple(f"{name}: {each}" for each in notices)
        texts = None
        if self.table is not None and any(each.is_text for each in self.table.columns):
            named = {column.name: column for column in self._named(table).columns}
            columns = [understood(named[each.name], str, "category") for each in self.table.columns if each.is_text]
            texts = np.array([cells_of(each) for each in columns], dtype=object).T[kept]
        order = None if train.order is None else np.arange(len(kept), dtype=np.float64)
        series = self._series_of(table, kept)
        return replace(
            train,
            inputs=inputs,
            targets=targets,
            places=places,
            story=story,
            order=order,
            groups=None,
            series=series,
            texts=texts,
        )

    # Inputs

    def of_table(self, table: RawTable, name: str) -> Examples:
        """Inputs for the rows of another table. Raises BadInput if a column is missing, or holds something else."""
        inputs, kept, notices = self._read(table, name)
        lines, ready = np.array(table.lines, np.int64), self._prepared(inputs)
        series = self._series_of(table, kept)
        if self.sequences is not None:
            ends = self.sequences.ends(len(kept), series)
            if not len(ends):
                count = f"{len(kept):,} row{'' if len(kept) == 1 else 's'}"
                each = "" if series is None else " of one series"
                raise BadInput(
                    f"{shown(name)} has {count}, but this run reads {self.sequences.length:,} in a row{each}."
                )
            ready, kept = self.sequences.of(ready, ends), kept[ends]
            notices.append(self._told_sequences())
            if series is not None:
                notices += _told_short_series(series, ends)
                series = series[ends]
        return Examples(ready, kept, lines[kept], tuple(notices), series)

    def _series_of(self, table: RawTable, rows: np.ndarray) -> np.ndarray | None:
        """Of which series some rows are, str [rows]; None where there is but one."""
        if self.table is None or self.table.series is None:
            return None
        column = next(each for each in table.columns if each.name == self.table.series)
        return np.array(texts_of(column))[rows]

    def _told_sequences(self) -> str:
        assert self.sequences is not None
        length, later = self.sequences.length, self.sequences.later
        return f"{length:,} rows in a row are read; beside the last of them stands what is predicted for {later}."

    def _read(self, table: RawTable, name: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Inputs float64 [n, features] with gaps, which rows they are, and what was found out."""
        if self.table is None:
            raise BadInput(f"this run was trained on arrays of shape {list(self.shape)} without names, not on a table.")
        table = self._named(table)
        names = {column.name: column for column in table.columns}
        self._refuse_missing_columns(names, name)

        def where(row: int) -> str:
            return f"{table.place} {table.lines[row]:,}"

        notices: list[str] = []
        columns = []
        for how in self.table.columns:
            column = understood(names[how.name], where, how.taken_for, how.order)
            if column.fault:
                raise BadInput(f"{shown(name)} cannot be used like the data of the training: {column.fault}")
            if how.is_text:
                column = replace(column, missing=np.zeros(table.rows, bool))
                notices += _told_words(how, cells_of(column))
            columns.append(_with_known_texts(how, column, notices) if how.texts and not how.is_text else column)
        inputs, _ = inputs_of(self.table.columns, columns, table.rows)
        kept = self._kept(columns, table, where, name, notices)
        if (time := self.table.time) is not None:
            when = understood(names[time.name], where, time.taken_for, time.order)
            if when.kind not in ("number", "date") or when.fault or when.missing.any():
                raise BadInput(f"{shown(name)}: {shown(time.name)} must have a date or a number in every row.")
            kept = kept[np.argsort(when.values[kept], kind="stable")]
        if self.table.series is not None:
            if len(gone := kept[without_name(names[self.table.series])[kept]]):
                raise BadInput(f"{shown(name)}: {shown(self.table.series)} names no series in {where(int(gone[0]))}.")
            of_which = self._series_of(table, kept)
            assert of_which is not None
            kept = kept[np.argsort(of_which, kind="stable")]
        return inputs[kept], kept, notices

    def targets_of(self, table: RawTable, name: str, rows: np.ndarray) -> np.ndarray:
        """The targets of some rows, as `Data` holds them, in their own units. Raises BadInput."""
        assert self.table is not None
        assert self.kind != "objects"  # which are in no table
        return targets_of(self._named(table), self.table.target, self.kind, self.classes, rows, name)

    def of_array(self, array: np.ndarray) -> np.ndarray:
        """Inputs for examples [n, …] in the units of the data that was trained on. Raises BadInput."""
        try:
            values = np.asarray(array, np.float64)
        except (TypeError, ValueError):
            raise BadInput("the examples must be numbers, or a data frame whose columns have names.") from None
        if self.table is not None and any(each.texts or each.kind == "date" for each in self.table.columns):
            raise BadInput("this run was trained on texts or dates: give a data frame whose columns have names.")
        wanted = self.example_shape
        if len(wanted) == 3 and wanted[2] == 1 and values.ndim == 3:
            values = values[..., None]
        if values.ndim == 0 or values.shape[1:] != wanted:
            shape = ", ".join(["n", *map(str, wanted)])
            raise BadInput(f"the examples have shape {list(values.shape)}, but this run was trained on [{shape}].")
        if np.asarray(array).dtype == np.uint8 and len(wanted) == 3:
            values = values / 255
        bad = ~np.isfinite(values)
        if self.table is not None and self.fillers is not None and self.missing not in ("error", "drop"):
            bad = np.isinf(values)
        if bad.any():
            raise BadInput(f"example {int(np.argwhere(bad)[0][0]):,} (counted from 0) has a value that is not finite.")
        return self._prepared(values)

    def values(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs [n, outputs] for values in the units of the targets, float64."""
        return outputs.astype(np.float64) if self.target_scale is None else self.target_scale.values(outputs)

    def _prepared(self, inputs: np.ndarray) -> np.ndarray:
        if self.fillers is not None:
            inputs = without_gaps(inputs, self.fillers)
        if not self.steps:
            return inputs.astype(np.float32)
        flat = inputs.reshape(-1, math.prod(self.shape)).astype(np.float64)
        for step in self.steps:
            flat = step(flat)
        lead = inputs.shape[: inputs.ndim - len(self.shape)]
        return flat.reshape(*lead, *self._row_shape).astype(np.float32)

    @property
    def _row_shape(self) -> tuple[int, ...]:
        """Of one example, or one row of a sequence, once prepared: whitening makes a row of numbers of an image."""
        projections = [each.numbers for each in self.steps if each.operation == "project"]
        return (projections[-1].shape[1],) if projections else self.shape

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Of one example before it is prepared."""
        return self.shape if self.sequences is None else (self.sequences.length, *self.shape)

    @property
    def prepared_shape(self) -> tuple[int, ...]:
        """Of one example as the network sees it."""
        return self._row_shape if self.sequences is None else (self.sequences.length, *self._row_shape)

    def _named(self, table: RawTable) -> RawTable:
        """The table; if neither it nor the data of the training has names, and it has no targets, numbered as there."""
        assert self.table is not None
        names, targets = self.table.names, self.table.target
        without = [each for each in names if each not in targets]
        if self.table.written.get("header") is not False or table.header or len(table.columns) != len(without):
            return table
        renamed = [replace(column, name=name) for column, name in zip(table.columns, without, strict=True)]
        return replace(table, columns=tuple(renamed))

    def _refuse_missing_columns(self, names: dict[str, Any], name: str) -> None:
        assert self.table is not None
        needed = [*self.table.columns, *([self.table.time] if self.table.time is not None else [])]
        wanted = [each.name for each in needed] + ([self.table.series] if self.table.series is not None else [])
        gone = list(dict.fromkeys(each for each in wanted if each not in names))
        if not gone:
            return
        close = difflib.get_close_matches(gone[0], names, n=1)
        hint = f"; did you mean {shown(close[0])}?" if close and len(gone) == 1 else f"; it has {_listed(list(names))}."
        noun = "column" if len(gone) == 1 else "columns"
        raise BadInput(f"{shown(name)} has no {noun} {_listed(gone)}, which this run was trained on{hint}")

    def _kept(
        self,
        columns: list[Column],
        table: RawTable,
        where: Callable[[int], str],
        name: str,
        notices: list[str],
    ) -> np.ndarray:
        assert self.table is not None
        filled = self.missing not in ("error", "drop")
        # A gap in a column that is embedded has a row of its own, or none, like what was not there in training.
        lookup = {each.name for each in self.table.columns if each.embedding and (filled or each.says_missing)}
        gaps = [column for column in columns if column.missing.any() and column.name not in lookup]
        every = np.arange(table.rows)
        if not gaps:
            return every
        counts = ", ".join(f"{shown(each.name)} ({int(each.missing.sum()):,})" for each in gaps[:MOST_LISTED])
        if self.missing == "drop":
            gone = np.logical_or.reduce([each.missing for each in gaps])
            notices.append(f"Rows with missing values get no answer, as in training they were left out: {counts}.")
            return np.flatnonzero(~gone)
        if self.missing == "error" or self.fillers is None:
            first = min(int(np.flatnonzero(each.missing)[0]) for each in gaps)
            raise BadInput(
                f"{shown(name)} has missing values in {counts}, the first in {where(first)}, and this run was trained "
                "without any: fill them in, or train again with `missing: mean`."
            )
        what = "medians" if self.missing == "median" else "means"
        notices.append(f"Missing values are filled in with {what} of the training examples: {counts}.")
        return every


def _told_short_series(series: np.ndarray, ends: np.ndarray) -> list[str]:
    """A sentence on the series in which no row ends a sequence, if there are any."""
    short = sorted(set(series.tolist()) - set(series[ends].tolist()))
    what = "is too short and gets" if len(short) == 1 else "are too short and get"
    return [f"{_listed(short)} {what} no answer."] if short else []


def _told_words(how: ReadColumn, cells: list[str]) -> list[str]:
    """A sentence on texts without a word that counts, if there are any."""
    known = set(how.texts)
    read = how.read_of if how.tokens else words_in
    empty = sum(known.isdisjoint(read(cell)) for cell in cells) if known else 0
    if not empty:
        return []
    rows = "1 row has" if empty == 1 else f"{empty:,} rows have"
    noun, what = (how.split, "known") if how.tokens else ("word", "counted")
    return [f"{rows} no {noun} in {how.name} that was {what} in training."]


def _with_known_texts(how: ReadColumn, column: Column, notices: list[str]) -> Column:
    """The column with the numbers that its categories had in training; others get a number that no feature has."""
    known = {text: place for place, text in enumerate(how.texts)}
    places = np.array([known.get(text, len(known)) for text in column.texts], np.int64)
    codes = np.where(column.missing, -1, places[column.codes] if len(places) else -1)
    new = [text for text in column.texts if text not in known]
    if new:
        count = int((codes == len(known)).sum())
        rows = "1 row has" if count == 1 else f"{count:,} rows have"
        notices.append(
            f"{rows} a {how.name} that was not there in training ({_listed(new)}): it counts as none of the known ones."
        )
    return replace(column, codes=codes, texts=how.texts)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return ", ".join(shown(each) for each in names[:MOST_LISTED]) + more
