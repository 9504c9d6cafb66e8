"""What is told of one thing, and how docstrings are read for it."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it may be, what it is where nothing is said ("" where it must be given), what it does."""

    name: str
    allowed: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Example:
    """text: YAML or a command;  whole: it is a scenario file that runs as it stands;  about: what it is, in words"""

    text: str
    whole: bool = False
    about: str = "Example"


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that can be named.

    kind:       "layer", "metric", …;  name: as a scenario writes it
    paragraphs: what it is, the first of them in a sentence or two
    use:        how a scenario asks for it, on one line of YAML; "" where that is plain
    kernels:    names of the kernels that do it, the decisive one first
    lessons:    the slugs of the built-in lessons that use it, in the order in which one would learn
    """

    kind: str
    name: str
    paragraphs: tuple[str, ...]
    formula: str = ""
    unit: str = ""
    use: str = ""
    settings: tuple[Setting, ...] = ()
    example: Example | None = None
    kernels: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first sentence."""
        return first_sentence(self.paragraphs[0]) if self.paragraphs else ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A docstring, taken apart. host: on which data the example is tried, "" where any will do."""

    paragraphs: tuple[str, ...] = ()
    formula: str = ""
    papers: tuple[str, ...] = ()
    example: str = ""
    host: str = ""


_HEADED = re.compile(r"(Formula|Paper|Example(?: on (\w+))?): ")


def prose(thing: Any) -> Prose:
    """What a class or function says of itself."""
    paragraphs: list[str] = []
    told: dict[str, str] = {}
    host = ""
    own = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__  # not what a base class says
    for each in re.split(r"\n\s*\n", inspect.cleandoc(own or "")):
        text = " ".join(each.split())
        if (found := _HEADED.match(text)) is None:
            paragraphs.append(text)
            continue
        host = found[2] or host
        told[found[1].split()[0]] = text[found.end() :]
    papers = [each.strip().rstrip(".") for each in told.get("Paper", "").split("; ") if each]
    formula = told.get("Formula", "").removesuffix(".")
    return Prose(tuple(filter(None, paragraphs)), formula, tuple(papers), told.get("Example", "").strip("`"), host)


def first_sentence(text: str) -> str:
    """The first sentence of a paragraph.

    >>> first_sentence("A map per layer (He et al. 2015). It is large.")
    'A map per layer (He et al. 2015).'
    """
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        after = text[place + 1 : place + 3]
        if (
            sign == "."
            and depth <= 0
            and (not after or (after[0] == " " and (after[1:].isupper() or after[1:] == "`")))
        ):
            return text[: place + 1]
    return text


def sentence(text: str) -> str:
    """A phrase as a sentence: with a capital and a full stop."""
    text = " ".join(text.split())
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""
