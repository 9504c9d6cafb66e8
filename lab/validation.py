"""pydantic's ValidationError → InvalidValue: one sentence about the first thing that is wrong, in our own words.

`validated` is what every part of the lab that reads options calls. `Whole` and `Real` are the number types to use in
options: they take what people write (`1e3` is a text to YAML 1.1) and refuse what only looks like a number (`true`).
"""

from __future__ import annotations

import ast
import inspect
import itertools
import math
import re
import reprlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetJsonSchemaHandler, ValidationError

from lab.errors import InvalidValue, Path, nearest
from lab.other_words import OwnKey

Model = TypeVar("Model", bound=BaseModel)

_SHORT = reprlib.Repr()  # bounded also for blocks that contain themselves, or each other a billion times
_SHORT.maxlevel, _SHORT.maxdict, _SHORT.maxlist, _SHORT.maxstring, _SHORT.maxother = 2, 3, 4, 60, 60

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def _number(value: Any) -> Any:
    """Numbers that YAML took for texts become numbers; booleans, which Python takes for numbers, do not."""
    if isinstance(value, bool):
        raise ValueError(f"{shown(value)} is not a number")
    if isinstance(value, str) and _NUMBER.fullmatch(value) and len(value) <= 100:
        return float(value)
    return value


NUMBER = BeforeValidator(_number)
"""For types of numbers with limits, as in `Annotated[float, Field(ge=0), NUMBER]`; behind the limits, so that the JSON
Schema has them."""

Whole = Annotated[int, NUMBER]
"""A whole number; `1e3` is one, `true` and `2.5` are not."""

Real = Annotated[float, NUMBER]
"""A number; add `Field(allow_inf_nan=False)` where it must be finite."""


class Settings(BaseModel):
    """Base of every block of a scenario. Unknown keys are errors, and nothing is changed once it is read.

    A text under a field is its description, as one in the field is. There are some two hundred such classes, of which a
    run needs few: what checks the values of one is built when the first value comes, and the texts are read from its
    source when somebody asks for the JSON Schema.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        content = handler(core_schema)
        properties = handler.resolve_ref_schema(content).get("properties", {})
        for name, text in _texts_under_fields(cls).items():
            if name in properties:
                properties[name].setdefault("description", text)
        return content


def _texts_under_fields(kind: type[BaseModel]) -> dict[str, str]:
    """The text under each field of a class and of its bases, by the field's name; a field with none is left out."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, Settings):
            found |= _own_texts(each)
    return found


@cache
def _own_texts(kind: type[Settings]) -> dict[str, str]:
    """The same of the class alone. It is kept: python reads the whole file to find a class in it."""
    found: dict[str, str] = {}
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    for above, below in itertools.pairwise(body.body):
        match above, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = inspect.cleandoc(text)
    return found


class MissingKey(InvalidValue):
    """A key that must be given is not there. path: the block in which it is missing."""

    def __init__(self, path: Path, message: str, key: str) -> None:
        self.key = key
        super().__init__(path, message)

    def under(self, *prefix: str | int) -> MissingKey:
        """The same error seen from further up."""
        return MissingKey((*prefix, *self.path), self.message, self.key)


def validated(model: type[Model], raw: Mapping[str, Any], path: Path = ()) -> Model:
    """`raw` as an instance of `model`. Raises InvalidValue, whose path begins with `path`, if it is not one.

    Of several faults the unknown keys come first, since a misspelt key is often the reason for the others. A validator
    of the model may raise ValueError with a whole sentence, or InvalidValue with a path relative to the model at the
    top.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _translated(model, raw, error).under(*path) from None
    except InvalidValue as error:
        raise error.under(*path) from None


def chosen(kinds: Mapping[str, type[Model]], given: Any, path: Path, noun: str, *, first_alone: bool = False) -> Model:
    """The one of `kinds` that a value of a scenario names, with its settings: `name`, or `{name: {key: value}}`.

    noun:        what such a thing is called in messages
    first_alone: the value of the first setting may stand alone, `{name: value}`
    Raises InvalidValue.
    """
    settings: Any = None
    if isinstance(given, str):
        name, place = given, path
    elif isinstance(given, Mapping) and len(given) == 1:
        ((name, settings),) = given.items()
        place = (*path, name)
    else:
        raise InvalidValue(path, f"a {noun} is a name or a block with one name, not {shown(given)}.")
    if name not in kinds:
        raise InvalidValue(place, f"there is no {noun} {name!r}; {nearest(name, kinds)}.", at_key=place != path)
    kind = kinds[name]
    if settings is None or isinstance(settings, Mapping):
        return validated(kind, settings or {}, place)
    fields = list(kind.model_fields)
    if not fields:
        raise InvalidValue(place, f"{name} has no settings, but was given {shown(settings)}.")
    if not first_alone:
        raise InvalidValue(place, f"the settings of {name} are a block of `key: value`, not {shown(settings)}.")
    try:
        return validated(kind, {fields[0]: settings}, place)
    except MissingKey:
        raise
    except InvalidValue as error:
        # `{dense: -3}` has no key of its own for the setting: the place is the value itself, or lies inside of it.
        inside = error.path[len(place) + 1 :]
        raise InvalidValue((*place, *inside), error.message, at_key=error.at_key and bool(inside)) from None


def shown(value: object) -> str:
    """A value as it would stand in the scenario, shortened if it is long.

    >>> shown(True), shown(None), shown("relu"), shown(0.5)
    ('true', 'nothing', "'relu'", '0.5')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= 10**20:
        return f"about {'-' if value < 0 else ''}1e{math.log10(abs(value)):.0f}"
    if isinstance(value, float):
        return f"{value:.15g}"
    return _SHORT.repr(value)


