"""`task: next-word`: a network learns which word comes next, by a softmax over all words or a tree of choices."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.scenario import Scenario
from lab.tasks.task import Task, task
from lab.tasks.words.word_prediction import METRICS, WordPrediction
from lab.validation import Settings


class Options(Settings):
    """Settings of the task `next-word`."""

    output: Literal["tree", "flat"] = Field(
        default="tree",
        description="tree: hierarchical softmax, a choice between left and right at each node of a Huffman tree; "
        "flat: one softmax over all words.",
    )


@task("next-word")
class NextWord(Task):
    """A network learns which word comes next; the layers in `model` stand before a flat or a hierarchical softmax.

    Plain sgd, which changes only those rows of the tables that an example uses: so the time of a step is that of the
    arithmetic, not of going through tables that have a row for every word.
    """

    Options = Options
    goes_through_examples = True
    metrics = METRICS
    pictures = {
        "tree": "the top of the tree of words that a hierarchical softmax walks down",
        "output_units": "how many words there are, and how many output units an example evaluates",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> WordPrediction:
        return WordPrediction(scenario, seed, folder, self.options(scenario).output)
