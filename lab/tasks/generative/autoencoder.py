"""`task: autoencoder`: features are learned from examples without labels, and then serve where labels are few."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator

from lab.errors import InvalidValue
from lab.metrics.meaning import SHARE, Unit
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.generative.few_labels import STARTS, FewLabels
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

Layers = list[Annotated[Any, WithJsonSchema({"type": ["string", "object"]})]]
PER_NUMBER = Unit("per number of an example: nats of `logistic`, squared units of `l2`")

METRICS = {
    "reconstruction_loss": PER_NUMBER.of(
        "how badly the decoder makes training examples of their codes, mean over their numbers; nothing is left out of "
        "what the encoder sees",
        higher_is_better=False,
    ),
    "val_reconstruction_loss": PER_NUMBER.of("the same of the examples that are held back", higher_is_better=False),
    **{
        f"{start}_accuracy": SHARE.of(
            f"accuracy on the examples held back {told}, mean over all numbers of labels; as `.labels5`, with five "
            "labels per class",
            higher_is_better=True,
        )
        for start, told in STARTS.items()
    },
}


class Options(Settings):
    """Settings of the task `autoencoder`."""

    encoder: Layers = Field(
        min_length=1, max_length=1000, description="Layers from an example to its code, as in `model` of other tasks."
    )
    decoder: Layers = Field(
        min_length=1,
        max_length=1000,
        description="Layers from a code back to the example; `outputs` stands for its numbers.",
    )
    loss: Literal["logistic", "l2"] = Field(
        default="logistic",
        description="logistic: the decoder gives logits of numbers from 0 to 1, such as pixels; l2: mean of error².",
    )
    corruption: Real = adjustable(
        0.0,
        "Chance of each number to be set to 0 before the encoder sees it, in pretraining; the decoder is to give all.",
        ge=0,
        lt=1,
        steps="tenths",
    )
    pretraining: Whole = Field(
        ge=1,
        description="How many of the steps the autoencoder is trained, without labels. In the rest classifiers are, "
        "with few.",
    )
    labels: list[Whole] = Field(
        default=[1, 2, 5, 10, 20, 50],
        min_length=1,
        max_length=12,
        description="How many labels of each class there are.",
    )
    classifiers_optimizer: dict[str, Any] = Field(
        default_factory=dict,
        examples=[{"rate": 0.003}],
        description="In what the optimizer of whole classifiers differs from the scenario's; with another `name`, all "
        "of it.",
    )
    heads_optimizer: dict[str, Any] = Field(
        default_factory=dict,
        examples=[{"rate": 0.01}],
        description="The same of the last layers that are trained alone, on a frozen encoder.",
    )

    @field_validator("labels")
    @classmethod
    def _numbers_differ(cls, labels: list[int]) -> list[int]:
        if min(labels) < 1 or len(set(labels)) < len(labels):
            raise InvalidValue(("labels",), "must be different whole numbers from 1 on, such as [1, 5, 20].")
        return sorted(labels)


@task("autoencoder")
class Autoencoder(Task):
    """A network learns, without labels, to make examples of short codes of them; classifiers begin with its encoder.

    For each number of labels three classifiers are trained, of the same layers: the encoder's, and a dense one with a
    softmax. `scratch` begins as drawn, `tuned` with the encoder's weights, and of `frozen` only the last layer is
    trained. All see the same labelled examples, of which more labels have those of fewer among them.

    Paper: Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", 2006; with
    `corruption`, Vincent and others, "Extracting and composing robust features with denoising autoencoders", 2008.
    """

    Options = Options
    metrics = METRICS
    targets = "classes"
    pictures = {
        "accuracy_over_labels": "accuracy on the examples held back over the number of labels per class, by start",
        "reconstructions": "examples that are held back, and on their right what the decoder makes of their codes",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> FewLabels:
        return FewLabels(scenario, seed, folder, self.options(scenario))
