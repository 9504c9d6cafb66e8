"""`task: vae`: a variational autoencoder, whose loss is a bound of how probable the data are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from lab.metrics.meaning import COUNT, NATS, RATIO, SHARE
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.generative.variational import ACTIVE, Variational
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

Layers = list[Annotated[Any, WithJsonSchema({"type": ["string", "object"]})]]

METRICS = {
    "elbo": NATS.of(
        "the evidence lower bound, less `reconstruction` and less `kl`: mean over examples that are held back. What is "
        "trained for, where `kl_weight` is 1 and `reconstruction` is a sum",
        higher_is_better=True,
    ),
    "train_elbo": NATS.of("the same of training examples", higher_is_better=True),
    "reconstruction": NATS.of(
        "-log p(x|z): what the decoder does not know of an example when it is told its code", higher_is_better=False
    ),
    "kl": NATS.of("KL(q(z|x), p(z)): how much the codes tell of an example, at most"),
    "log_likelihood": NATS.of(
        "estimate of log p(x), mean over the examples held back: importance-weighted, from `samples` codes of each "
        "that the encoder proposes. It is too low by less than the bound, and the nearer, the more codes there are",
        higher_is_better=True,
    ),
    "exact_log_likelihood": NATS.of(
        "log p(x) itself, mean over the examples held back: the integral over all codes as a sum over a grid from -5 "
        "to 5, which can be had of codes of one or two numbers",
        higher_is_better=True,
    ),
    "gap": NATS.of(
        "`log_likelihood` less `elbo`, each from codes of its own: how far the bound is from the estimate above it",
        higher_is_better=False,
    ),
    "active_units": COUNT.of(
        f"numbers of the code of which each has a KL of more than {ACTIVE} nats, mean over examples",
        higher_is_better=True,
    ),
    "walk_jump": RATIO.of(
        "on straight walks between the codes of two examples: the largest change of the image in a step as a multiple "
        "of the mean one; 1 where it changes evenly"
    ),
    "modes": COUNT.of(
        "classes of the data of which samples are made, at least a tenth of what there is of them in the data",
        higher_is_better=True,
    ),
    "on_data": SHARE.of(
        "share of the samples that lie on the data: as near to an example as 99 in 100 examples are to another one",
        higher_is_better=True,
    ),
}


class Options(Settings):
    """Settings of the task `vae`."""

    encoder: Layers = Field(
        min_length=1,
        max_length=1000,
        description="Layers from an example to mean and logarithm of the variance of each number of its code: "
        "`outputs` stands for twice `latent`.",
    )
    decoder: Layers = Field(
        min_length=1,
        max_length=1000,
        description="Layers from a code to the example; `outputs` stands for its numbers.",
    )
    latent: Whole = Field(default=2, ge=1, le=1000, description="How many numbers a code has.")
    likelihood: Literal["bernoulli", "normal"] = Field(
        default="bernoulli",
        description="bernoulli: the decoder gives the logit of each pixel, which is 0 or 1; normal: the mean of each "
        "number, around which it is normal with the deviation `deviation`.",
    )
    deviation: Real = Field(default=1.0, gt=0, le=1e3, description="Standard deviation of `likelihood: normal`.")
    reconstruction: Literal["sum", "mean"] = Field(
        default="sum",
        description="How the loss takes -log p(x|z) together over the numbers of an example. The bound is a sum; the "
        "mean is a mistake that many programs make.",
    )
    kl_weight: Real = adjustable(
        1.0, "What the KL is multiplied by in the loss. Only with 1 the loss is a bound.", ge=0, le=1e6
    )
    samples: Whole = Field(
        default=32, ge=1, le=1000, description="How many codes of each example are drawn when it is measured."
    )


@task("vae")
class Vae(Task):
    """A variational autoencoder: an encoder proposes where the code of an example may lie, a decoder makes it of that.

    Codes are normal: z = mean + deviation · noise, with mean and deviation from the encoder, and pay with their KL to
    the standard normal, of which new examples are made. Metrics are of at most 200 examples that are held back, with
    the same noise every time, and are in nats for an example, whatever the loss is.

    Formula: log p(x) >= E[log p(x|z)] - KL(q(z|x), p(z)), the ELBO;
    log p(x) >= E[log mean of p(x|z) p(z) / q(z|x) over `samples` codes], which is nearer.

    Paper: Kingma and Welling, "Auto-encoding variational Bayes", 2013; Burda, Grosse and Salakhutdinov, "Importance
    weighted autoencoders", 2015.
    """

    Options = Options
    metrics = METRICS
    targets = "classes"
    goes_through_examples = True
    pictures = {
        "latent_grid": "images of a grid of codes, at equal shares of the normal distribution; of codes with more than "
        "two numbers, those with the largest KL change, the others are 0",
        "latent_walk": "walks between the codes of two examples that are held back, one in each row",
        "codes": "the codes of the examples held back, their two numbers with the largest KL, by class",
        "kl_of_units": "the KL of each number of the code, mean over examples: 0 where it tells nothing",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Variational:
        return Variational(scenario, seed, folder, self.options(scenario))
