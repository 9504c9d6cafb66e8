"""`task: latent-arithmetic`: what adding the direction of an attribute to codes does to their images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from lab.metrics.meaning import SHARE
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.generative.attribute_directions import AttributeDirections
from lab.tasks.generative.vae import METRICS as OF_VAE
from lab.tasks.generative.vae import Layers
from lab.tasks.generative.vae import Options as VaeOptions
from lab.tasks.task import Task, task
from lab.validation import Real

METRICS = {
    **{name: OF_VAE[name] for name in ("elbo", "train_elbo", "reconstruction", "kl", "active_units", "walk_jump")},
    "classifier_accuracy": SHARE.of(
        "share of the attributes of examples held back that the classifier tells rightly; it is trained on examples "
        "alone, and sees nothing of codes or of what the decoder makes",
        higher_is_better=True,
    ),
    "recognised": SHARE.of("the same of what the decoder makes of their codes", higher_is_better=True),
    "changed": SHARE.of(
        "share of the examples held back whose image has the other value of an attribute, as the classifier says, once "
        "the attribute's direction is added to its code (taken off, where it has the attribute); mean over all "
        "attributes, or, as `changed.NAME`, of one",
        higher_is_better=True,
    ),
    "kept": SHARE.of(
        "share of the other attributes that are, in the images so changed, still those of the example; mean over all "
        "attributes, or, as `kept.NAME`, while that one is changed",
        higher_is_better=True,
    ),
    "changed_in_pixels": SHARE.of(
        "`changed` where the difference of the mean images, with the attribute and without, is added to the image "
        "itself",
        higher_is_better=True,
    ),
    "kept_in_pixels": SHARE.of("`kept` in those images", higher_is_better=True),
    "changed_at_random": SHARE.of("`changed` if the direction is a random one of the same length"),
}


class Options(VaeOptions):
    """Settings of the task `latent-arithmetic`."""

    classifier: Layers = Field(
        min_length=1,
        max_length=1000,
        description="Layers from an example to a logit for each attribute; `outputs` stands for their number.",
    )
    strength: Real = adjustable(1.0, "How much of a direction is added.", ge=0, le=100)
    classifier_optimizer: dict[str, Any] = Field(
        default_factory=dict,
        examples=[{"rate": 0.003}],
        description="In what the classifier's optimizer differs from the scenario's; with another `name`, all of it.",
    )


@task("latent-arithmetic")
class LatentArithmetic(Task):
    """A variational autoencoder, and what becomes of its images when an attribute's direction is added to their codes.

    The direction of an attribute is the mean code of training examples that have it less that of those that do not. The
    autoencoder never sees an attribute. A classifier, which is trained beside it on examples alone, says what the
    changed images show.

    Formula: direction = mean of the codes with the attribute - mean of those without;
    x' = decoder(code(x) + direction).

    Paper: Radford, Metz and Chintala, "Unsupervised representation learning with deep convolutional generative
    adversarial networks", 2016; Larsen and others, "Autoencoding beyond pixels using a learned similarity metric",
    2016.
    """

    Options = Options
    metrics = METRICS
    targets = "labels"
    goes_through_examples = True
    pictures = {
        "arithmetic": "what the decoder makes of a code, and of it with a third of an attribute's direction added, two "
        "thirds, all, and four thirds: an attribute in each row, taken off where the example has it; the one that "
        "changes most often is first",
        "in_pixels": "the same with the difference of mean images added to an image",
        "latent_walk": "walks between the codes of two examples that are held back, one in each row",
        "changed_by_attribute": "share of the examples whose attribute changed, by attribute",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> AttributeDirections:
        return AttributeDirections(scenario, seed, folder, self.options(scenario))
