"""Sessions on the simulated device and on the CPU, and small scenarios for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from lab.graph.devices import choose
from lab.scenario import Loaded, load
from lab.session import Session
from tests.session.scenarios import small

OTHER_MODES = ("block", "grid")
MODES = ["specialized", *(pytest.param(mode, marks=pytest.mark.verify) for mode in OTHER_MODES)]
"""How a replica uses the GPU; what a session does with it is the same, so that one is tried each time."""

_BLOCK = {"residual": {"layers": ["relu", {"dense": 4}], "survive": 0.5}}
SCENARIOS: dict[str, tuple[dict[str, Any], list[str], int]] = {
    "dead-relu": (
        {"data.points": 12, "train.batch": 5, "train.measure": 2, "model.0.dense": 4, "model.2.dense": 4},
        ["good", "leaky"],
        5,
    ),
    "stochastic-depth": (
        {
            "data.examples": 24,
            "train.batch": 4,
            "train.measure": 3,
            "variants.half.model": [{"dense": 4}, _BLOCK, _BLOCK, {"dense": "classes"}],
        },
        ["half"],
        5,
    ),
    "learning-rates": (
        {
            "data.examples": 24,
            "train.batch": 4,
            "train.measure": 3,
            "model.0.dense": 4,
            "variants.highest.optimizer.rate": 1e6,
        },
        ["highest"],
        40,
    ),
}
"""Built-in scenarios made small: what is changed, which variants, how many steps."""

TINY = {"data.points": 9, "train.batch": 4, "train.steps": 6, "train.measure": 2, "model.0.dense": 2}
"""Changes to the small scenario of the tests of sessions."""


def loaded(name: str) -> tuple[Loaded, dict[str, Any]]:
    """One of `SCENARIOS`, and what a session is to be told beside it."""
    overrides, variants, steps = SCENARIOS[name]
    return load(name, overrides), {"variants": variants, "steps": steps}


def tiny(**overrides: Any) -> Loaded:
    return small(overrides=TINY | overrides)


def session(scenario: Loaded, device: str, mode: str = "block", **options: Any) -> Session:
    # A picture takes thousands of points through the net.
    return Session(scenario, device=choose(device), mode=mode, **{"pictures": False} | options)


def finished(scenario: Loaded, device: str, mode: str = "block", **options: Any) -> Session:
    made = session(scenario, device, mode, **options)
    made.start()
    assert made.wait(300)
    return made


def curves(session: Session) -> dict[tuple[str, int, str], tuple[np.ndarray, np.ndarray]]:
    """All but those of times."""
    return {key: session.history.curve(*key) for key in session.history if not key[2].startswith("step_time")}


def alike(first: Session, second: Session) -> None:
    """Both have measured the same at the same steps, to within the order of additions in float32."""
    theirs = curves(second)
    assert curves(first).keys() == theirs.keys()
    for key, (steps, values) in curves(first).items():
        np.testing.assert_array_equal(steps, theirs[key][0], err_msg=str(key))
        np.testing.assert_allclose(values, theirs[key][1], rtol=2e-4, atol=2e-5, err_msg=str(key))


def same(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> None:
    """The same curves, bit for bit."""
    assert first.keys() == second.keys()
    for key, (steps, values) in first.items():
        np.testing.assert_array_equal(steps, second[key][0], err_msg=str(key))
        np.testing.assert_array_equal(values, second[key][1], err_msg=str(key))
