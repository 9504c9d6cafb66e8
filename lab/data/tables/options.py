"""What a data block may say of a table."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from lab.data.options import WithClasses, WithSequences, WithValues
from lab.data.tables.columns import Asked
from lab.data.tables.delimited import Wishes
from lab.data.tables.encoding import AsText, Missing
from lab.data.tables.vocabulary import Split
from lab.errors import InvalidValue
from lab.validation import Settings, Whole


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


class AsColumn(Settings):
    """How a column becomes inputs, where a word does not say it."""

    embedding: Annotated[Whole, Field(ge=1, le=4096)] | None = None
    """of categories: each has so many learned numbers, a row of a table, in place of a feature of its own"""
    words: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    """of texts: each of so many words, the most frequent ones of the training examples, has a feature: how often it
    is there"""
    tf_idf: bool = False
    """with `words`: a word counts the less the more texts have it, and all words of a text together have length 1"""
    tokens: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None
    """of texts: each is a sequence of tokens, of which so many different ones are known, the most frequent ones of the
    training examples; all others are the same unknown one"""
    length: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    """with `tokens`: so many of a text are read, and shorter texts are filled up with padding behind their end, which
    layers leave out; without it, as many as the longest training text has"""
    min_count: Annotated[Whole, Field(ge=1, le=1_000_000)] = 2
    """with `tokens`: a token is known that is so often in the training examples; from 2 on, it sees unknown ones"""
    split: Split = "word"
    """with `tokens`: what a token is: a word, or a character"""
    truncating: Literal["post", "pre"] = "post"
    """with `tokens`: what is left out of a text that is longer: its end (post), or its beginning (pre)"""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(each is not None for each in (self.embedding, self.words, self.tokens)) != 1:
            raise ValueError(
                "say one of `{embedding: 8}`, for categories, and `{words: 1000}` or `{tokens: 5000, length: 100}`, "
                "for texts"
            )
        if self.tf_idf and self.words is None:
            raise ValueError("`tf_idf` goes with `words`: `{words: 1000, tf_idf: true}`")
        for name in ("length", "min_count", "split", "truncating"):
            if name in self.model_fields_set and self.tokens is None:
                raise ValueError(f"`{name}` goes with `tokens`: `{{tokens: 5000, length: 100}}`")
        return self

    @property
    def text(self) -> AsText | None:
        """How it is read as texts; None where it is not."""
        if self.embedding is not None:
            return None
        of_tokens = (self.tokens or 0, self.length or 0, self.min_count, self.split, self.truncating)
        return AsText(self.words or 0, self.tf_idf, *of_tokens)


def _shape(value: Any) -> Any:
    """Raises what is told of a word that needs a number."""
    if value in ("embedding", "embed"):
        raise ValueError("say how many numbers each category has, such as `{embedding: 8}`")
    if value in ("words", "text", "bag_of_words", "tf_idf", "tf-idf", "tfidf"):
        more = "" if value in ("words", "text", "bag_of_words") else ", tf_idf: true"
        raise ValueError(
            f"say how many words have a feature, the most frequent ones, such as `{{words: 1000{more}}}`"
            "; `{tokens: 5000, length: 100}` reads them in their order"
        )
    if value in ("tokens", "sequence", "int", "multi_hot"):
        raise ValueError(
            "say how many different tokens are known, and how many of a text are read: `{tokens: 5000, length: 100}`"
        )
    return value


class TableOptions(WithClasses, WithValues, WithSequences):
    """What every table takes."""

    target: Name | list[Name]
    """name of the column that is to be predicted, or a list of several"""
    features: list[Name] | None = Field(default=None, min_length=1)
    """names of the columns to predict it from; without them all others"""
    columns: dict[Name, Annotated[Asked | AsColumn, BeforeValidator(_shape)]] = Field(default_factory=dict)
    """what columns are taken for instead of what they look like, or that they are left out (skip); `{embedding: 8}`: a
    category with many values, each of which has so many learned numbers; `{words: 1000}`: a text, whose words count;
    `{tokens: 5000, length: 100}`: a text as a sequence of tokens, for embedding and recurrent layers"""
    missing: Missing = "error"
    """missing values: leave the row out; fill in mean or median of the training examples; a feature that says so"""
    missing_marks: list[Name] | None = Field(default=None, min_length=1)
    """cells that mean that nothing is known, besides empty ones, NA and the like: [k.A., -999]"""
    kind: Literal["classes", "values", "labels"] | None = None
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
    validation_file: str | None = Field(default=None, min_length=1)
    """path of another table with the same columns, which is the validation"""
    split_by_time: Name | None = None
    """name of a column of dates or numbers: the last rows by it are held back, not rows drawn at random"""
    split_by_group: Name | None = None
    """name of a column: rows that have the same value in it stay together, in training or in validation"""
    series: Name | None = None
    """of sequences: name of the column that says of which series a row is (shop, sensor, patient), where the table has
    several; a sequence is rows of one of them, and the last rows of each are held back"""
    sheet: str | None = None
    """name of the sheet of an Excel file; without it the first one that is not empty"""

    @model_validator(mode="after")
    def _one_split(self) -> Self:
        if self.split_by_time and self.split_by_group:
            raise InvalidValue(("split_by_group",), "split_by_time and split_by_group exclude each other.")
        if self.validation_file and (self.validation > 0 or self.folds):
            message = "the validation is a file of its own or a part of this one, not both."
            raise InvalidValue(("validation_file",), message)
        named = "split_by_time" if self.split_by_time else "split_by_group" if self.split_by_group else ""
        needed = self.validation > 0 or (self.folds and named == "split_by_group") or self.sequence_length
        if named and not needed:
            raise InvalidValue((named,), "says how rows are held back, but none are: add `validation: 0.2`.")
        return self

    @model_validator(mode="after")
    def _sequences_have_no_holes(self) -> Self:
        if self.sequence_length is not None and self.missing == "drop":
            message = "a row left out makes neighbours of rows that are none: fill gaps in, with mean or median."
            raise InvalidValue(("missing",), message)
        if self.sequence_length is not None and self.split_by_group:
            message = (
                f"of sequences the last rows are held back, not whole groups: `series: {self.split_by_group}` keeps "
                "the rows of each apart, and holds back the last ones of each."
            )
            raise InvalidValue(("split_by_group",), message)
        if self.series and self.sequence_length is None:
            raise InvalidValue(("series",), "says which rows follow each other: add `sequence_length: 10`.")
        return self

    def asked(self, name: str) -> Asked | None:
        """What a column is to be taken for; None: for what it looks like."""
        given = self.columns.get(name)
        return "category" if isinstance(given, AsColumn) else given

    def embedding(self, name: str) -> int:
        """How many learned numbers each value of a column has; 0 where it has none."""
        given = self.columns.get(name)
        return given.embedding or 0 if isinstance(given, AsColumn) else 0

    def text(self, name: str) -> AsText | None:
        """How a column of texts is read; None where it is none."""
        given = self.columns.get(name)
        return given.text if isinstance(given, AsColumn) else None

    @property
    def wishes(self) -> Wishes:
        """What is said of how the file is written."""
        return Wishes(
            self.header, self.delimiter, self.decimal, self.encoding, self.comment, self.sheet, self.missing_marks
        )
