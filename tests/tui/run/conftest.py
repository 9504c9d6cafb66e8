"""Kernels that the tests of this folder need, compiled before any of them waits for something."""

from __future__ import annotations

import pytest

from lab.graph.running import prepare
from lab.tasks import task_of
from tests.session.scenarios import HOT, small
from tests.tui.run.driving import DESCENT


@pytest.fixture(scope="session", autouse=True)
def _kernels() -> None:
    loaded = small()
    scenarios = [each.scenario for each in (*loaded.variants, *small(HOT).variants, *small(DESCENT).variants)]
    scenarios.append(loaded.variant("calm", {"model.1": "tanh"}).scenario)
    scenarios.append(loaded.variant("calm", {"model.1": "tanh", "optimizer": {"name": "adam", "rate": 0.01}}).scenario)
    for scenario in scenarios:
        prepare(task_of(scenario).build(scenario, 0, None).kernels())
