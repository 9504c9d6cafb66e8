"""Steps that are too long or too short."""

from __future__ import annotations

from collections.abc import Iterator

from lab.diagnosis.case import Case
from lab.diagnosis.treatment import Treatment, treatments

TIMES = (0.1, 0.01, 0.001, 10.0, 100.0, 1000.0)


@treatments("learning_rate", 1)
def learning_rate(case: Case) -> Iterator[Treatment]:
    """Learning rates of other orders of magnitude."""
    rate = case.scenario.optimizer.rate
    for times in TIMES:
        tried = float(f"{rate * times:.3g}")
        if 0 < tried <= 100:
            way = "low" if times > 1 else "high"
            yield Treatment(
                f"rate_{'times' if times > 1 else 'over'}_{max(times, 1 / times):.0f}",
                f"learning rate {tried:g} in place of {rate:g}",
                f"the learning rate, {rate:g}, is too {way}",
                {"optimizer.rate": tried},
                ("learning-rates",) if times > 1 else ("learning-rates", "dead-relu"),
            )
