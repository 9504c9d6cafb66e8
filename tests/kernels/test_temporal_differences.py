"""Each method that learns from episodes, against the same episodes in plain Python."""

from __future__ import annotations

import pytest

from kernels.temporal_differences import DOUBLE_Q_LEARNING, Q_LEARNING, SARSA
from kernels.temporal_differences import control_episode as kernel
from tests.kernels.inputs import compare, drawn
from tests.kernels.worlds_cases import control_case

SIZES = {"N": 6, "K": 3, "M": 2, "T": 12, "W": 4}


@pytest.mark.parametrize("bootstrap", [0, 1])
@pytest.mark.parametrize("rule", [Q_LEARNING, SARSA, DOUBLE_Q_LEARNING])
@pytest.mark.parametrize("epsilon_decay", [0.0, 0.25])
def test_an_episode_is_learned_from_by_each_rule(rule, bootstrap, epsilon_decay):
    case = control_case(rule, bootstrap, epsilon_decay)
    for seed in range(8):
        inputs = drawn(kernel, case, SIZES, seed)
        expected = case.expected(inputs, SIZES)
        compare(kernel, case, SIZES, inputs, expected, "cpu", "float64", 1e-11)
