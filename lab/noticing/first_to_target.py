"""Which variant reaches a target accuracy first: the one detector that looks at all variants of a seed together."""

from __future__ import annotations

from collections.abc import Mapping

from lab.noticing.detector import Finding, Values
from lab.noticing.one_class import NEAR

TARGET = 0.9
METRICS = ("val_accuracy", "accuracy")
"""What has a target; of these the first that is measured."""


class FirstToTarget:
    """The variants of one seed. Something is said once no other one can still be the first, so that it does not matter
    which thread is ahead."""

    name = "first_to_target"
    meaning = (
        "which variant reaches an accuracy of 0.9 first, and more than always answering the most frequent class would"
    )

    def __init__(self) -> None:
        self._reached: dict[str, tuple[int, str, float]] = {}
        self._latest: dict[str, int] = {}
        self._said = False
        self._winner = ""  # of whom it was said

    def see(self, variant: str, step: int, values: Values, share: float = 0.0) -> None:
        """A measurement of one of the variants.

        share: of the training examples, how many are of the most frequent class; always answering that one is no merit
        """
        self._latest[variant] = step
        if variant in self._reached:
            return
        metric = next((each for each in METRICS if each in values), None)
        if metric is not None and values[metric] >= TARGET and values[metric] > share + NEAR:
            self._reached[variant] = (step, metric, values[metric])

    def rewind(self, variant: str, step: int) -> None:
        """A variant has gone back to a step."""
        self._latest[variant] = min(self._latest.get(variant, -1), step - 1)
        reached = self._reached.get(variant)
        if reached is not None and reached[0] >= step:
            del self._reached[variant]
            self._said = self._said and self._winner != variant

    def forget(self, variant: str) -> None:
        """A variant was removed."""
        self._latest.pop(variant, None)
        self._reached.pop(variant, None)

    def conclude(self, over: Mapping[str, bool]) -> tuple[str, int, Finding] | None:
        """The variant, the step and the sentence, once, as soon as it is decided.

        over: of every variant that takes part, whether it goes no further
        """
        if self._said or not self._reached:
            return None
        first = min(step for step, _, _ in self._reached.values())
        if not all(each or self._latest.get(variant, -1) >= first for variant, each in over.items()):
            return None
        winners = [each for each in over if each in self._reached and self._reached[each][0] == first]
        if not winners:
            return None
        self._said = True
        self._winner = winners[0]
        _, metric, value = self._reached[winners[0]]
        what = f"{metric.replace('val_accuracy', 'validation accuracy')} {TARGET}"
        *others, last = winners
        if others and len(winners) == len(over):
            how = " by all variants in the same step"
        elif others:
            how = f" first, together with {' and '.join(filter(None, (', '.join(others[1:]), last)))}"
        else:
            how = ", before all other variants" if len(over) > 1 else ""
        return winners[0], first, Finding(f"{what} is reached{how}", {metric: value})
