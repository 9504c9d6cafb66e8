"""The YAML reader: values as YAML 1.2 means them, places, and a sentence for everything that is refused."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lab.errors import BadInput
from lab.scenario.document import DEEPEST, Place, parse, parse_any


def refused(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        parse(text, "file.yaml")
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("-3", -3),
        ("007", 7),
        ("0x10", 16),
        ("0o17", 15),
        ("~", None),
        ("", None),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("no", "no"),
        ("y", "y"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("1:30", "1:30"),
        ("'1'", "1"),
        ('"true"', "true"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("٣", "٣"),
        ("+", "+"),
    ],
)
def test_words_mean_what_yaml_1_2_says(word, value):
    found = parse(f"key: {word}", "file.yaml").value["key"]
    assert found == value
    assert type(found) is type(value)


def test_nan_is_read_as_a_number_so_that_it_can_be_refused_by_name():
    assert math.isnan(parse("key: .nan", "file.yaml").value["key"])


def test_keys_are_always_text():
    assert parse("1: a\ntrue: b\n~: c", "file.yaml").value == {"1": "a", "true": "b", "~": "c"}


def test_every_key_and_value_has_its_place():
    document = parse("a: 1\nb:\n  - x\n  - {c: 'é', d: [2, 3]}\n", "file.yaml")
    assert document.place(("a",)) == Place(1, 4)
    assert document.place(("a",), at_key=True) == Place(1, 1)
    assert document.place(("b", 1, "d", 1)) == Place(4, 21)
    assert document.place(("b", 1, "d"), at_key=True) == Place(4, 14)


def test_what_is_missing_is_shown_at_the_key_of_the_block_in_which_it_should_be():
    document = parse("a: 1\ntrain:\n  steps: 3\n", "file.yaml")
    assert document.place(("train", "batch")) == Place(2, 1)
    assert document.place(("other",)) == Place(1, 1)


@pytest.mark.parametrize(
    "source",
    [
        "that: one two",
        "that: 'one two'",
        'that: "one two"',
        "that: >-\n  one\n  two",
        "that: |\n  one\n  two\n",
        "that: one\n  two",
        "# comment\nthat: >  # note\n\n  one\n\n  two",
    ],
)
def test_a_character_inside_a_text_is_found_however_the_text_is_written(source):
    document = parse(source, "file.yaml")
    offset = document.value["that"].index("two") + 1  # the w
    line, column = document.place_inside(("that",), offset)
    assert source.splitlines()[line - 1][column - 1 :].startswith("wo")


def test_the_end_of_a_text_has_a_place_too():
    assert parse("that: one  # more", "file.yaml").place_inside(("that",), 3) == Place(1, 10)


def test_escapes_fall_back_to_the_beginning_of_the_text():
    assert parse(r'that: "a\u0062c"', "file.yaml").place_inside(("that",), 2) == Place(1, 7)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: &x 1", "1:4", "anchors are not allowed"),
        ("a: &x [1]\nb: *x", "1:4", "anchors are not allowed"),
        ("a: *x", "1:4", "aliases are not allowed"),
        ("a: !!str 1", "1:4", "tags are not allowed"),
        ("a: !!python/object/apply:os.system [ls]", "1:4", "tags are not allowed"),
        ("a: 1\nb: 2\na: 3", "3:1", "`a` is there twice (first in line 1)"),
        ("a: {b: 1, b: 2}", "1:11", "`b` is there twice"),
        ("a: 1\n---\nb: 2", "2:1", "a second document"),
        ("? [a]\n: 1", "1:3", "a key must be a word"),
        ("- a\n- b", "1:1", "`key: value` lines"),
        ("just words", "1:1", "`key: value` lines"),
        ("42", "1:1", "`key: value` lines"),
        ("a:\n\t- b", "2:1", "not with tabs"),
        ("a: [1, 2\nb: 3", "2:2", "not valid YAML"),
        ("a: b: c", "1:5", "put quotes around"),
        ("a: @x", "1:4", "put quotes around a text that begins with @"),
        ("a: " + "9" * 5000, "1:4", "a number of 5,000 characters"),
        (r'a: "\e[31mred"', "1:4", "a control character"),
        (r'"a\r": 1', "1:1", "a control character"),
        ("a: 1\nb: \x01", "2:4", "a character that YAML does not allow"),
        ("[" * 500, f"1:{DEEPEST + 1}", f"more than {DEEPEST} levels"),
        ("- " * 100_000, f"1:{2 * DEEPEST + 1}", f"more than {DEEPEST} levels"),
        ("a: [" + "1," * 30_000 + "]", "1:40001", "more than 20,000 values"),
    ],
)
def test_refusals_name_the_place(text, place, words):
    message = refused(text)
    assert message.startswith(f"file.yaml:{place}: ")
    assert words in message


def test_an_abyss_is_refused_at_once_wherever_the_parser_gives_up():
    message = refused("[" * 100_000)
    assert message.startswith("file.yaml:1:")
    assert f"more than {DEEPEST} levels" in message


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_an_empty_file_is_called_empty(text):
    assert refused(text) == "file.yaml: the file is empty."


def test_a_yaml_bomb_is_refused_at_once():
    bomb = 'a: &a ["x","x"]\n' + "".join(f"{c}: &{c} [*{p},*{p},*{p}]\n" for p, c in pairwise("abcdefghi"))
    assert "anchors" in refused(bomb)


def test_half_of_a_surrogate_pair_is_not_text():
    assert "UTF-8" in refused("a: \ud800")


yaml_like = st.text(alphabet="ab:-[]{},&*!|>'\"#?%@`~ \n\t01.e\\", max_size=60)


@given(st.one_of(yaml_like, st.text(max_size=60)))
@settings(derandomize=True, max_examples=400, deadline=2000)
@example("? ")
@example("a: |\n")
@example("'")
@example("- - -")
@example("\ufeff")
@example("%YAML 3.0\n---\n")
def test_any_text_gives_a_value_or_a_sentence(text):
    try:
        document = parse_any(text, "file.yaml")
    except BadInput as error:
        assert "\n" not in str(error)  # noqa: PT017 - a text that is a value is fine, too
        return
    lines = len(text.split("\n")) + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029")
    for path, place in document.values.items():
        assert 1 <= place.line <= lines + 1
        value = document.at(path)
        if isinstance(value, str):
            for offset in range(len(value) + 1):
                document.place_inside(path, offset)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4)
)


@given(values)
@settings(derandomize=True, max_examples=150, deadline=None)
def test_what_another_yaml_writer_wrote_is_read_back(value):
    # JSON is YAML, except for its infinities and for control characters, which the strategy leaves out.
    assert parse_any(json.dumps(value, ensure_ascii=False), "file.yaml").value == value
