"""`task: unpool`: small grids of numbers are pooled, window by window, and made as large again."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from lab.errors import InvalidValue
from lab.metrics.meaning import PIXELS, SHARE
from lab.scenario import Scenario
from lab.tasks.task import Task, task
from lab.tasks.upsampling.unpooling import Unpooling
from lab.validation import Settings, Whole

METRICS = {
    "same_number": SHARE.of(
        "of the windows so far, in which pooling what came back gives the same number again", higher_is_better=True
    ),
    "same_place": SHARE.of(
        "of the windows so far, in which it finds that number at the same pixel as the first time",
        higher_is_better=True,
    ),
    "foreign_pixels": SHARE.of(
        "of the pixels of the windows so far, on which a number came back that another pixel of the window had",
        higher_is_better=False,
    ),
    "displacement": PIXELS.of(
        "from where the largest number of a window stood to the middle of where it came back, mean over the windows so "
        "far",
        higher_is_better=False,
    ),
}


class Options(Settings):
    """Settings of the task `unpool`."""

    method: Literal["nearest", "bed_of_nails", "max_unpool"] = Field(
        description="nearest: the number fills its window; bed_of_nails: it is at the upper left, the rest is 0; "
        "max_unpool: it goes back to where it stood, the rest is 0."
    )
    kernel_size: Whole = Field(default=2, ge=2, le=8, description="Height and width of the windows.")
    size: Whole = Field(default=4, ge=2, le=32, description="Height and width of a grid.")

    @model_validator(mode="after")
    def _whole_windows(self) -> Self:
        if self.size % self.kernel_size:
            problem = f"{self.size} is no multiple of kernel_size {self.kernel_size}: there is no whole window."
            raise InvalidValue(("size",), problem)
        return self


@task("unpool")
class Unpool(Task):
    """Grids of numbers, max-pooled and made as large again; nothing is trained.

    The seed draws whole numbers from 1 to 9 (to kernel_size² if that is more), none twice in a window. A step takes one
    window: its largest number becomes one number of a small grid, and this comes back as a window. When all windows are
    done the next step begins another grid. `optimizer`, `init`, `data` and `batch` are not used.
    """

    Options = Options
    metrics = METRICS
    counts_steps = True
    pictures = {
        "unpooling": "the grid with a point at the largest number of each window so far, beside it what pooling makes "
        "of it, and what comes back of that"
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Unpooling:
        if scenario.model:
            raise InvalidValue(("model",), "is not used by this task: `options` says how it is done.")
        return Unpooling(scenario, seed, self.options(scenario))
