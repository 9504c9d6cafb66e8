"""How symbols are drawn from what a language model gives."""

from __future__ import annotations

import numpy as np
import pytest

from lab.tasks.sequences.sampling import Choice

LOGITS = np.log(np.array([0.1, 0.4, 0.05, 0.3, 0.15]))


def test_the_top_symbols_share_all_the_probability_as_they_did_before():
    np.testing.assert_allclose(Choice(top=2).probabilities(LOGITS), [0, 4 / 7, 0, 3 / 7, 0], atol=1e-12)
    np.testing.assert_allclose(Choice(top=9).probabilities(LOGITS), np.exp(LOGITS), atol=1e-12)


def test_a_temperature_divides_the_logits():
    shares = np.exp(LOGITS) ** 2
    np.testing.assert_allclose(Choice(temperature=0.5).probabilities(LOGITS), shares / shares.sum(), atol=1e-12)


def test_without_temperature_the_likeliest_symbol_is_taken():
    assert Choice(temperature=None).probabilities(LOGITS).tolist() == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(("random", "symbol"), [(0.0, 0), (0.09, 0), (0.11, 1), (0.49, 1), (0.51, 2), (0.999, 4)])
def test_a_symbol_is_drawn_by_its_probability(random, symbol):
    assert Choice().draw(LOGITS, lambda: random) == symbol
