"""Options that are wrong are answered in sentences that show the value and say what is allowed."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator

from lab.errors import InvalidValue
from lab.validation import Real, Whole, chosen, shown, validated


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: Real = Field(default=0.1, gt=0, allow_inf_nan=False)
    decay: Real = 0.0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    units: Whole = Field(ge=1)
    batch: Whole | Literal["all"] = 32
    kind: Literal["classes", "values"] = "classes"
    shuffle: bool = True
    mark: str = Field("-", min_length=1)
    sizes: list[Whole] = []
    inner: Inner | str = Field(default_factory=Inner)
    names: dict[str, Inner] = {}

    @field_validator("shuffle")
    @classmethod
    def _elsewhere(cls, value: bool) -> bool:
        if not value:
            raise InvalidValue(("shuffle",), "shuffle cannot be off.")
        return value


CASES: list[tuple[dict[str, Any], tuple[str | int, ...], str]] = [
    ({"units": 0}, ("units",), "0 is not allowed here: it must be at least 1."),
    ({"units": 2.5}, ("units",), "2.5 is not allowed here: it must be a whole number."),
    ({"units": True}, ("units",), "true is not a number."),
    ({"units": None}, ("units",), "nothing is not allowed here: it must be a whole number."),
    ({"units": "many"}, ("units",), "'many' is not allowed here: it must be a whole number."),
    ({"units": float("inf")}, ("units",), "inf is not allowed here: it must be a finite number."),
    ({}, (), "the key 'units' is missing; it must be given."),
    ({"units": 1, "batch": "al"}, ("batch",), "'al' is not allowed here: it must be a whole number, or all."),
    (
        {"units": 1, "kind": "clases"},
        ("kind",),
        "unknown name 'clases'; did you mean classes? Allowed: classes, values.",
    ),
    ({"units": 1, "sizes": [1, "x"]}, ("sizes", 1), "'x' is not allowed here: it must be a whole number."),
    ({"units": 1, "sizes": 3}, ("sizes",), "3 is not allowed here: it must be a list."),
    ({"units": 1, "inner": {"rate": -1}}, ("inner", "rate"), "-1 is not allowed here: it must be more than 0."),
    ({"units": 1, "inner": 3}, ("inner",), "3 is not allowed here: it must be a block of `key: value`, or a text."),
    ({"units": 1, "names": {"a": 3}}, ("names", "a"), "3 is not allowed here: it must be a block of `key: value`."),
    ({"units": 1, "mark": ""}, ("mark",), "'' is not allowed here: it must be a text of at least 1 character."),
    ({"units": 1, "shuffle": False}, ("shuffle",), "shuffle cannot be off."),
]


@pytest.mark.parametrize(("raw", "path", "message"), CASES, ids=[case[2] for case in CASES])
def test_sentence_and_place(raw: dict[str, Any], path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        validated(Outer, raw, ("top",))
    assert caught.value.message == message
    assert caught.value.path == ("top", *path)
    assert not caught.value.at_key


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        ({"unit": 3}, ("unit",), "unknown key 'unit'; did you mean units?"),
        (
            {"units": 3, "inner": {"rat": 1}},
            ("inner", "rat"),
            "unknown key 'rat'; did you mean rate? Allowed: decay, rate",
        ),
        ({"units": 3, "names": {"a": {"x": 1}}}, ("names", "a", "x"), "unknown key 'x'; allowed: decay, rate."),
        ({"units": 3, "names": {4: {}}}, ("names", 4), "4 cannot be a key here."),
        ({"units": 3, 4: 5}, (4,), "4 cannot be a key here."),
    ],
)
def test_a_wrong_key_is_marked_as_such(raw: dict[Any, Any], path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        validated(Outer, raw)
    assert caught.value.message.startswith(message)
    assert caught.value.path == path
    assert caught.value.at_key


def test_numbers_as_yaml_writes_them() -> None:
    # YAML 1.1 reads 1e3 as a text.
    outer = validated(Outer, {"units": "1e3", "inner": {"rate": "1e-3"}})
    assert outer.units == 1000
    assert isinstance(outer.inner, Inner)
    assert outer.inner.rate == 0.001


def test_something_that_is_no_block() -> None:
    with pytest.raises(InvalidValue, match="it must be a block"):
        validated(Outer, "text")  # type: ignore[arg-type]  # what a scenario can contain


def test_long_and_nested_values_are_shortened() -> None:
    bomb: list[Any] = ["lol"]
    for _ in range(60):
        bomb = [bomb] * 9
    for value in ("x" * 10_000, 10**5000, bomb, {str(i): i for i in range(1000)}):
        assert len(shown(value)) < 250
    with pytest.raises(InvalidValue) as caught:
        validated(Outer, {"units": bomb})
    assert len(caught.value.message) < 300


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from([*Outer.model_fields, "rate", "x"]), anything) | anything)
def test_whatever_is_given_becomes_options_or_a_sentence(raw: Any) -> None:
    message = "."
    try:
        validated(Outer, raw)
    except InvalidValue as error:
        message = error.message
    assert message.endswith(".")
    assert "\n" not in message
    assert "pydantic" not in message


class Empty(BaseModel):
    model_config = ConfigDict(extra="forbid")


KINDS: dict[str, type[BaseModel]] = {"inner": Inner, "empty": Empty}


def test_a_name_alone_with_settings_or_with_the_first_one() -> None:
    assert chosen(KINDS, "inner", (), "thing") == Inner()
    assert chosen(KINDS, {"inner": None}, (), "thing") == Inner()
    assert chosen(KINDS, {"inner": {"decay": 2}}, (), "thing") == Inner(decay=2)
    assert chosen(KINDS, {"inner": 0.5}, (), "thing", first_alone=True) == Inner(rate=0.5)


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        (3, ("model", 1), "a thing is a name or a block with one name, not 3."),
        ({"inner": {}, "empty": {}}, ("model", 1), "a thing is a name or a block with one name"),
        ("iner", ("model", 1), "there is no thing 'iner'; did you mean inner?"),
        ({"iner": {}}, ("model", 1, "iner"), "there is no thing 'iner'; did you mean inner?"),
        ({"inner": 3}, ("model", 1, "inner"), "the settings of inner are a block of `key: value`, not 3."),
        ({"empty": 3}, ("model", 1, "empty"), "empty has no settings, but was given 3."),
        ({"inner": {"rate": -1}}, ("model", 1, "inner", "rate"), "-1"),
    ],
)
def test_a_name_that_is_wrong_is_answered_with_its_place(raw: Any, path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        chosen(KINDS, raw, ("model", 1), "thing")
    assert caught.value.path == path
    assert message in caught.value.message


def test_a_first_setting_that_stands_alone_has_the_place_of_the_name() -> None:
    with pytest.raises(InvalidValue) as caught:
        chosen(KINDS, {"inner": -1}, (), "thing", first_alone=True)
    assert caught.value.path == ("inner",)
