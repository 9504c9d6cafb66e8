"""Published architectures, built as far as it takes to count them: no weights are made."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field, field_validator

from lab.errors import BadInput, InvalidValue, nearest
from lab.graph.tensor import Tensor
from lab.metrics.meaning import COUNT
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.scenario import published
from lab.tasks.counting import Counts, count
from lab.validation import Settings

LARGEST_SIDE = 100_000

MEANINGS = {
    "published_parameters": COUNT.of("parameters of published architectures, counted as `lab describe` does"),
    "published_multiply_adds": COUNT.of("multiply-adds of published architectures for one example, forward"),
}
"""The metrics that are such counts, and what they mean."""


class PublishedOptions(Settings):
    """The option of tasks that can count published architectures beside what they train."""

    published: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="Published architectures to be counted, as `lab describe` does.",
    )

    @field_validator("published")
    @classmethod
    def _known_architectures(cls, given: list[str]) -> list[str]:
        known = published.names()
        for number, name in enumerate(given):
            if name not in known:
                raise InvalidValue(("published", number), f"there is no architecture {name!r}; {nearest(name, known)}.")
        return given


def published_counts(architectures: Sequence[str], metrics: Sequence[str]) -> dict[str, float]:
    """Those of the metrics that are counts of published architectures, by full name: constants."""
    values = {}
    for name in architectures:
        _, counts = counted(name)
        for metric, value in zip(MEANINGS, (counts.parameters, counts.multiply_adds), strict=True):
            if metric in metrics:
                values[f"{metric}.{claimable(name)}"] = float(value)
    return values


def claimable(name: str) -> str:
    """The name of an architecture as claims can say it: `squeezenet1_0`."""
    return re.sub("[^A-Za-z0-9_]", "_", name)


def counted(name: str, given: Sequence[int] | None = None) -> tuple[published.Published, Counts]:
    """A published architecture and what it costs. given: the input, where it is not what was published. Raises
    BadInput."""
    found, document = published.read(name)
    shape = tuple(given or found.input)
    try:
        network = Network(found.model, None, found.outputs, 0, AdjustableNumbers(), blocks=found.blocks, largest=None)
        _, parts = network.apply(Tensor((1, *shape), "input"), training=False)
    except InvalidValue as error:
        raise published.located(error, document) from None
    return found, count(network, parts, shape)


def input_shape(text: str) -> tuple[int, ...]:
    """`224x224x3` as a shape. Raises BadInput."""
    parts = re.split("[x×X*,]", text.strip())
    if len(parts) not in (1, 3) or not all(re.fullmatch("[0-9]{1,6}", each) for each in parts):
        raise BadInput(f"{text!r} is not the shape of an input: write height, width and channels, such as 224x224x3.")
    shape = tuple(map(int, parts))
    if min(shape) < 1 or max(shape) > LARGEST_SIDE:
        raise BadInput(f"{text!r}: each side of an input is a number from 1 to {LARGEST_SIDE:,}.")
    return shape
