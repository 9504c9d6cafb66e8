"""From a slug or a file to a checked scenario and its variants, with the place of everything that may be wrong.

`--set` changes the scenario; a variant is a difference from the scenario, so what a variant sets itself stays. To
change a variant, set `variants.<name>.<path>`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from lab.errors import BadInput, InvalidValue, nearest
from lab.errors import Path as Place
from lab.scenario import document, listing
from lab.scenario.document import Document
from lab.scenario.expression import InvalidExpression
from lab.scenario.model import ONLY_VARIANT, Scenario
from lab.scenario.overrides import VARIED, change
from lab.scenario.source import read_text
from lab.validation import shown, validated


class Change(NamedTuple):
    """One override that was applied. source: its own place in the file, or, from outside, how to call it."""

    path: Place
    source: Place | str


@dataclass(frozen=True)
class Variant:
    """A scenario with one variant's differences applied."""

    name: str
    scenario: Scenario
    changes: tuple[Change, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Loaded:
    """A scenario file that was read and whose structure is right.

    scenario:  the file with the overrides applied, without those of any variant
    variants:  all variants, in the file's order; one called `base` if the file lists none
    path:      the file; slug: its name without folder and ending
    overrides: what was changed from outside, by dotted path
    """

    scenario: Scenario
    variants: tuple[Variant, ...]
    path: Path
    slug: str
    overrides: dict[str, Any]
    document: Document = field(repr=False)
    changes: tuple[Change, ...] = field(default=(), repr=False)
    content: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """The file as it is on disk."""
        return self.document.text

    @property
    def folder(self) -> Path:
        """The folder of the file, to which the paths in it are relative."""
        return self.path.parent

    def variant(self, name: str, extra: Mapping[str, Any] | None = None, origin: str = "--set") -> Variant:
        """One variant by name, with further overrides on top. Raises BadInput if there is none, or they are wrong."""
        known = self.scenario.variants or {ONLY_VARIANT: {}}
        if name not in known:
            raise BadInput(f"There is no variant {name!r} in {self.slug}: {nearest(name, known)}.")
        if not extra and self.variants:
            return next(each for each in self.variants if each.name == name)
        content, changes = dict(self.content), []
        for dotted, value in known[name].items():
            place: Place = ("variants", name, dotted)
            try:
                changes.append(Change(change(content, dotted, value, VARIED), place))
            except InvalidValue as error:
                raise self.locate(InvalidValue(place, error.message, at_key=True)) from None
        for dotted, value in (extra or {}).items():
            try:
                path = change(content, dotted, value, VARIED)
            except InvalidValue as error:
                raise BadInput(f"{origin} {error.message}") from None
            changes.append(Change(path, f"{origin} {dotted}"))
        variant = Variant(name, self.scenario, tuple(changes))
        try:
            return Variant(name, _checked(content), variant.changes)
        except InvalidValue as error:
            raise self.locate(error, variant) from None

    def choose(self, names: Iterable[str]) -> tuple[Variant, ...]:
        """Some of the variants, each once. Raises BadInput if one is unknown, or an override concerns none of them."""
        chosen = tuple(self.variant(name) for name in dict.fromkeys(names))
        self._refuse_idle_overrides(chosen)
        return chosen

    def locate(self, error: InvalidValue, variant: Variant | str | None = None) -> BadInput:
        """The same error with file, line and column, or with the name of the override that brought the value in.

        variant: the variant in which the value was found to be wrong, if it was one
        """
        if isinstance(variant, str):
            variant = next((each for each in self.variants if each.name == variant), None)
        path: Place | str = error.path
        in_difference = False
        if variant is not None and (inner := _source(error.path, variant.changes)) is not None:
            path, in_difference = inner, True
        if not isinstance(path, str) and (outer := _source(path, self.changes)) is not None:
            path = outer
        if isinstance(path, str):
            return BadInput(f"{path}: {error.message}")
        if isinstance(error, InvalidExpression):
            place = self.document.place_inside(path, error.offset)
        else:
            place = self.document.place(path, at_key=error.at_key)
        dotted = ".".join(str(part) for part in path)
        where = f" (in variant {variant.name})" if variant and len(self.variants) > 1 and not in_difference else ""
        separator = ": " if dotted else ""
        return BadInput(f"{self.document.name}:{place.line}:{place.column}: {dotted}{where}{separator}{error.message}")

    def _refuse_idle_overrides(self, variants: Iterable[Variant]) -> None:
        for override in self.changes:
            hiding = [any(override.path[: len(each.path)] == each.path for each in one.changes) for one in variants]
            if hiding and all(hiding):
                name = next(iter(variants)).name
                dotted = ".".join(map(str, override.path))
                raise BadInput(
                    f"{override.source}: this has no effect, since every variant that is run sets it itself; "
                    f"set variants.{name}.{dotted} to change one of them."
                )


def load(source: str | Path, overrides: Mapping[str, Any] | None = None, origin: str = "--set") -> Loaded:
    """Reads and checks a scenario.

    source:    the slug of a built-in scenario or a path
    overrides: values by dotted path, such as `{"optimizer.rate": 0.5}`
    origin:    what an override is called in messages
    Raises BadInput for everything that is wrong, with its place.
    """
    path = listing.locate(source)
    return load_text(read_text(path), path, overrides, origin)


def load_text(
    text: str,
    path: Path,
    overrides: Mapping[str, Any] | None = None,
    origin: str = "--set",
) -> Loaded:
    """`load` for a text that is already at hand, such as a kept run's; `path` says where it belongs."""
    read = document.parse(text, str(path))
    content, changes = dict(read.value), []
    given = dict(overrides or {})
    bare = Loaded(Scenario.model_construct(), (), path, path.stem, given, read)
    try:
        _checked(content)  # before the overrides, so that a fault is blamed on the file only if it is in the file
    except InvalidValue as error:
        raise bare.locate(error) from None
    for dotted, value in given.items():
        changes.append(Change(_applied(content, dotted, value, origin), f"{origin} {dotted}"))
    located = Loaded(bare.scenario, (), path, path.stem, given, read, tuple(changes), content)
    try:
        scenario = _checked(content)
        _check_claims(scenario)
    except InvalidValue as error:
        raise located.locate(error) from None
    base = Loaded(scenario, (), path, path.stem, given, read, located.changes, content)
    variants = tuple(base.variant(each) for each in scenario.variants or (ONLY_VARIANT,))
    loaded = Loaded(scenario, variants, path, path.stem, given, read, located.changes, content)
    loaded._refuse_idle_overrides(variants)
    return loaded


def _applied(content: dict[str, Any], dotted: str, value: Any, origin: str) -> Place:
    try:
        return change(content, dotted, value)
    except InvalidValue as error:
        raise BadInput(f"{origin} {error.message}") from None


def _checked(content: dict[str, Any]) -> Scenario:
    """Plain content as a Scenario. Raises InvalidValue."""
    _refuse_endless(content, ())
    return validated(Scenario, content)


def _refuse_endless(value: Any, path: Place) -> None:
    """No number in a scenario may be NaN or infinite, not even where only a task knows what it means."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValue(path, f"{shown(value)} is not allowed here: it must be a finite number.")
    if isinstance(value, dict):
        for key, each in value.items():
            _refuse_endless(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            _refuse_endless(each, (*path, number))


def _check_claims(scenario: Scenario) -> None:
    names = tuple(scenario.variants) or (ONLY_VARIANT,)
    for number, claim in enumerate(scenario.claims):
        try:
            claim.expression.check_variants(names)
        except InvalidExpression as error:
            raise error.under("claims", number, "that") from None


def _source(path: Place, changes: tuple[Change, ...]) -> Place | str | None:
    """Where the value at `path` came from, if one of the changes brought it in."""
    for path_changed, source in reversed(changes):
        length = len(path_changed)
        if path[:length] == path_changed:
            return source if isinstance(source, str) else (*source, *path[length:])
    return None
