"""`task: embed`: examples of many features become points in a plane, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.metrics.meaning import NATS, SHARE
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.embedding.embedding import Embedding
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

METRICS = {
    "neighbour_accuracy": SHARE.of(
        "of how many points the nearest other point in the plane is an example of the same class", higher_is_better=True
    ),
    "original_accuracy": SHARE.of("the same with all features, before anything is left out", higher_is_better=True),
    "chance_accuracy": SHARE.of("the same for neighbours that are drawn at random"),
    "explained": SHARE.of(
        "of `pca` and `random`: which share of the examples' variance the two directions have", higher_is_better=True
    ),
    "divergence": NATS.of(
        "of `tsne`: the Kullback-Leibler divergence from who is near whom with all features to who is near whom in the "
        "plane, which t-SNE makes small; nothing in it is exaggerated",
        higher_is_better=False,
    ),
}


class Options(Settings):
    """Settings of the task `embed`."""

    method: Literal["pca", "tsne", "random"] = Field(
        description="pca: the two directions in which the examples differ most, found by multiplying with their "
        "covariance again and again; tsne: points that attract and repel each other; random: two directions by chance."
    )
    perplexity: Real = Field(
        default=30, ge=2, le=1000, description="Of `tsne`: about how many neighbours each point cares for."
    )
    learning_rate: Real | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="Of `tsne`; the number of examples / exaggeration / 4, but at least 50, if nothing is said.",
    )
    exaggeration: Real = adjustable(12.0, "Of `tsne`: by what attraction is multiplied at first.", ge=1, le=1000)
    exaggerated_steps: Whole = Field(
        default=100,
        ge=0,
        le=1_000_000,
        description="Of `tsne`: in so many steps attraction is exaggerated, and momentum is 0.5; then it is 0.8.",
    )


@task("embed")
class Embed(Task):
    """Examples of many features become points in a plane, by PCA or by t-SNE; labels only colour them, and tell how
    good it is.

    Features are centred first. A step of `pca` is one multiplication with the covariance (orthogonal iteration), one of
    `tsne` moves every point once, by the forces of all others (no approximation, so at most 5,000 examples).

    Paper: van der Maaten and Hinton, "Visualizing data using t-SNE", 2008.
    """

    Options = Options
    metrics = METRICS
    targets = "classes"
    pictures = {
        "plane": "the examples as points in the plane, by class; both axes in units of the root of the points' mean "
        "squared distance from their middle, since planes of different methods have sizes of their own"
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Embedding:
        return Embedding(scenario, seed, folder, self.options(scenario))
