"""`task: upsample`: an image is made larger by windows of weights that are put down one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from lab.errors import InvalidValue
from lab.metrics.meaning import COUNT, RATIO, SHARE
from lab.scenario import Scenario
from lab.tasks.task import Task, task
from lab.tasks.upsampling.upsampling import Upsampling
from lab.validation import Settings, Whole

METRICS = {
    "checkerboard": SHARE.of(
        "of the energy (sum of squares) in the middle of the maps, that of the pattern which repeats every `stride` "
        "pixels and is not the mean, mean over the maps; of stride 2 it is what stands at the highest frequency along "
        "rows, columns or both. 0 on a flat image means no checkerboard. Known once all pixels have been taken",
        higher_is_better=False,
    ),
    "fewest_windows": COUNT.of("the least number of windows that meet at a pixel of the middle"),
    "most_windows": COUNT.of("the largest number of windows that meet at a pixel of the middle"),
    "transpose_error": RATIO.of(
        "largest difference between what comes out and what the transposed matrix of the convolution gives, over the "
        "largest number that comes out; the matrix is made of what the convolution does to images with a single 1",
        higher_is_better=False,
    ),
}


class Options(Settings):
    """Settings of the task `upsample`."""

    method: Literal["transposed_conv", "resize_conv"] = Field(
        default="transposed_conv",
        description="transposed_conv: every pixel puts down its window of weights, times itself; where windows "
        "overlap, they are summed. resize_conv: every pixel is repeated stride × stride times, and a convolution "
        "follows.",
    )
    kernel_size: Whole = Field(ge=1, le=8, description="Height and width of the window of weights.")
    stride: Whole = Field(default=2, ge=1, le=4, description="By how many times the image becomes larger.")
    weights: Literal["equal", "bilinear", "random"] = Field(
        default="equal",
        description="equal: all 1; bilinear: highest in the middle, falling evenly to all sides; random: normal "
        "numbers, others for each map.",
    )
    image: Literal["flat", "ramp", "spot"] = Field(
        default="flat",
        description="flat: 1 everywhere; ramp: from 0 at the left to 1 at the right; spot: one pixel of 1.",
    )
    size: Whole = Field(default=8, ge=4, le=16, description="Height and width of the image.")
    maps: Whole = Field(default=16, ge=1, le=64, description="How many maps come out, each with weights of its own.")

    @model_validator(mode="after")
    def _middle(self) -> Self:
        if self.size * self.stride < 2 * self.kernel_size + 2 * self.stride:
            problem = (
                f"{self.size} is too small for windows of {self.kernel_size}: there is no middle without a border."
            )
            raise InvalidValue(("size",), problem)
        return self


@task("upsample")
class Upsample(Task):
    """An image made larger by a transposed convolution, or by repeating its pixels with a convolution behind; nothing
    is trained.

    A step takes one pixel of the image, row by row. When all have been taken, further steps change nothing.
    `optimizer`, `init`, `data` and `batch` are not used.

    Paper: Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts", 2016.
    """

    Options = Options
    metrics = METRICS
    pictures = {
        "larger_map": "the first map as far as it is made",
        "larger_maps": "six of the maps, each from minus (black) to plus (white) its own largest number; 0 is grey",
        "windows_met": "how many windows meet at each pixel so far",
        "spectrum": "which share of the middle's energy repeats after how many pixels along rows, beside the mean; "
        "what repeats every 2 pixels is a checkerboard's",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Upsampling:
        if scenario.model:
            raise InvalidValue(("model",), "is not used by this task: `options` says how it is done.")
        return Upsampling(scenario, seed, self.options(scenario))
