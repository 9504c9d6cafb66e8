"""The examples in the docstrings are right."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "module", ["lab.data", "lab.data.limits", "lab.data.shares", "lab.data.sets.words", "lab.errors", "lab.validation"]
)
def test_examples(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
