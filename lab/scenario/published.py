"""Published architectures: files in the language of scenarios that say what a network consists of, without data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from lab.errors import BadInput, InvalidValue
from lab.scenario.document import Document, parse
from lab.scenario.model import Block, Scenario
from lab.scenario.origins import Origins
from lab.scenario.source import read_text
from lab.validation import Settings, Whole, validated

FOLDER = Path(__file__).parent.parent / "architectures"
UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}
Quantity = Literal["parameters", "multiply_adds"]


class Figure(Settings):
    """A figure as somebody published it: a whole number, or one in words such as `3.8 G`."""

    parameters: str | None = None
    multiply_adds: str | None = None
    source: str = Field(min_length=1)

    @field_validator("parameters", "multiply_adds", mode="before")
    @classmethod
    def _in_words(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _one(self) -> Figure:
        if (self.parameters is None) == (self.multiply_adds is None):
            raise ValueError("a figure is that of parameters or of multiply_adds")
        if not re.fullmatch(r"\d+(\.\d+)?( [KMG])?", self.text):
            raise ValueError(f"{self.text!r} is not a figure such as 61706 or 3.8 G")
        return self

    @property
    def quantity(self) -> Quantity:
        return "parameters" if self.parameters is not None else "multiply_adds"

    @property
    def text(self) -> str:
        return str(self.parameters if self.parameters is not None else self.multiply_adds)

    def verdict(self, counted: int) -> str:
        """How a count stands to it: "equal", or by how much it differs."""
        number, _, unit = self.text.partition(" ")
        decimals = len(number.partition(".")[2])
        if round(counted / UNITS[unit], decimals) == float(number):
            return "equal" if not unit else "equal to the digits printed"
        return f"differs by {100 * (counted / (float(number) * UNITS[unit]) - 1):+.1f} %"


class Published(Settings):
    """One architecture."""

    title: str = Field(min_length=1)
    about: str = Field(min_length=1)
    notes: str = ""
    input: list[Whole] = Field(min_length=1, max_length=3)
    outputs: Whole = Field(ge=1)
    blocks: dict[str, Block] = Field(default_factory=dict)
    model: list[Annotated[Any, WithJsonSchema({})]] = Field(min_length=1)
    published: list[Figure] = Field(default_factory=list)

    _lists_are_blocks = field_validator("blocks", mode="before")(Scenario._lists_are_blocks.__func__)  # type: ignore[attr-defined]


def names() -> list[str]:
    """The names of all published architectures."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read(name: str) -> tuple[Published, Document]:
    """One of them, and its text, for errors. Raises BadInput if it is not what it should be."""
    path = FOLDER / f"{name}.yaml"
    document = parse(read_text(path), str(path))
    try:
        return validated(Published, document.value), document
    except InvalidValue as error:
        raise located(error, document) from None


def located(error: InvalidValue, document: Document) -> BadInput:
    """The error with file, line and column."""
    return Origins(document).locate(error)