def _translated(model: type[BaseModel], raw: Any, error: ValidationError) -> InvalidValue:
    faults = error.errors(include_url=False)
    located = [(_real_path(raw, fault["loc"]), fault) for fault in faults]
    for path, fault in located:
        if fault["type"] == "extra_forbidden":
            allowed = _keys(model, fault["loc"][:-1])
            hint = nearest(path[-1], allowed)
            own_key = hint.key if isinstance(hint, OwnKey) and hint.key in allowed else ""
            return InvalidValue(path, f"unknown key {shown(path[-1])}; {hint}.", at_key=True, own_key=own_key)
        if fault["type"] == "invalid_key" or fault["loc"][-1:] == ("[key]",):
            return InvalidValue(path, f"{shown(fault['input'])} cannot be a key here.", at_key=True)
    # Each branch of a union has its say about the same value. The deepest went furthest towards what was meant.
    first = located[0][0]
    deepest = max((path for path, _ in located if path[: len(first)] == first), key=len)
    return _sentence(deepest, [fault for path, fault in located if path == deepest])


def _sentence(path: Path, faults: Sequence[Any]) -> InvalidValue:
    """One sentence about one value, of which each branch of a union (mostly there is just one) wanted something."""
    kind, value, context = faults[0]["type"], faults[0]["input"], faults[0].get("ctx", {})
    if kind == "missing":
        key = str(faults[0]["loc"][-1])
        return MissingKey(path, f"the key {shown(key)} is missing; it must be given.", key)
    for fault in faults:
        if fault["type"] in ("value_error", "assertion_error"):
            sentence = str(fault["ctx"]["error"])
            return InvalidValue(path, sentence if sentence.endswith((".", "!", "?")) else f"{sentence}.")
    if kind == "literal_error" and len(faults) == 1 and isinstance(value, str):
        return InvalidValue(path, f"unknown name {shown(value)}; {nearest(value, _literals(context))}.")
    wanted = dict.fromkeys(_wanted(fault["type"], fault.get("ctx", {})) for fault in faults)
    such = ""
    if isinstance(value, str) and "a block of `key: value`" in wanted:
        if path[-1:] in (("optimizer",), ("data",)):
            such = f", as in `{{name: {value}}}`"
        elif path[:1] == ("claims",) and len(path) == 2:
            such = ", as in `{says: What will be true., that: last(a.loss) < last(b.loss)}`"
    return InvalidValue(path, f"{shown(value)} is not allowed here: it must be {', or '.join(wanted)}{such}.")


_NATURES = {
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "string": "a text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a block of `key: value`",
    "model": "a block of `key: value`",
    "mapping": "a block of `key: value`",
    "dataclass": "a block of `key: value`",
    "none": "nothing",
    "finite": "a finite number",
}


_LIMITS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "string_too_short": "a text of at least {min_length} characters",
    "string_too_long": "a text of at most {max_length} characters",
    "string_pattern_mismatch": "a text of the form {pattern}",
}


def _wanted(kind: str, context: Mapping[str, Any]) -> str:
    """What would have been allowed, from the type and context of one of pydantic's errors."""
    if kind in _LIMITS:
        limits = _LIMITS[kind].format_map({name: shown(limit) for name, limit in context.items()})
        return limits.replace(" 1 characters", " 1 character")
    if kind == "literal_error":
        return " or ".join(_literals(context))
    return _NATURES.get(kind.split("_")[0], "something else")


def _literals(context: Mapping[str, Any]) -> list[str]:
    # pydantic tells them as one text: "'a', 'b' or 'c'".
    return [each.strip("'") for each in re.split(r", | or ", context["expected"])]


def _real_path(raw: Any, location: Sequence[str | int]) -> Path:
    """The part of pydantic's location that is in `raw`: without union branches, nor a key that is missing."""
    path: list[str | int] = []
    for part in location:
        within_block = isinstance(raw, Mapping) and part in raw
        if within_block or (isinstance(raw, list | tuple) and isinstance(part, int) and part < len(raw)):
            raw = raw[part]
            path.append(part)
    return tuple(path)


def _keys(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The keys that are known at `location` inside `model`."""
    models: list[type[BaseModel]] = [model]
    for part in location:
        inner = [
            found
            for each in models
            for name, field in each.model_fields.items()
            if part in (name, field.alias)
            for found in _models_in(field.annotation)
        ]
        models = inner or [each for each in models if each.__name__ == part] or models
    return [field.alias or name for each in models for name, field in each.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
