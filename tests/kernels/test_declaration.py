"""What a kernel's declaration says of its extents: results follow from it, and what contradicts it is refused."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.declaration import ExtentError, parse
from kernels.language import kernel
from kernels.plan import ARENA, Row
from tests.kernels.running import Run, all_kernels

NAMES = ("a", "b", "c")


def texts(depth: int = 3) -> st.SearchStrategy[str]:
    """Texts of definitions, most of them with parentheses."""
    leaves = st.sampled_from(NAMES) | st.integers(0, 9).map(str)
    return st.recursive(
        leaves,
        lambda inner: (
            st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "/"]), inner).map("({0[0]}{0[1]}{0[2]})".format)
            | st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map("{0[0]}{0[1]}{0[2]}".format)
        ),
        max_leaves=2**depth,
    )


def right(text: str, numbers: dict[str, int]) -> Fraction | None:
    """What Python says of it, in fractions; None where a division, wherever it stands, is not allowed."""

    class Whole(Fraction):
        def __truediv__(self, other):
            value = Fraction(self) / Fraction(other)
            if value.denominator != 1:
                raise ZeroDivisionError
            return Whole(value)

        def __add__(self, other):
            return Whole(Fraction(self) + Fraction(other))

        def __sub__(self, other):
            return Whole(Fraction(self) - Fraction(other))

        def __mul__(self, other):
            return Whole(Fraction(self) * Fraction(other))

        def __floordiv__(self, other):
            return Whole(Fraction(self) // Fraction(other))

    try:
        wrapped = re.sub(r"\d+", r"Whole(\g<0>)", text)
        return eval(wrapped, {"Whole": Whole, **{name: Whole(each) for name, each in numbers.items()}})
    except ZeroDivisionError:
        return None


@given(texts(), st.fixed_dictionaries({name: st.integers(1, 40) for name in NAMES}))
def test_definitions_are_evaluated_exactly(text, numbers):
    declared = parse(f"x[a,b,c] -> y[I] I={text}")
    wanted = right(text, numbers)
    if wanted is None or wanted < 1:
        with pytest.raises(ExtentError, match="I = "):
            declared.derive(numbers, {})
    else:
        assert declared.derive(numbers, {}) == {**numbers, "I": wanted}


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 8))
def test_extents_of_a_convolution(H, P, stride):
    """As many places as a filter has that may be moved on by `stride` and stays inside."""
    declared = parse("x[H] weight[P] -> y[I] stride I=(H-P)//stride+1")
    places = len(range(0, H - P + 1, stride))
    if places:
        assert declared.derive({"H": H, "P": P}, {"stride": stride})["I"] == places
    else:
        with pytest.raises(ExtentError, match="must be at least 1"):
            declared.derive({"H": H, "P": P}, {"stride": stride})


def test_a_division_that_does_not_come_out_even():
    declared = parse("x[H] weight[P] -> y[I] stride I=(H-P)/stride+1")
    assert declared.derive({"H": 9, "P": 3}, {"stride": 2})["I"] == 4
    with pytest.raises(ExtentError, match=r"is not a whole number for H = 10, P = 3, stride = 2: 7 / 2 does not"):
        declared.derive({"H": 10, "P": 3}, {"stride": 2})
    with pytest.raises(ExtentError, match="divides by zero"):
        declared.derive({"H": 10, "P": 3}, {"stride": 0})


def test_definitions_in_any_order_and_with_some_extents_unknown():
    declared = parse("x[n] -> y[I,J] J=I+1 I=2*n")
    assert declared.derive({"n": 3}, {}) == {"n": 3, "I": 6, "J": 7}
    assert declared.derive({}, {}) == {}
    with pytest.raises(ExtentError, match=r"J is 8, but I\+1 is 7 for I = 6"):
        declared.derive({"n": 3, "J": 8}, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x[n] -> y[I] I=n**2", "may have names, whole numbers"),
        ("x[n] -> y[I] I=len(n)", "may have names, whole numbers"),
        ("x[n] -> y[I] I=n+0.5", "may have names, whole numbers"),
        ("x[n] -> y[I] I=n+True", "may have names, whole numbers"),
        ("x[n] -> y[I] I=n.real", "may have names, whole numbers"),
        ("x[n] -> y[I] I=n if n else 1", "may have|cannot read"),
        ("x[n] -> y[I] I=(n", r"cannot read 'I=\(n'"),
        ("x[n] -> y[I] I=", "cannot read 'I='"),
        ("x[n] -> y[I] I=m+1", "I is defined by m, no extent and no integer"),
        ("x[n] -> y[n] I=n+1", "I is defined, but no operand has this extent"),
        ("x[n] -> y[I] I=n I=n+1", "I is defined twice"),
        ("x[n] -> y[I,J] I=J+1 J=I-1", "I and J are defined by one another"),
        ("x[n] -> y[I] I=n" + "+1" * 200, "longer than 200 characters"),
        ("x[n] -> y{n}", r"cannot read 'y\{n\}'"),
    ],
)
def test_what_is_no_declaration(text, said):
    with pytest.raises(TypeError, match=said):
        parse(text)


@kernel("x[H] -> y[I] stride I=(H-1)//stride+1")
def every_so_many(x, y, stride, thread, threads):
    """y[i] = x[i stride]."""
    for i in range(thread, y.size, threads):
        y[i] = x[i * stride]


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_a_kernel_that_says_how_large_its_result_is(target):
    x = np.arange(10.0)
    run = Run(every_so_many, {"x": x}, {"H": 10, "I": 4}, {"stride": 3}, target=target)()
    np.testing.assert_array_equal(run["y"], x[::3])
    with pytest.raises(
        ExtentError, match=r"every_so_many: I is 5, but \(H-1\)//stride\+1 is 4 for H = 10, stride = 3\."
    ):
        Run(every_so_many, {"x": x}, {"H": 10, "I": 5}, {"stride": 3}, target=target)


def test_no_row_reads_beyond_an_operand():
    """Broadcasting an array of 3 numbers with strides that would need 4."""
    broadcast = all_kernels()["broadcast"]
    places = ((ARENA, 0), (ARENA, 16))
    Row(broadcast, places, (3, 1, 1, 2, 3), (0, 0, 0, 1))
    with pytest.raises(ExtentError, match=r"broadcast: n is 3, but .* is 4"):
        Row(broadcast, places, (3, 1, 1, 2, 4), (0, 0, 0, 1))
    with pytest.raises(ExtentError, match="hierarchical_softmax_gradient: N is 5, but V-1 is 3 for V = 4"):
        Row(all_kernels()["hierarchical_softmax_gradient"], ((ARENA, 0),) * 7, (5, 2, 1, 4, 2), ())


@pytest.mark.parametrize("wrong", [4.0, -1.0, 0.5, np.nan])
def test_indices_are_checked_on_the_plain_python_target(wrong):
    hinge = all_kernels()["hinge"]
    sizes = {"B": 3, "C": 4}
    inputs = {"scores": np.zeros((3, 4)), "labels": np.array([0.0, wrong, 3.0])}
    with pytest.raises(IndexError, match=r"hinge.labels\[1\] is .*, which is no index below 4"):
        Run(hinge, inputs, sizes, target="python")()
    Run(hinge, inputs | {"labels": np.array([0, 1, 3])}, sizes, target="python")()


def test_what_a_kernel_says_beside_its_declaration():
    tree = all_kernels()["hierarchical_softmax"]
    assert tree.limits({"B": 2, "D": 3, "N": 4, "V": 5, "P": 3}, {}) == {"words": 5, "path": 4, "length": 4}
    with pytest.raises(TypeError, match="kernel every_so_many: Q has Q, no extent"):
        kernel("x[H] -> y[H] stride", indices={"x": "Q"})(every_so_many.function)
    with pytest.raises(TypeError, match=r"no operand \['y'\] is read that could hold indices"):
        kernel("x[H] -> y[H] stride", indices={"y": "H"})(every_so_many.function)
    with pytest.raises(TypeError, match=r"\['I'\] cannot be chosen"):
        kernel("x[H] -> y[I] stride I=H*stride", typical={"I": 4})(every_so_many.function)
