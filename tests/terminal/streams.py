"""Event streams as a session would write them, and what a reporter may be given."""

import io
import math
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np

from lab.events import Claimed, Compiling, Ended, Event, Measured, PictureTaken, Started
from lab.outcome import Outcome
from lab.pictures import Regions
from lab.terminal.capabilities import Capabilities

VARIANTS = ("good", "hot", "leaky")
LOADED = SimpleNamespace(
    scenario=SimpleNamespace(
        title="Dead ReLUs",
        idea="A rate that is far too high\nswitches units off.",
        question=SimpleNamespace(ask="Which dies?", answer="hot", because="One large step moves the biases."),
    )
)


class Screen(io.StringIO):
    """A terminal that remembers what was written."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def capabilities(width: int = 80, height: int = 24, colours: int = 0, unicode: bool = True) -> Capabilities:
    return Capabilities(False, True, width, height, colours, unicode)


def started(seeds: tuple[int, ...] = (0, 1), steps: int = 200) -> Started:
    metrics = ("loss", "accuracy", "grad_norm", "dead_relu")
    return Started(
        "dead-relu", "Dead ReLUs", VARIANTS, seeds, dict.fromkeys(VARIANTS, steps), metrics, run="dead-relu-3"
    )


def measured(variant: str, seed: int, step: int, **values: float) -> Measured:
    return Measured(
        variant, seed, step, values or {"loss": 1.0 / (1 + step), "accuracy": 0.5, "grad_norm": 2.0, "dead_relu": 0.1}
    )


def outcomes(seeds: tuple[int, ...], steps: int, state: str = "finished") -> tuple[Outcome, ...]:
    return tuple(Outcome(variant, seed, steps, state, 1.5) for variant in VARIANTS for seed in seeds)


def whole_run(seeds: tuple[int, ...] = (0, 1), steps: int = 200, picture: bool = True) -> Iterator[Event]:
    """Compiles, trains three variants, of which one seed of `hot` diverges half way, and judges two claims."""
    yield started(seeds, steps)
    yield Compiling("dense_forward", 2)
    yield Compiling("softmax_cross_entropy", 1)
    yield Compiling("", 0)
    for step in range(0, steps + 1, 10):
        for variant in VARIANTS:
            for seed in seeds:
                if (variant, seed) == ("hot", seeds[-1]) and step >= steps // 2:
                    if step == steps // 2:
                        values = {"loss": math.nan, "grad_norm": math.inf}
                        yield Measured(variant, seed, step, values, diverged="loss is NaN, first in dense2.weight")
                    continue
                yield measured(variant, seed, step)
        if picture and step % 50 == 0:
            plane = np.arange(64).reshape(8, 8) % 3
            points = np.zeros((3, 2), dtype=np.float32)
            yield PictureTaken("good", seeds[0], step, Regions(
                "decision regions", plane, np.ones((8, 8), dtype=np.float32), (-1, 1, -1, 1), points, np.arange(3)
            ))  # fmt: skip
    yield Claimed(
        "Hot kills.", "last(hot.dead_relu) > 0.2", True, dict.fromkeys(seeds, True), dict.fromkeys(seeds, "0.4 > 0.2")
    )
    yield Claimed("Leaky lives.", "last(leaky.loss) < 0", False, {seed: seed == seeds[0] for seed in seeds},
                  {seed: f"{seed} < 0" for seed in seeds})  # fmt: skip
    yield Ended(False, False, 1, 2, 4.2, outcomes(seeds, steps))
