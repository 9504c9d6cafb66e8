"""`task: optimise-image`: a network is trained and stays as it is, and images are changed until it sees in them what is
wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, model_validator

from lab.errors import InvalidValue
from lab.metrics.meaning import MILLISECONDS, PLAIN, RATIO, SHARE
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.image_optimisation.image_optimisation import ImageOptimisation
from lab.tasks.stopwatch import Timed
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

METRICS = {
    "score": PLAIN.of(
        "the score of each image's own class (the number before softmax), or the mean of its own channel; mean over "
        "the images",
        higher_is_better=True,
    ),
    "best_real_score": PLAIN.of(
        "the same of that training or held-out image for which it is largest, by class or channel; mean over these"
    ),
    "above_real": SHARE.of("of how many images the score is above that of every real image", higher_is_better=True),
    "stuck": SHARE.of(
        "of how many images no pixel has any gradient from the score, because the unit's input is below 0 everywhere "
        "and its activation lets nothing through",
        higher_is_better=False,
    ),
    "activation": PLAIN.of("mean square of the numbers of `activation_layer`, over the images"),
    "total_variation": PLAIN.of(
        "how much neighbouring pixels differ: sum of absolute differences down and along, divided by the number of "
        "pixels; mean over the images"
    ),
    "real_total_variation": PLAIN.of("the same of the images that are held back"),
    "content_distance": RATIO.of(
        "squared distance of the numbers of `content_layer` to those of the content image, divided by the sum of their "
        "squares; mean over the images",
        higher_is_better=False,
    ),
    "content_recognised": SHARE.of(
        "of how many images that by which their numbers of `content_layer` differ from the mean of all images "
        "correlates more with that of their own content image than with that of any other",
        higher_is_better=True,
    ),
    "pixel_distance": RATIO.of(
        "squared distance of the pixels to those of the content image, divided by the sum of squares of how far these "
        "are from their mean; mean over the images. 0: the same image; 1: as good as a grey one"
    ),
    "style_distance": RATIO.of(
        "squared distance of the Gram matrices of `style_layers` to those of the style image, divided by the sum of "
        "squares of these; mean over layers and images",
        higher_is_better=False,
    ),
    "near_structure": RATIO.of(
        "how far off is what pixels have to do with each other that lie 1 or 2 pixels apart: of the autocovariance, "
        "the mean product of pixels so far from each other, the squared distance to that of the style image, divided "
        "by the sum of its squares; mean over the images. 0: the same; 1: as good as nothing to do with each other",
        higher_is_better=False,
    ),
    "far_structure": RATIO.of("the same of pixels that lie 5 to 8 pixels apart", higher_is_better=False),
    "nearest_real": RATIO.of(
        "squared distance of the pixels to those of the nearest training image, divided by the mean of that of two "
        "training images by chance; mean over the images"
    ),
    "real_nearest_real": RATIO.of("the same of images that are held back: how near a real one comes"),
    "judge_agrees": SHARE.of(
        "of how many images the judge says the class that they are made for; it has layers and first weights of its "
        "own, and no gradient comes from it",
        higher_is_better=True,
    ),
    "judge_accuracy": SHARE.of("accuracy of the judge on images that are held back", higher_is_better=True),
    "code_size": PLAIN.of(
        "mean square of the numbers of the codes from which a generator makes the images: 1 on average for codes such "
        "as it was trained with"
    ),
    "time_per_image": Timed(
        "processor time that one image has taken so far: all steps with it, or, where a network makes it, one pass of "
        "that network",
        MILLISECONDS,
    ),
    "steps_time": Timed("processor time of all steps so far", MILLISECONDS),
    "network_accuracy": SHARE.of(
        "accuracy of the network on images that are held back, once it is trained", higher_is_better=True
    ),
    "loss": PLAIN.of(
        "what is made small: the sum of all terms with their weights, mean over the images", higher_is_better=False
    ),
}


Layers = list[Annotated[Any, WithJsonSchema({"type": ["string", "object"]})]]


class TrainedFirst(Settings):
    """How the network is trained before an image is touched."""

    steps: Whole = Field(default=300, ge=0, le=1_000_000, description="How many steps; 0: it stays as it was drawn.")
    batch: Whole = Field(default=32, ge=1, description="Examples per step.")
    optimizer: dict[str, Any] = Field(
        default_factory=lambda: {"name": "adam", "rate": 0.003},
        examples=[{"name": "adam", "rate": 0.003}],
        description="Its optimizer; the scenario's `optimizer` is that of the images.",
    )


class Judge(TrainedFirst):
    """A second classifier, trained on the same images, which has no say in what becomes of those that are made."""

    layers: Layers = Field(min_length=1, max_length=1000, description="Its layers, as in `model`.")


class GeneratorOptions(TrainedFirst):
    """A variational autoencoder, trained on the same images without their classes; its decoder makes images."""

    steps: Whole = Field(default=1000, ge=1, le=1_000_000, description="How many steps.")
    encoder: Layers = Field(
        min_length=1,
        max_length=1000,
        description="Layers from an image to mean and logarithm of the variance of each number of its code: `outputs` "
        "stands for twice `latent`.",
    )
    decoder: Layers = Field(
        min_length=1,
        max_length=1000,
        description="Layers from a code to an image; `outputs` stands for its numbers, which a sigmoid brings into the "
        "range of images.",
    )
    latent: Whole = Field(default=16, ge=1, le=1000, description="How many numbers a code has.")


class TransformerOptions(Settings):
    """A network that makes an image of a content image in one pass; the steps train it on other content images."""

    layers: Layers = Field(
        min_length=1,
        max_length=1000,
        description="Layers from an image to one of the same size, whose numbers a sigmoid brings into the range of "
        "images; `outputs` stands for the channels.",
    )
    batch: Whole = Field(default=4, ge=1, le=1024, description="Content images per step.")


class Options(Settings):
    """Settings of the task `optimise-image`."""

    network: TrainedFirst = Field(default_factory=TrainedFirst, description="How the network is trained before.")
    judge: Judge | None = Field(
        default=None, description="A second classifier, which is trained before, too, and only says what it sees."
    )
    generator: GeneratorOptions | None = Field(
        default=None, description="What makes images of codes; then the codes are changed, and not the pixels."
    )
    transformer: TransformerOptions | None = Field(
        default=None,
        description="A network that makes images of content images; then its weights are changed, and not the pixels.",
    )
    images: Whole = Field(default=10, ge=1, le=64, description="How many images are made side by side, each by itself.")
    start: Literal["grey", "noise", "content"] = Field(
        default="noise",
        description="grey: the mean of all images; noise: normal numbers around it; content: the content images.",
    )
    start_deviation: Real = Field(
        default=0.1, ge=0, le=100, description="Standard deviation of `start: noise`, and of the first codes."
    )
    target_layer: str | None = Field(
        default=None,
        description="Whose units the images are to make large, one each; the network's last layer, and so the classes.",
    )
    score: Real = adjustable(0.0, "Weight of the score of each image's class, or channel.", ge=-1e6, le=1e6)
    activation_layer: str | None = Field(default=None, description="Of which layer `activation` is.")
    activation: Real = adjustable(0.0, "Weight of the mean square of a whole layer's numbers.", ge=0, le=1e6)
    content_layer: str | None = Field(
        default=None, description="Of which layer `content` is; the network's last one if nothing is said."
    )
    content: Real = adjustable(0.0, "Weight of `content_distance`.", ge=0, le=1e6)
    content_data: dict[str, Any] | None = Field(
        default=None,
        examples=[{"name": "shapes", "size": 32, "points": 200}],
        description="Another data set, from which the content images are, in the numbers of `data`; else they are "
        "images that are held back.",
    )
    content_file: str | None = Field(
        default=None,
        min_length=1,
        examples=["photo.jpg"],
        description="An image file (PNG, JPEG and others) as the one content image, cut to the size of the images "
        "around its middle. Its path is relative to the scenario's folder, or the current one.",
    )
    size: Whole | None = Field(
        default=None,
        ge=16,
        le=512,
        description="Height and width of the images that are made; that of the data if nothing is said. Another one "
        "needs a network without `flatten`, as one that ends with `global_average_pool` and `dense`.",
    )
    style_layers: list[str] = Field(
        default_factory=list, max_length=20, description="Of which layers' Gram matrices `style` is."
    )
    style: Real = adjustable(0.0, "Weight of `style_distance`.", ge=0, le=1e6)
    style_class: str | None = Field(
        default=None, description="The class of the one style image of all images; else each has one of its own."
    )
    style_file: str | None = Field(
        default=None, min_length=1, examples=["painting.jpg"], description="An image file as the one style image."
    )
    l2: Real = adjustable(0.0, "Weight of the mean square of the pixels.", ge=0, le=1e6)
    total_variation: Real = adjustable(0.0, "Weight of `total_variation`.", ge=0, le=1e6)
    code_l2: Real = adjustable(0.0, "Weight of `code_size`, which needs a generator.", ge=0, le=1e6)
    jitter: Whole = Field(
        default=0, ge=0, le=64, description="By up to so many pixels the images are shifted round in each step."
    )
    blur: Real = adjustable(
        0.0, "In each step every pixel goes this share of the way to the mean of its neighbourhood.", ge=0, le=1
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Options:
        if self.style and not self.style_layers:
            raise InvalidValue(("style_layers",), "must name the layers whose Gram matrices `style` is about.")
        if self.activation and self.activation_layer is None:
            raise InvalidValue(("activation_layer",), "must name the layer that `activation` is about.")
        if not any((self.score, self.activation, self.content, self.style)):
            raise InvalidValue(("score",), "give one of score, activation, content and style a weight.")
        if self.generator is None and self.code_l2:
            raise InvalidValue(("code_l2",), "is about codes, and there are some only with a generator.")
        if self.generator is not None and self.transformer is not None:
            raise InvalidValue(("transformer",), "images are made by a generator or a transformer, not by both.")
        if (self.generator or self.transformer) and self.blur:
            raise InvalidValue(("blur",), "changes pixels, and here something else makes them: leave it.")
        if self.transformer is not None and (self.score or not self.style):
            raise InvalidValue(("transformer",), "makes images of contents in a style: give style a weight, not score.")
        return self


@task("optimise-image")
class OptimiseImage(Task):
    """A network is trained to tell classes apart, and stays as it is; then images are changed, by gradients with
    respect to their pixels, so that a sum of terms becomes small.

    The terms, each with its weight: minus the `score` of each image's class or channel, minus the mean square of a
    layer's `activation`, the distance of its features to those of a `content` image, the distance of its Gram matrices
    to those of a `style` image, and what keeps it like an image, `l2` and `total_variation`; `jitter` and `blur` do so
    without a term. Pixels stay within the range of real images.

    What is changed is the pixels; or, with a `generator`, the codes from which its decoder makes images; or, with a
    `transformer`, the weights of a network that makes an image of each content image in one pass. The step trains that
    network on other content images, and what is measured are the images it makes of those that are held back.

    Paper: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2013 (classes); Mahendran and Vedaldi,
    "Understanding deep image representations by inverting them", 2014 (content); Gatys, Ecker and Bethge, "A neural
    algorithm of artistic style", 2015 (style); Nguyen and others, "Synthesizing the preferred inputs for neurons in
    neural networks via deep generator networks", 2016 (codes); Johnson, Alahi and Fei-Fei, "Perceptual losses for
    real-time style transfer and super-resolution", 2016 (a network).
    """

    Options = Options
    metrics = METRICS
    targets = "classes"
    pictures = {
        "made": "the images as they are now, below each what it is to become, and what the network says it is; or what "
        "the judge says, where there is one",
        "beside": "where there are content images: each beside the image that is made of it; where there is a style "
        "image, that stands on the left, or, if it is one for all, before the others",
        "over_time": "the first images at five moments, from the start on the left to now on the right",
        "ascent": "by image its score, that of the best real image, how rough it is, and whether it is stuck",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> ImageOptimisation:
        return ImageOptimisation(scenario, seed, folder, self.options(scenario))
