"""Networks that know their own examples better than others: what makes them rely less on these."""

from __future__ import annotations

from collections.abc import Iterator

from lab.diagnosis.case import Case
from lab.diagnosis.model_changes import NOISE, names_in
from lab.diagnosis.treatment import Treatment

STRENGTHS = (0.001, 0.01, 0.1)


def against_overfitting(case: Case) -> Iterator[Treatment]:
    """Penalties on weights, and dropout."""
    scenario = case.scenario
    for strength in STRENGTHS:
        if strength > scenario.optimizer.extra.get("l2", 0):
            yield Treatment(
                f"l2_{strength:g}".replace(".", "_"), f"optimizer: l2: {strength:g}", "", {"optimizer.l2": strength},
                ("l2",),
            )  # fmt: skip
    if not names_in(scenario.model) & set(NOISE) and len(scenario.model) > 1:
        changed = [*scenario.model[:-1], {"dropout": 0.5}, scenario.model[-1]]
        yield Treatment("dropout", "dropout before the last layer", "", {"model": changed}, ("dropout",))
