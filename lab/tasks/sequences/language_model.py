"""`task: language-model`: a network learns which symbol of a text comes next, and writes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.scenario import Scenario
from lab.tasks.sequences.language_training import METRICS, LanguageTraining
from lab.tasks.sequences.text_units import Property
from lab.tasks.task import Task, task
from lab.tasks.training.data import load_split
from lab.validation import Real, Settings, Whole


class Options(Settings):
    """Settings of the task `language-model`."""

    window: Whole = Field(
        default=50, ge=1, le=100_000, description="Symbols that are read in one step, over which gradients go back."
    )
    state: Literal["carried", "reset"] = Field(
        default="carried",
        description="carried: each window begins with the state in which the one before it ended; reset: with zeros.",
    )
    look_ahead: Literal["refused", "allowed"] = Field(
        default="refused",
        description="What becomes of layers that look at later symbols, such as attention without `causal: true`, and "
        "so have read what they are to predict; allowed: they are trained all the same, to see what comes of it.",
    )
    choose: Literal["sample", "argmax"] = Field(
        default="sample", description="sample: draw the next symbol; argmax: take the likeliest one."
    )
    temperature: Real = Field(
        default=0.8, gt=0, le=100, allow_inf_nan=False, description="Divides the logits of the samples before softmax."
    )
    top_k: Whole | None = Field(default=None, ge=1, description="Draw only among so many likeliest symbols.")
    primer: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Text that each sample goes on from; by default the end of a line, or how the text begins.",
    )
    sample: Whole = Field(default=300, ge=20, le=5000, description="Symbols of a sample.")
    follow: Property | None = Field(
        default=None, description="What units are searched for that follow it; by default everything that there is."
    )
    unit: Whole | None = Field(
        default=None,
        ge=0,
        description="Unit of the last recurrent layer by which text is coloured, whatever it follows.",
    )


@task("language-model")
class LanguageModel(Task):
    """A network learns which symbol of a text comes next, and writes: each character it has drawn is its next input.

    As many readers as `train.batch` says go through the text, each through a part of its own, window after window.
    The layers in `model` end in `{dense: classes}`. What remembers is a recurrent layer, whose state goes from
    window to window, or `multi_head_attention`, `transformer` with `causal: true` or `conv1d` with `padding:
    causal`, which look at the symbols of the window alone. The pictures: samples of the same primer as training
    goes on, a fan of temperatures, text coloured by units that follow something and by their gates, and how the
    network does when it is fed with what it has drawn itself. With `data.tokens: words` symbols are words.
    """

    Options = Options
    writes = True
    metrics = METRICS
    pictures = {
        "samples": "what the network writes, the newest sample first, and how many of its words are words of the text",
        "temperatures": "what it writes at several temperatures, from the same random numbers",
        "attention": "where a network that attends looks while it reads text held back, a picture for each head",
        "next_symbol": "the likeliest next symbols behind the primer",
        "units": "text, coloured by single units that follow something, such as quotes or the place in a line",
        "gates": "text, coloured by the gates of the first such unit, where the layer has gates",
        "free_running": "the cost of each true symbol, fed with the text and with what the network has drawn",
    }

    def steps_per_epoch(self, scenario: Scenario, folder: Path | None) -> Fraction:
        """Each reader goes through its part of the text window after window, and then again."""
        count, readers = load_split(scenario, scenario.train.seed, folder, "classes").train.count, scenario.train.batch
        windows = 0 if isinstance(readers, str) else count // readers // self.options(scenario).window
        return Fraction(max(windows, 1))  # what is wrong with the readers is told when it is built

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> LanguageTraining:
        return LanguageTraining(scenario, seed, folder, self.options(scenario))
