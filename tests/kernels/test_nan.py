"""A number that is not a number is never lost where the largest of several is taken: a diverged network shows it."""

from __future__ import annotations

import pytest

from tests.kernels.nan_cases import CASES


@pytest.mark.parametrize(("target", "dtype"), [("cpu", "float32"), ("cpu", "float64"), ("python", "float64")])
@pytest.mark.parametrize("case", CASES)
def test_nan_stays(case, target, dtype):
    CASES[case]({"target": target, "dtype": dtype})
