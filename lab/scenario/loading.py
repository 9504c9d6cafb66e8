"""From a slug or a file to a checked scenario and its variants, with the place of everything that may be wrong.

`--set` changes the scenario; a variant is a difference from the scenario, so what a variant sets itself stays. To
change a variant, set `variants.<name>.<path>`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lab.errors import BadInput, InvalidValue, nearest
from lab.errors import Path as ValuePath
from lab.scenario import document, listing
from lab.scenario.choices import refuse_split
from lab.scenario.document import Document
from lab.scenario.grammar import InvalidExpression
from lab.scenario.measured import refuse_unknown
from lab.scenario.mending import Mends
from lab.scenario.model import ONLY_VARIANT, Scenario
from lab.scenario.origins import Change, Origins
from lab.scenario.overrides import VARIED, change
from lab.scenario.source import read_text
from lab.validation import shown, validated


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
    origins: Origins = field(repr=False)
    content: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The file as it is on disk."""
        return self.origins.document.text

    @property
    def folder(self) -> Path:
        """The folder of the file, to which the paths in it are relative."""
        return self.path.parent

    def variant(self, name: str, extra: Mapping[str, Any] | None = None, origin: str = "--set") -> Variant:
        """One variant by name, with further overrides on top. Raises BadInput if there is none, or they are wrong."""
        known = {each.name: each for each in self.variants}
        if name not in known:
            raise BadInput(f"There is no variant {name!r} in {self.slug}: {nearest(name, known)}.")
        return _variant(self.scenario, self.content, self.origins, name, extra, origin) if extra else known[name]

    def choose(self, names: Iterable[str]) -> tuple[Variant, ...]:
        """Some of the variants, each once. Raises BadInput if one is unknown, or an override concerns none of them."""
        chosen = tuple(self.variant(name) for name in dict.fromkeys(names))
        _refuse_idle(self.origins, chosen)
        return chosen

    def locate(self, error: InvalidValue, variant: Variant | str | None = None) -> BadInput:
        """The same error with file, line and column, or with the name of the override that brought the value in.

        variant: the variant in which the value was found to be wrong, if it was one
        """
        if isinstance(variant, str):
            variant = self.variant(variant)
        if variant is None:
            return self.origins.locate(error)
        # A variant without differences is the scenario itself: naming it would only mislead.
        note = f" (in variant {variant.name})" if variant.changes else ""
        return self.origins.locate(error, variant.changes, note)


def load(source: str | Path, overrides: Mapping[str, Any] | None = None, origin: str = "--set") -> Loaded:
    """Reads and checks a scenario.

    source:    the slug of a built-in scenario or a path
    overrides: values by dotted path, such as `{"optimizer.rate": 0.5}`
    origin:    what an override is called in messages
    Raises BadInput for everything that is wrong, with its place.
    """
    path = listing.locate(source)
    loaded = load_text(read_text(path), path, overrides, origin)
    try:
        refuse_split(loaded.origins.document)  # not in `load_text`: what is kept of an earlier run stays readable
    except InvalidValue as error:
        raise loaded.origins.locate(error) from None
    return loaded


def load_text(text: str, path: Path, overrides: Mapping[str, Any] | None = None, origin: str = "--set") -> Loaded:
    """`load` for a text that is already at hand, such as a kept run's; `path` says where it belongs."""
    return load_document(document.parse(text, str(path)), path, overrides, origin)


def load_document(
    parsed: Document,
    path: Path,
    overrides: Mapping[str, Any] | None = None,
    origin: str | ValuePath = "--set",
    mends: Mends = Mends(),  # noqa: B008 - it has no state
) -> Loaded:
    """`load_text` for a text that was parsed.

    origin: where in the file the overrides themselves stand, or what they are called
    mends:  what is put right or left out before
    """
    origins = Origins(parsed, mends=mends)
    content = mends.content(parsed)
    try:
        _checked(content)  # before the overrides, so that a fault is blamed on the file only if it is in the file
    except InvalidValue as error:
        raise origins.locate(error) from None
    given = dict(overrides or {})
    origins = replace(origins, changes=_applied(content, given, origin, origins))
    try:
        scenario = _checked(content)
        _check_claims(scenario)
        _check_measured(scenario)
        _check_tries(scenario)
    except InvalidValue as error:
        raise origins.locate(error) from None
    names = scenario.variants or (ONLY_VARIANT,)
    variants = tuple(_variant(scenario, content, origins, name) for name in names)
    _refuse_idle(origins, variants)
    return Loaded(scenario, variants, path, path.stem, given, origins, content)


