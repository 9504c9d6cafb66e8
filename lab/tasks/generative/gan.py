"""`task: gan`: a generator learns to make examples that a discriminator cannot tell from real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from lab.metrics.meaning import CHANCE, COUNT, NATS, PLAIN, SHARE
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.generative.adversaries import Adversaries
from lab.tasks.task import Task, task
from lab.validation import Settings, Whole

METRICS = {
    "discriminator_loss": NATS.of(
        "what the discriminator minimises: -log D(x) of examples less log(1 - D(G(z))) of samples, each a mean. "
        "log 4 = 1.386 where it cannot tell them apart"
    ),
    "generator_loss": NATS.of("what the generator minimises, as `options.loss` says"),
    "real_score": CHANCE.of("D(x): how probably real the discriminator finds examples; mean"),
    "fake_score": CHANCE.of("D(G(z)): how probably real the discriminator finds samples of the generator; mean"),
    "generator_gradient": PLAIN.of("Euclidean norm of the gradient of the generator's own loss, by its parameters"),
    "minimax_gradient": PLAIN.of(
        "what that norm is for the minimax loss, whatever it is trained with: the same networks and samples"
    ),
    "non_saturating_gradient": PLAIN.of(
        "what that norm is for the non-saturating loss, whatever it is trained with: the same networks and samples"
    ),
    "modes": COUNT.of(
        "classes of the data of which the generator makes at least a tenth of what there is of them in the data. It "
        "does not know the classes",
        higher_is_better=True,
    ),
    "on_data": SHARE.of(
        "share of the samples that lie on the data: as near to an example as 99 in 100 examples are to another one",
        higher_is_better=True,
    ),
    "coverage": SHARE.of(
        "share of the examples to which a sample is as near as 99 in 100 examples are to another one",
        higher_is_better=True,
    ),
}


class Player(Settings):
    """One of the two networks, and how it is trained."""

    model: list[Annotated[Any, WithJsonSchema({"type": ["string", "object"]})]] = Field(
        min_length=1, max_length=1000, description="Its layers, as in `model` of other tasks."
    )
    init: str | dict[str, Any] | None = Field(
        default=None, description="How its weights begin; without it as the scenario's `init` says."
    )
    optimizer: dict[str, Any] = Field(
        default_factory=dict,
        examples=[{"rate": 0.0002}],
        description="In what its optimizer differs from the scenario's `optimizer`; with another `name`, all of it.",
    )


class Options(Settings):
    """Settings of the task `gan`."""

    generator: Player = Field(
        description="The network that makes samples of noise; `outputs` stands for the numbers of an example."
    )
    discriminator: Player = Field(
        description="The network that tells samples from examples. Its only output is the logit of being real."
    )
    latent: Whole = Field(
        default=2, ge=1, le=10_000, description="How many numbers of normal noise a sample is made of."
    )
    loss: Literal["non-saturating", "minimax"] = Field(
        default="non-saturating",
        description="What the generator minimises: -log D(G(z)), or log(1 - D(G(z))), which is what the discriminator "
        "maximises.",
    )
    head_start: Whole = adjustable(
        0, "Steps at the beginning in which the discriminator is trained alone.", ge=0, le=1_000_000
    )
    discriminator_steps: Whole = adjustable(
        1,
        "Steps of the discriminator for each one of the generator, which is trained in the last of them.",
        ge=1,
        le=1000,
    )


@task("gan")
class Gan(Task):
    """Two networks against each other: one makes examples of noise, the other tells them from the data.

    In a step the discriminator is trained on a batch of examples and as many samples, and then the generator on new
    samples, as the discriminator finds them now. Only the data's inputs are learned from; its classes serve to count
    which of them the generator makes.

    Paper: Goodfellow and others, "Generative adversarial nets", 2014.
    """

    Options = Options
    goes_through_examples = True
    metrics = METRICS
    pictures = {
        "samples": "examples and samples, and what the discriminator says: in the plane everywhere, of images of each",
        "modes_over_time": "of which classes the generator has made how much, as shares of its samples, over the steps",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Adversaries:
        return Adversaries(scenario, seed, folder, self.options(scenario))
