"""What a data block may say of a table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from lab.data.options import WithClasses, WithValues
from lab.data.tables.columns import Asked
from lab.data.tables.delimited import Wishes
from lab.data.tables.encoding import Missing


def _name(value: Any) -> Any:
    """Columns of a file without names are called by their numbers, which YAML reads as numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[
    str,
    Field(min_length=1),
    BeforeValidator(_name),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]}),
]
"""The name of a column, or its number."""


class TableOptions(WithClasses, WithValues):
    """What every table takes."""

    target: Name | list[Name]
    """name of the column that is to be predicted, or a list of several"""
    features: list[Name] | None = Field(default=None, min_length=1)
    """names of the columns to predict it from; without them all others"""
    columns: dict[Name, Asked] = Field(default_factory=dict)
    """what columns are taken for instead of what they look like, or that they are left out (skip)"""
    missing: Missing = "error"
    """missing values: leave the row out; fill in mean or median of the training examples; a feature that says so"""
    kind: Literal["classes", "values"] | None = None
    """what the target is, if it is not what it looks like"""
    header: bool | None = None
    """whether the first line has the names of the columns; without them they are called 1, 2, …"""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """what separates the cells; without it found out"""
    decimal: Literal[".", ","] | None = None
    """the decimal sign of numbers; without it found out"""
    encoding: str | None = None
    """of the text, such as latin-1; without it found out"""
    comment: str | None = Field(default=None, min_length=1)
    """what lines begin with that are comments; without it found out"""
    sheet: str | None = None
    """name of the sheet of an Excel file; without it the first one that is not empty"""

    @property
    def wishes(self) -> Wishes:
        """What is said of how the file is written."""
        return Wishes(self.header, self.delimiter, self.decimal, self.encoding, self.comment, self.sheet)
