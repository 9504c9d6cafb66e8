"""The claim language: what parses, what it is worth, what it says when it does not parse, and its evidence."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lab.scenario import InvalidExpression, parse, parse_claim

CURVES = {
    ("good", "loss", None): ([0, 10, 20, 30], [1.0986123, 0.5, 0.25, 0.125]),
    ("hot", "loss", None): ([0, 10, 20], [1.0986123, 40.0, math.nan]),
    ("hot", "dead_relu", "relu1"): ([0, 10], [0.1, 0.62109375]),
    ("hot", "rate", None): ([0, 10], [5.0, 5.0]),
    ("good", "accuracy", None): (np.array([0, 10, 20, 30]), np.array([0.3, 0.5, 0.8, 0.9], dtype=np.float32)),
    ("good", "output", "block1.dense2"): ([0], [-0.5]),
}


def lookup(variant, metric, layer):
    return CURVES.get((variant, metric, layer), ([], []))


def value(text):
    return parse(text).evaluate(lookup)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("16 / 4 / 2", 2),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("--1", 1),
        ("1e-3 + .5", 0.501),
        ("abs(-3)", 3),
        ("sqrt(16) + exp(0) + log(1)", 5),
        ("min(3, 1, 2) + max(3, 1, 2)", 4),
        ("first(good.accuracy)", pytest.approx(0.3)),
        ("last(good.loss)", 0.125),
        ("min(good.loss)", 0.125),
        ("max(good.loss)", 1.0986123),
        ("mean(good.loss)", pytest.approx(np.mean([1.0986123, 0.5, 0.25, 0.125]))),
        ("std(good.loss)", pytest.approx(np.std([1.0986123, 0.5, 0.25, 0.125]))),
        ("at(good.loss, 10)", 0.5),
        ("at(good.loss, 19)", 0.5),
        ("at(good.loss, steps_to(good.accuracy, 0.8))", 0.25),
        ("steps_to(good.loss, 0.3)", 20),
        ("steps_to(good.loss, 1.0986123)", 0),
        ("steps_to(good.accuracy, 0.5)", 10),
        ("steps_to(good.loss, 0.01)", math.inf),
        ("last(hot.dead_relu.relu1)", 0.62109375),
        ("last(good.output.block1.dense2)", -0.5),
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("log(0)", -math.inf),
        ("exp(1e9)", math.inf),
        ("10 ** 400", math.inf),
        ("max(hot.rate)", 5),
    ],
)
def test_numbers(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "0 / 0",
        "log(-1)",
        "sqrt(-1)",
        "(-8) ** 0.5",
        "last(hot.loss)",
        "mean(hot.loss)",
        "max(hot.loss)",
        "std(hot.loss)",
        "at(good.loss, 31)",
        "at(good.loss, -1)",
        "last(good.nothing)",
        "mean(good.nothing)",
        "min(good.nothing)",
        "steps_to(good.nothing, 1)",
    ],
)
def test_what_has_no_value_is_nan(text):
    assert math.isnan(value(text))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("1 < 2", True),
        ("1 < 2 < 3", True),
        ("1 < 2 > 3", False),
        ("0.9 < 1 <= 1 < 1.1", True),
        ("1 == 1 and 1 != 2", True),
        ("1 > 2 or 2 > 1", True),
        ("not 1 > 2", True),
        ("not not 1 < 2", True),
        ("1 < 2 and (1 > 2 or 2 > 1)", True),
        ("last(good.loss) < 0.2", True),
        # A comparison with NaN cannot be told, and no `not` and no `!=` makes it hold.
        ("last(hot.loss) < 1", False),
        ("not last(hot.loss) < 1", False),
        ("last(hot.loss) != 1", False),
        ("last(hot.loss) < 1 or 1 < 2", True),
        ("not (last(hot.loss) < 1 and 1 > 2)", True),
        ("not (last(hot.loss) < 1 and 1 < 2)", False),
    ],
)
def test_truths(text, held):
    assert value(text) is held


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("last(hot.dead_relu.relu1) > last(good.loss) + 0.2", "0.6211 > 0.125 + 0.2"),
        ("first( good.loss )>1", "1.099>1"),
        ("1 > last(good.loss)\n  and 2 > 1", "1 > 0.125 and 2 > 1"),
        ("steps_to(good.loss, 0.3) < 100", "20 < 100"),
        ("steps_to(good.loss, 0.01) < 100", "inf < 100 (good.loss never gets to 0.01)"),
        ("1 - last(good.output.block1.dense2) > 1", "1 - (-0.5) > 1"),
        ("last(hot.loss) < 1", "nan < 1 (last of hot.loss is not a number, so that this cannot hold)"),
        ("last(good.nothing) < 1", "nan < 1 (good.nothing was never measured, so that this cannot hold)"),
        ("at(hot.loss, 90) < 1", "nan < 1 (hot.loss was last measured at step 20, so that this cannot hold)"),
        ("min(last(good.loss), 1) < 1", "min(0.125, 1) < 1"),
        ("2 > 1", "2 > 1"),
    ],
)
def test_evidence_is_the_expression_with_the_numbers_put_in(text, evidence):
    assert parse(text).evidence(lookup) == evidence


@pytest.mark.parametrize(
    ("measured", "text", "evidence"),
    [
        (0.20004, "last(a.b) > 0.2", "0.20004 > 0.2"),
        (0.2 + 1e-12, "last(a.b) > 0.2", "0.20000000000100002 > 0.2"),
        (0.19996, "last(a.b) < 0.2", "0.19996 < 0.2"),
        (12345.678, "last(a.b) > 1", "12346 > 1"),
        (2000.0, "last(a.b) > 1", "2000 > 1"),
        (1.5e-7, "last(a.b) > 0", "1.5e-07 > 0"),
    ],
)
def test_evidence_is_rounded_but_never_until_it_is_untrue(measured, text, evidence):
    assert parse(text).evidence(lambda *_: ([0], [measured])) == evidence


@pytest.mark.parametrize(
    ("a", "b", "text", "evidence"),
    [
        (0.1629011, 0.1629074, "abs(last(a.x) - last(b.x)) < 0.001", "abs(0.162901 - 0.162907) < 0.001"),
        (0.1629011, 0.1629011, "abs(last(a.x) - last(b.x)) < 0.001", "abs(0.1629 - 0.1629) < 0.001"),
        (1.0, 1.0 + 1e-12, "abs(last(a.x) / last(b.x) - 1) < 0.01", "abs(1 / 1 - 1) < 0.01"),
        (12.3456, 12.3341, "last(a.x) - last(b.x) > 0.01", "12.3456 - 12.3341 > 0.01"),
        (0.62114, 0.04003, "last(a.x) > last(b.x) + 0.2", "0.6211 > 0.04003 + 0.2"),
    ],
)
def test_evidence_shows_how_far_two_numbers_are_apart(a, b, text, evidence):
    assert parse(text).evidence(lambda variant, *_: ([0], [a if variant == "a" else b])) == evidence


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
@settings(derandomize=True, max_examples=200, deadline=None)
@example(0.1, 0.1 + 1e-16, "<")
def test_evidence_read_as_a_claim_has_the_same_verdict(a, b, sign):
    expression = parse(f"last(a.x) {sign} last(b.x)")

    def measured(variant, metric, layer):
        return [0], [a if variant == "a" else b]

    evidence, _, _ = expression.evidence(measured).partition(" (a.x is ")  # what was counted is told in words
    assert parse(evidence).evaluate(lookup) == expression.evaluate(measured)


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("", 0, "the expression is empty"),
        ("   ", 3, "the expression is empty"),
        ("1 +", 3, "expected a number, a curve or a function, not the end"),
        ("1 2", 2, "expected an operator or the end, not `2`"),
        ("(1 < 2", 6, "expected ) for the ( at character 1, not the end"),
        ("1 < 2)", 5, "there is no ( for this )"),
        ("1 = 2", 2, "write `==` instead"),
        ("1 < 2 && 2 < 3", 6, "write `and` instead"),
        ("2 ^ 3", 2, "write `**` instead"),
        ("1 ≤ 2", 2, "write `<=` instead"),
        ("a$b", 1, "'$' is not part of the claim language"),
        ("good.loss < 1", 0, "good.loss is a whole curve; say which number of it, as in `last(good.loss)`"),
        ("good.loss", 0, "good.loss is a whole curve"),
        ("-good.loss", 1, "good.loss is a whole curve"),
        ("loss < 1", 0, "`loss` is not a number; a curve is written variant.metric"),
        ("last(good.)", 10, "expected the name of a metric after the dot"),
        ("last(good.loss.)", 15, "expected the name of a layer after the dot"),
        ("last < 1", 5, "expected ( after last"),
        ("lst(good.loss)", 0, "there is no function `lst`: did you mean last?"),
        ("last()", 0, "last needs a curve first"),
        ("last(1)", 5, "last needs a curve first"),
        ("last(good.loss, 1)", 0, "last is written last(curve)"),
        ("at(good.loss)", 0, "at is written at(curve, step)"),
        ("at(good.loss, 1 < 2)", 14, "expected a number here, not a comparison"),
        ("at(good.loss, good.loss)", 14, "good.loss is a whole curve"),
        ("min(1)", 0, "min is written min(curve) or min(a, b)"),
        ("min()", 0, "min is written min(curve) or min(a, b)"),
        ("abs(1, 2)", 0, "abs is written abs(x)"),
        ("abs(good.loss)", 4, "good.loss is a whole curve"),
        ("last(good.loss", 14, "expected , or ) in the arguments of last"),
        ("1 and 2 < 3", 0, "expected a comparison here, not a number"),
        ("(1 < 2) + 1", 1, "expected a number here, not a comparison"),
        ("(1 < 2) < 3", 1, "expected a number here, not a comparison"),
        ("not 1", 4, "expected a comparison here, not a number"),
        ("and", 0, "expected a number, a curve or a function, not `and`"),
        ("1e999", 0, "this number is too large"),
        ("(" * 60 + "1" + ")" * 60, 51, "nested more than 50 levels deep"),
        ("-" * 100 + "1", 51, "nested more than 50 levels deep"),
        ("not " * 100 + "1 < 2", 204, "nested more than 50 levels deep"),
        ("1" + "+1" * 2000, 2000, "at most 2,000 characters"),
    ],
)
def test_what_does_not_parse_is_explained_where_it_goes_wrong(text, offset, words):
    with pytest.raises(InvalidExpression) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.offset == offset
    assert caught.value.pointer().splitlines()[1] == " " * offset + "^"


def test_a_long_sum_is_no_deep_nesting():
    assert value("+".join(["1"] * 900)) == 900


def test_a_claim_must_hold_or_not():
    assert parse_claim("1 < 2").kind == "truth"
    with pytest.raises(InvalidExpression, match="must compare something"):
        parse_claim("last(good.loss)")


def test_names_lists_the_curves_in_the_order_of_the_text():
    names = parse("last(b.loss) > at(a.grad_norm.dense1, steps_to(c.loss, 1))").names()
    assert [(each.variant, each.metric, each.layer) for each in names] == [
        ("b", "loss", None),
        ("a", "grad_norm", "dense1"),
        ("c", "loss", None),
    ]


def test_unknown_variants_and_metrics_are_named_with_the_nearest():
    expression = parse("last(hut.loss) > 1")
    with pytest.raises(InvalidExpression, match=r"no variant 'hut': did you mean hot\?") as caught:
        expression.check_variants(["hot", "good"])
    assert caught.value.offset == 5
    with pytest.raises(InvalidExpression, match=r"no metric 'los' here: did you mean loss\?") as caught:
        parse("last(hot.los) > 1").check_metrics({"loss"})
    assert caught.value.offset == 9


def test_layers_are_checked_once_they_are_known():
    expression = parse("last(a.grad_norm.dense3) > 1")
    expression.check_metrics({"grad_norm"})
    with pytest.raises(InvalidExpression, match=r"not measured for a layer 'dense3': did you mean dense1\?"):
        expression.check_metrics({"a": {"grad_norm", "grad_norm.dense1"}})
    with pytest.raises(InvalidExpression, match="loss is not measured per layer"):
        parse("last(a.loss.dense1) > 1").check_metrics({"a": {"loss"}})
    with pytest.raises(InvalidExpression, match="grad_norm is measured per layer: add one of dense1"):
        parse("last(a.grad_norm) > 1").check_metrics({"a": {"grad_norm.dense1"}})


WORDS = [
    "1",
    ".5",
    "1e3",
    "a.loss",
    "a.b.c",
    "last",
    "min",
    "at",
    "abs",
    "and",
    "or",
    "not",
    *"()<>=!+-*/,.",
    "**",
    " ",
]


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
@settings(derandomize=True, max_examples=600, deadline=1000)
@example("\x1f")
@example("2 ** 1e9 ** 9")
@example("9" * 500)
@example("at(a.loss, 1/0) < 1")
def test_any_text_is_worth_something_or_refused(text):
    try:
        expression = parse(text)
    except InvalidExpression as error:
        line, caret = error.pointer().splitlines()
        assert caret.index("^") <= len(line)
        return
    result = expression.evaluate(lambda *_: ([0, 1], [0.5, -math.inf]))
    assert isinstance(result, bool if expression.kind == "truth" else float | int)
    assert expression.evidence(lookup)