def _applied(
    content: dict[str, Any],
    given: Mapping[str, Any],
    origin: str | ValuePath,
    origins: Origins,
    allowed: tuple[str, ...] | None = None,
) -> tuple[Change, ...]:
    """Applies overrides from outside, in place. Raises BadInput."""
    changes = []
    for dotted, value in given.items():
        source = f"{origin} {dotted}" if isinstance(origin, str) else (*origin, dotted)
        try:
            changes.append(Change(change(content, dotted, value, allowed), source))
        except InvalidValue as error:
            if isinstance(source, str):
                raise BadInput(f"{origin} {error.message}") from None
            raise origins.locate(InvalidValue(source, error.message, at_key=True)) from None
    return tuple(changes)


def _variant(
    base: Scenario,
    content: Mapping[str, Any],
    origins: Origins,
    name: str,
    extra: Mapping[str, Any] | None = None,
    origin: str = "--set",
) -> Variant:
    """One variant: the content with its differences, and then the extra overrides, on top. Raises BadInput."""
    own, changes = dict(content), []
    for dotted, value in base.variants.get(name, {}).items():
        place: ValuePath = ("variants", name, dotted)
        try:
            changes.append(Change(change(own, dotted, value, VARIED), place))
        except InvalidValue as error:
            raise origins.locate(InvalidValue(place, error.message, at_key=True)) from None
    changes += _applied(own, extra or {}, origin, origins, VARIED)
    try:
        scenario = _checked(own)
        if scenario.train.own_seeds != base.train.own_seeds:
            key = "seed" if scenario.train.seed != base.train.seed else "seeds"
            raise InvalidValue(("train", key), "every variant runs on the same seeds, so this cannot differ.")
    except InvalidValue as error:
        raise origins.locate(error, tuple(changes)) from None
    return Variant(name, scenario, tuple(changes))


def _checked(content: dict[str, Any]) -> Scenario:
    """Plain content as a Scenario. Raises InvalidValue."""
    _refuse_endless(content, ())
    return validated(Scenario, content)


def _refuse_endless(value: Any, path: ValuePath) -> None:
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
    """Whether every claim parses and speaks of variants that there are. Raises InvalidValue."""
    names = tuple(scenario.variants) or (ONLY_VARIANT,)
    for number, claim in enumerate(scenario.claims):
        try:
            claim.expression.check_variants(names)
        except InvalidExpression as error:
            raise error.under("claims", number, "that") from None


def _check_measured(scenario: Scenario) -> None:
    """Whether what is measured parses, and every text quotes only that. Raises InvalidValue."""
    names = tuple(scenario.variants) or (ONLY_VARIANT,)
    for name, each in scenario.measured.items():
        try:
            each.expression.check_variants(names)
        except InvalidExpression as error:
            raise error.under("measured", name, "value") from None
    refuse_unknown(scenario.lesson, scenario.measured, "lesson")
    refuse_unknown(scenario.idea, scenario.measured, "idea")
    if scenario.question is not None:
        refuse_unknown(scenario.question.because, scenario.measured, "question", "because")


def _check_tries(scenario: Scenario) -> None:
    """Whether what is to be tried next speaks of variants that there are. Raises InvalidValue."""
    names = tuple(scenario.variants) or (ONLY_VARIANT,)
    for number, each in enumerate(scenario.try_next):
        for place, variant in enumerate(each.only):
            if variant not in names:
                problem = f"there is no variant {variant!r}: {nearest(variant, names)}."
                raise InvalidValue(("try_next", number, "only", place), problem)


def _refuse_idle(origins: Origins, variants: tuple[Variant, ...]) -> None:
    """An override that every variant hides behind its own difference would do nothing, silently. Raises BadInput."""
    for path, source in origins.changes:
        if variants and all(any(path[: len(own.path)] == own.path for own in each.changes) for each in variants):
            dotted = ".".join(map(str, path))
            problem = (
                f"this has no effect, since every variant that is run sets it itself; "
                f"set variants.{variants[0].name}.{dotted} to change one of them."
            )
            if isinstance(source, str):
                raise BadInput(f"{source}: {problem}")
            raise origins.locate(InvalidValue(source, problem, at_key=True))
