"""`task: pixels`: the probability of an image as a product over its pixels, each given those before it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.metrics.meaning import COUNT, MICROSECONDS, SHARE, Unit
from lab.scenario import Scenario
from lab.tasks.generative.pixel_by_pixel import PROBES, SAMPLES, PixelByPixel
from lab.tasks.generative.pixels_shown import NOTICED
from lab.tasks.stopwatch import Timed
from lab.tasks.task import Task, task
from lab.validation import Settings

BITS = Unit("bits per pixel")

METRICS = {
    "bits_per_pixel": BITS.of(
        "-log2 p(image) over the number of pixels, mean over the examples that are held back: exact, where `leaks` is "
        "0",
        higher_is_better=False,
    ),
    "train_bits_per_pixel": BITS.of("the same of training examples", higher_is_better=False),
    "independent_bits": BITS.of(
        "the same of a model without a network, in which each pixel is 1 as often as in the training examples, "
        "whatever the others are"
    ),
    "previous_pixel_bits": BITS.of(
        "the same of a model that counts, for each pixel, how often it is 1 behind a 0 and behind a 1"
    ),
    "leaks": COUNT.of(
        f"pixels whose logit changes, by more than {NOTICED}, if the pixel itself or a later one does, tried on one "
        f"image with each pixel ({PROBES} of them where there are more): with one leak the product is no probability",
        higher_is_better=False,
    ),
    "context": SHARE.of(
        "share of the pixels before a pixel that change its logit, mean over all pixels, tried in the same way"
    ),
    "on_data": SHARE.of(
        f"share of {SAMPLES} samples that lie on the data: as near to an example as 99 in 100 examples are to another "
        "one",
        higher_is_better=True,
    ),
    "modes": COUNT.of(
        "classes of the data of which samples are made, at least a tenth of what there is of them in the data",
        higher_is_better=True,
    ),
    "passes": COUNT.of("how often the network was run for the samples that were drawn last, all at a time"),
    "step_time": Timed(
        "processor time of one training step in µs, median over the slices in which it runs", MICROSECONDS
    ),
}


class Options(Settings):
    """Settings of the task `pixels`."""

    order: Literal["raster", "shuffled"] = Field(
        default="raster",
        description="raster: pixels follow each other row by row from the top left; shuffled: in an order that the "
        "seed draws, the same for all images. The network then sees images whose pixels are in this order.",
    )


@task("pixels")
class Pixels(Task):
    """A network gives, for every pixel of an image of 0 and 1, the logit of its being 1, given the pixels before it.

    The layers of `model` must see to it that no logit depends on its own pixel or a later one: `masked_conv`, or
    recurrent layers behind `previous_pixels`. Then the product over all pixels is a probability, whose logarithm is
    known exactly, and is what the loss maximises. New images are drawn one pixel at a time, the network being run anew
    for each. `outputs` stands for 1, the logit of a pixel.

    Formula: log p(x) = Σ over pixels i of log p(x[i] | x[0], …, x[i - 1]).

    Paper: van den Oord, Kalchbrenner and Kavukcuoglu, "Pixel recurrent neural networks", 2016.
    """

    Options = Options
    metrics = METRICS
    targets = "classes"
    goes_through_examples = True
    pictures = {
        "growing": "samples after a fifth of their pixels, two fifths and so on, one in each row; grey is not drawn "
        "yet",
        "pixel_by_pixel": "samples as they are drawn, a pixel more every few training steps, with the network as it "
        "is; grey is not drawn yet",
        "seen": "of three pixels (red) those that change their logit, tried on one image: the brighter, the more; of a "
        "leak, red pixels are bright",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> PixelByPixel:
        return PixelByPixel(scenario, seed, folder, self.options(scenario))
