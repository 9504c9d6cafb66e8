"""Errors that are sentences: what is wrong, where, and what to do about it.

Anything raised as a `LabError` reaches the person as one message on stderr and the exit code of its class; every
other exception is a bug in the lab.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from lab.other_words import in_other_words

Path = tuple[str | int, ...]
"""Where a value stands in a scenario: keys and list positions from the top, e.g. `("model", 0, "dense")`."""


class LabError(Exception):
    """Base of all errors that are meant for people; `exit_code` is what the command line returns."""

    exit_code = 1


class BadInput(LabError):
    """Something that was given cannot be used: a file, an option, a value."""

    exit_code = 2


class InvalidValue(BadInput):
    """A value inside a scenario is wrong. Whoever knows the file adds file, line and column.

    path:    where it stands, as keys from the top of the scenario (empty: the scenario as a whole)
    message: one sentence, without the place
    at_key:  the key itself is wrong (unknown name), not its value
    own_key: which key of the lab's the one that is wrong stands for, if it is another library's word; else ""
    """

    def __init__(self, path: Path, message: str, *, at_key: bool = False, own_key: str = "") -> None:
        self.path, self.message, self.at_key, self.own_key = tuple(path), message, at_key, own_key
        place = ".".join(str(part) for part in path)
        super().__init__(f"{place}: {message}" if place else message)

    def under(self, *prefix: str | int) -> InvalidValue:
        """The same error seen from further up: `prefix` is put before the path."""
        return InvalidValue((*prefix, *self.path), self.message, at_key=self.at_key, own_key=self.own_key)

    def without_place(self) -> BadInput:
        """The same error where there is no scenario in which anything could stand: its message as a sentence."""
        return BadInput(capitalised(self.message))


def capitalised(sentence: str) -> str:
    """A sentence with a capital letter at its beginning, unless a path or another name stands there, which has its own.

    >>> capitalised("there is no image."), capitalised("cats/1.png cannot be read.")
    ('There is no image.', 'cats/1.png cannot be read.')
    """
    first = sentence.split(" ", 1)[0].rstrip(".,:;")
    is_name = any(mark in first for mark in "/\\._")
    return sentence if is_name else f"{sentence[:1].upper()}{sentence[1:]}"


class DeviceMissing(LabError):
    """The device that was asked for is not there."""

    exit_code = 3


class MissingExtra(BadInput):
    """An optional dependency is needed and not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs an optional package: install it with `pip install 'backprop-lab[{extra}]'`.")


def nearest(name: object, allowed: Iterable[str]) -> str:
    """A hint for a name that is not known: the nearest one, if any is near, and all that are allowed; or, for a word of
    another library, how the lab says it.

    >>> nearest("relo", ["relu", "tanh"])
    'did you mean relu? Allowed: relu, tanh'
    """
    names = sorted(allowed)
    if told := in_other_words(str(name), names):
        return told
    alike = [each for each in names if each.casefold() == str(name).casefold()]  # Adam, ReLU
    close = alike or difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    listing = ", ".join(names) or "nothing"
    return f"did you mean {close[0]}? Allowed: {listing}" if close else f"allowed: {listing}"
