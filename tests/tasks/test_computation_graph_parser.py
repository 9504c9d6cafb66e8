"""Formulas: what they are read as, and what is said about those that cannot be read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import InvalidValue
from lab.graph import evaluate
from lab.tasks.computation_graphs.computation_graph import BINARY, UNARY
from lab.tasks.computation_graphs.parser import FORMULAS, MOST_OPERATIONS, parse


def value(text: str, **inputs: float) -> float:
    graph = parse(text)
    names = list(graph.inputs)

    def formula(*tensors):
        return graph.build(dict(zip(names, tensors, strict=True)))[graph.result]

    return float(evaluate(formula, *(inputs[name] for name in names), dtype="float64", target="python")[0])


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("x + y * 2", 3 + 5 * 2),
        ("(x + y) * 2", 16),
        ("x - y - 1", 3 - 5 - 1),
        ("x / y / 2", 3 / 5 / 2),
        ("-x * y", -15),
        ("-x ** 2", -9),
        ("(-x) ** 2", 9),
        ("2 - -x", 5),
        ("1 / x", 1 / 3),
        ("-2 * x", -6),
        ("max(x, y) + min(x, 0.5)", 5.5),
        ("exp(-x) + log(y) + sqrt(y)", np.exp(-3) + np.log(5) + np.sqrt(5)),
        ("sigmoid(x) * tanh(y) + relu(-x) + abs(-y)", 1 / (1 + np.exp(-3)) * np.tanh(5) + 0 + 5),
        ("q = x + y; f = q * q", 64),
        ("q = x + y\nq * 1e1", 80),
        ("\n  q = x + y ;\n\n q ** 2 + q\n", 72),
        ("x / 1 + .5", 3.5),
    ],
)
def test_formulas_mean_what_they_mean_everywhere(text, right):
    assert value(text, x=3.0, y=5.0) == pytest.approx(right, rel=1e-12)


def test_gates_are_named_after_their_operation_or_by_the_formula():
    graph = parse("q = x * y; f = exp(q) + x * 2 + 1 / y")
    assert graph.inputs == ("x", "y")
    assert graph.constants == {"2": 2.0}
    names = [
        (operation.name, operation.function, operation.operands, operation.named) for operation in graph.operations
    ]
    assert names == [
        ("q", "multiply", ("x", "y"), True),
        ("exp1", "exp", ("q",), False),
        ("multiply1", "multiply", ("x", "2"), False),
        ("add1", "add", ("exp1", "multiply1"), False),
        ("reciprocal1", "reciprocal", ("y",), False),
        ("f", "add", ("add1", "reciprocal1"), True),
    ]
    assert graph.result == "f"
    assert graph.operations[0].label == "q: ×"
    assert graph.operations[4].label == "1/x"


def test_an_input_may_be_called_like_a_gate():
    graph = parse("add1 + x + y")
    assert graph.inputs == ("add1", "x", "y")
    assert [operation.name for operation in graph.operations] == ["add2", "add3"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "expected a number, a name or a function, not the end"),
        ("x +", "not the end"),
        ("x + y)", r"there is no \( for this \) \(at character 6 of the expression\)"),
        ("(x + y", r"expected \) for the \( at character 1"),
        ("x y", r"not `y` \(at character 3 of the expression\)"),
        ("x & y", r"'&' cannot stand here \(at character 3 of the expression\)"),
        ("x", "nothing to compute"),
        ("q = x; q + 1", "nothing to compute"),
        ("sine(x)", "there is no function `sine`; allowed: abs, add"),
        ("sigmid(x)", "did you mean sigmoid"),
        ("exp + x", "`exp` is a function: it needs parentheses"),
        ("max(x)", "takes 2 operands, not 1"),
        ("exp(x, y)", "takes 1 operand, not 2"),
        ("x ** 3", r"only `\*\* 2` is a gate"),
        ("2 * 3 + x", "write the result of numbers alone as a number"),
        ("exp(1) + x", "write the result of numbers alone as a number"),
        ("1e13 * x", "too large"),
        ("q = x + 1; q = x + 2", "`q` already stands for something else"),
        ("x + 1; x = 2 * y", "`x` already stands for something else"),
        ("exp = x + 1", "`exp` already stands for something else"),
        ("q = x + 1; x * 2", "q is computed but never used"),
        ("x + y; add1 * 2", "the name of a gate by now"),
        ("x = y = z + 1", "expected an operator or the end"),
        ("__import__('os')", "cannot stand here"),
        ("x.real", "cannot stand here"),
        ("(" * 60 + "x" + ")" * 60, f"nested more than {FORMULAS.deepest} levels"),
        ("-" * 200 + "x", f"nested more than {FORMULAS.deepest} levels"),
        ("x" + "+x" * 80, f"more than {MOST_OPERATIONS} gates"),
        ("x + " * 400 + "x", "at most 1,000"),
    ],
)
def test_what_cannot_be_read_is_explained(text, sentence):
    with pytest.raises(InvalidValue, match=sentence) as caught:
        parse(text, ("options", "expression"))
    assert caught.value.path == ("options", "expression")


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(alphabet="xyq1290.e+-*/()=;, \nmaxexp$", max_size=40))
def test_any_text_is_a_circuit_or_one_sentence(text):
    try:
        graph = parse(text)
    except InvalidValue:
        return
    known = {*graph.inputs, *graph.constants}
    for operation in graph.operations:
        assert operation.function in UNARY | BINARY
        assert set(operation.operands) <= known
        assert operation.name not in known
        known.add(operation.name)
