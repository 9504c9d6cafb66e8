"""`{csv: path, target: column}` and `{table: path, target: column}`: a table in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import Field

from lab.data.data import Data, Split
from lab.data.files import blamed_on, found
from lab.data.recipe import Recipe
from lab.data.registry import file_format
from lab.data.tables.frames import KEPT
from lab.data.tables.interpreting import Interpreter
from lab.data.tables.options import TableOptions
from lab.data.tables.plain import plain
from lab.data.tables.reading import MEMORY_PER_BYTE, as_asked, read


class CsvTable(TableOptions):
    """A table in a text file: the names of the columns in the first line, then one line per example.

    Separated by commas, semicolons, tabs, vertical bars or blanks; how numbers are written, encoding, compression,
    comments and an index column are found out, and told. Columns of numbers, of yes and no, of dates and of categories
    become inputs. A target of texts, or of at most 20 different whole numbers, is taken for classes. `lab data show`
    tells what is understood of a file.
    """

    csv: str = Field(min_length=1)
    """path of the file, relative to the scenario's folder"""


class Table(TableOptions):
    """A table in a file of any kind: CSV, Parquet, Arrow, Excel, ARFF, JSON or JSON lines, whatever its name says.

    The same as `csv`, which reads all of them too. Parquet, Arrow and Excel need `pip install 'backprop-lab[tables]'`.
    """

    table: str = Field(min_length=1)
    """path of the file, relative to the scenario's folder"""


@file_format("csv", CsvTable)
def csv_table(options: CsvTable, folder: Path) -> Data | Split:
    """Inputs [rows, features]; classes in the order of the alphabet or of their numbers."""
    return _table("csv", options.csv, options, folder)


@file_format("table", Table)
def table(options: Table, folder: Path) -> Data | Split:
    """Inputs [rows, features]; classes in the order of the alphabet or of their numbers."""
    return _table("table", options.table, options, folder)


def _table(key: str, given: str, options: TableOptions, folder: Path) -> Data | Split:
    data = _examples(key, given, options, folder)
    other = options.validation_file
    if other is None:
        return data
    path = found("validation_file", other, folder, MEMORY_PER_BYTE)
    with blamed_on("validation_file", other):
        numbers = data.table.written.get("numbers") if data.table is not None else None
        table = read(path, replace(options.wishes, numbers=numbers))
        return Split(data, Recipe.raw(data, options.missing).examples(table, path.name, data))


def _examples(key: str, given: str, options: TableOptions, folder: Path) -> Data:
    if given in KEPT:
        return Interpreter(as_asked(KEPT[given], options.wishes), options, key).data(given)
    path = found(key, given, folder, MEMORY_PER_BYTE)
    if (data := plain(path, options)) is not None:
        return data
    with blamed_on(key, given):
        return Interpreter(read(path, options.wishes), options, key).data(path.name)
