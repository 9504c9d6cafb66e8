"""`task: cluster`: k-means, from one of several kinds of starts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.metrics.meaning import COUNT, SHARE, Unit
from lab.scenario import Scenario
from lab.tasks.generative.k_means import KMeans
from lab.tasks.task import Task, task
from lab.validation import Settings, Whole

SQUARED = Unit("squared units of the data")

METRICS = {
    "inertia": SQUARED.of(
        "squared distance of training examples to the nearest centre, mean; of the best start", higher_is_better=False
    ),
    "val_inertia": SQUARED.of("the same of examples that are held back", higher_is_better=False),
    "worst_inertia": SQUARED.of("the same of the training examples, and of the worst start", higher_is_better=False),
    "moved": Unit("units of the data").of("how far the centre went in this step that went furthest, of the best start"),
    "purity": SHARE.of(
        "share of the examples that are of the most frequent class of their cluster", higher_is_better=True
    ),
    "classes_found": COUNT.of(
        "classes that are the most frequent one of a cluster. Training does not know the classes", higher_is_better=True
    ),
}


class Options(Settings):
    """Settings of the task `cluster`."""

    clusters: Whole = Field(ge=1, le=1000, description="How many centres there are.")
    start: Literal["examples", "spread", "box"] = Field(
        default="spread",
        description="Where centres begin. examples: at examples drawn at random; spread: at examples, each drawn with "
        "a chance in proportion to its squared distance to the nearest centre so far (k-means++); box: anywhere "
        "between the smallest and the largest value of each feature.",
    )
    restarts: Whole = Field(
        default=1, ge=1, le=100, description="How many starts are made, side by side; the best one is told of."
    )


@task("cluster")
class Cluster(Task):
    """k-means: every example belongs to the nearest centre, and every centre goes to the mean of its examples.

    A step is one such change for all examples and all starts (Lloyd's algorithm). `optimizer`, `init` and `batch` are
    not used.

    Formula: inertia = mean over examples of min over k of |x - centre k|², which no step makes larger.

    Paper: Lloyd, "Least squares quantization in PCM", 1957, published 1982; Arthur and Vassilvitskii, "k-means++: the
    advantages of careful seeding", 2007.
    """

    Options = Options
    metrics = METRICS
    targets = "classes"
    pictures = {
        "clusters": "examples in the plane, and the centres of the best start, by whether they have a class for "
        "themselves, share one or have several; of more than two features the first two",
        "centres": "the centres of images, as images, each with the most frequent class of its cluster",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> KMeans:
        return KMeans(scenario, seed, folder, self.options(scenario))
