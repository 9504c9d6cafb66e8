"""The optimizer of one of several networks: the scenario's, with what is different for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.errors import InvalidValue, Path
from lab.nets.optimizers import Optimizer, optimizer
from lab.scenario import Scenario
from lab.scenario.model import Optimizer as OptimizerBlock
from lab.validation import validated


def own_optimizer(scenario: Scenario, own: Mapping[str, Any], place: Path, why: str) -> Optimizer:
    """own: the settings that differ, all of them if there is another `name`; place: where they stand in the file.

    why: what speaks against one that searches along a line, as the end of a sentence. Raises InvalidValue
    """
    common = scenario.optimizer
    same = own.get("name", common.name) == common.name
    content = ({"name": common.name, **common.given} if same else {}) | dict(own)
    chosen = validated(OptimizerBlock, content, place)
    made = optimizer(chosen.name, chosen.given, place if own else ("optimizer",))
    if type(made).host_step is not Optimizer.host_step:
        raise InvalidValue(
            (*place, "name") if own else ("optimizer", "name"),
            f"{chosen.name} searches along a line for a lower loss, {why}: sgd, rmsprop or adam can be used here.",
        )
    return made
