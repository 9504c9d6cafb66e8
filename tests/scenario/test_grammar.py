"""The grammar of claims and formulas: Python's, without Python's keywords, and nothing too large gets to Python."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.scenario import InvalidExpression, grammar, parse
from lab.scenario.expression_reader import CLAIMS
from lab.scenario.grammar import Call, Chain, Name, Number, Prefix
from lab.tasks.computation_graphs.parser import FORMULAS


def shape(tree):
    """A tree without its places."""
    match tree:
        case Number():
            return tree.text
        case Name():
            return ".".join(tree.parts)
        case Call():
            return (tree.function, *map(shape, tree.arguments))
        case Prefix():
            return (tree.sign, shape(tree.operand))
        case Chain():
            return (tree.signs, *map(shape, tree.operands))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("1 - 2 + 3", (("-", "+"), "1", "2", "3")),
        ("1 - (2 + 3)", (("-",), "1", (("+",), "2", "3"))),
        ("1 - 2 * 3", (("-",), "1", (("*",), "2", "3"))),
        ("-2 ** -3 ** 4", ("-", (("**",), "2", ("-", (("**",), "3", "4"))))),
        ("1 < 2 == 3", (("<", "=="), "1", "2", "3")),
        ("not 1 < 2 and 3 or 4", (("or",), (("and",), ("not", (("<",), "1", "2")), "3"), "4")),
        ("f(a . b.c,\n (1))", ("f", "a.b.c", "1")),
        ("lambda.class.and + None(if.or)", (("+",), "lambda.class.and", ("None", "if.or"))),
        ("007 + 1. + .5e-3", (("+", "+"), "007", "1.", ".5e-3")),
    ],
)
def test_python_says_what_belongs_to_what(text, right):
    assert shape(grammar.parse(text, CLAIMS)) == right


def test_places_are_those_of_the_text():
    text = "  abs( -(lambda.x) )  <\n 10"
    tree = grammar.parse(text, CLAIMS)
    assert (tree.start, tree.end) == (2, len(text))
    call = tree.operands[0]
    assert text[call.start : call.end] == "abs( -(lambda.x) )"
    assert text[call.arguments[0].start :].startswith("-(")
    name = call.arguments[0].operand
    assert (text[name.start : name.end], str(name.following)) == ("lambda.x", "`)`")


def test_a_part_of_a_text_is_read_in_its_place():
    with pytest.raises(InvalidExpression, match=r"not the end of the line \(at character 9") as caught:
        grammar.parse("x * y; (\nz", FORMULAS, ("options",), 6, 8)
    assert (caught.value.offset, caught.value.path) == (8, ("options",))


HOSTILE = [
    *(opening * 10_000_000 for opening in ("(", "-", "9", "a.", "x ")),
    *(opening * 400 for opening in ("(", "-", "not ", "abs(", "((-", "9**", "a.", "1<", "not(")),
    "".join(f"{opening * 45}1{closing * 45}" for opening, closing in [("abs(", ")")]) + "(" * 45,
    "\0", "1\\\n", "a\ud800", "'x' * 9", "[1][0]", "{}", "lambda: 0", "a := 1", "a[0]", "f(*a)", "f(a=1)", "f'{a}'",
    "1 if 2 else 3", "1 if", "a if b", "1 in a", "a is b", "~1", "1 // 2", "1 % 2", "1 @ 2", "1_000", "0x10", "1j",
    "...", "(1, 2)", "(1,)", "f(1,)", "f(1)(2)", "a.b(1)", "(a).b", "1.e", "1 not", "1 + not 2",
    "await x", "yield 1", "# 1", "__import__('os').system('true')", "().__class__", "1;2", "x = 1", "é", "１",
]  # fmt: skip


@pytest.mark.parametrize("language", [CLAIMS, FORMULAS], ids=["claims", "formulas"])
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: f"{text[:12]!r}-{len(text)}")
def test_what_is_not_in_the_language_is_one_error(text, language):
    with pytest.raises(InvalidExpression) as caught:
        grammar.parse(text, language)
    assert len(str(caught.value)) < 300
    line, caret = caught.value.pointer().splitlines()
    assert caret.index("^") <= len(line) <= language.longest + 1


@pytest.mark.parametrize("text", ["9**9**9 > 1", "-" * 50 + "1", "+".join(["1"] * 1000), "(" * 50 + "1" + ")" * 50])
def test_what_is_large_but_allowed_is_read(text):
    assert parse(text).evaluate(lambda *_: ([], [])) is not None


WORDS = ["1", ".5", "9**", "a", "a.b", "lambda", "if", "and", "or", "not", "f(", "**", "==", ":="]
WORDS += [*"()<>=!+-*/,.;[]'\\\n"]


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)))
def test_any_text_is_a_tree_or_the_one_error(text):
    for language in (CLAIMS, FORMULAS):
        try:
            tree = grammar.parse(text, language)
        except InvalidExpression as refusal:
            places = (0, refusal.offset)
        else:
            places = (tree.start, tree.end - 1)
        assert 0 <= places[0] <= places[1] <= len(text)
