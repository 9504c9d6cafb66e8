"""`task: translate`: a network reads a whole sequence, and then writes another one."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field as Setting

from kernels.sequence_loss import count_right_steps
from lab.data import Data, Split
from lab.errors import InvalidValue
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.graph.tensor import call
from lab.metrics.meaning import NATS, SHARE
from lab.nets.sequence_states import SequenceStates
from lab.pictures import Curves, Picture, Table
from lab.scenario import Scenario
from lab.tasks.figures.attention import attention_map
from lab.tasks.sequences import caption
from lab.tasks.sequences.beam_search import beam_search
from lab.tasks.sequences.caption import Captioning, spoken
from lab.tasks.sequences.stepwise_writer import StepwiseWriter
from lab.tasks.sequences.transcribe import meanings_of_sequences
from lab.tasks.sequences.word_training import Examples, Judged
from lab.tasks.task import Task, task
from lab.tasks.training.data import load_split
from lab.validation import Whole

SEARCHED = 64
"""Of so many held-out sequences the beam is searched."""
TOLD = 8
LONG = 0.75
"""Sequences are long that have at least this share of the length of the longest one."""
ON_HOST = ("beam_accuracy", "greedy_accuracy", "beam_gain")

METRICS = meanings_of_sequences() | {
    "accuracy": SHARE.of(
        "share of the measured training sequences of which every symbol is written right, to the end",
        higher_is_better=True,
    ),
    "val_accuracy": SHARE.of(
        "share of the measured held-out sequences of which every symbol is written right, to the end",
        higher_is_better=True,
    ),
    "forced_words": SHARE.of(
        "share of symbols of held-out sequences that are written right, each behind the right ones",
        higher_is_better=True,
    ),
    "free_words": SHARE.of(
        "share of symbols of held-out sequences that are written right, each behind its own ones", higher_is_better=True
    ),
    "long_words": SHARE.of(
        f"`free_words` of those sequences that have at least {LONG:.0%} of the length of the longest one",
        higher_is_better=True,
    ),
    "greedy_accuracy": SHARE.of(
        f"share of {SEARCHED} held-out sequences that are right when the likeliest symbol is taken each time",
        higher_is_better=True,
    ),
    "beam_accuracy": SHARE.of(
        f"share of {SEARCHED} held-out sequences that are right by beam search", higher_is_better=True
    ),
    "beam_gain": NATS.of(
        "by how much, in nats, what beam search finds is likelier than what the likeliest symbols make: the "
        "mean of these sequences",
        higher_is_better=True,
    ),
}


class Options(caption.Options):
    """Settings of the task `translate`."""

    beam: Whole = Setting(
        default=4, ge=1, le=1000, description="Of beam search: so many beginnings are kept at each step."
    )


@task("translate")
class Translate(Task):
    """A network reads a whole sequence of symbols and then writes another one: trained with the right symbols so far
    (teacher forcing), measured with its own as well, greedily and by beam search.

    The layers in `model` end in a `writer`, which sees the states of all steps (attention), or one code of everything
    if the layer before it has `return: last`.
    """

    Options = Options
    goes_through_examples = True
    metrics = METRICS
    pictures: ClassVar = {
        "attention": "where the network looks in the first shown sequence: a row for each symbol written, bright "
        "at the symbols read",
        "by_length": "share of symbols written right, free running, by the length of what was read",
        "written": "what is written of sequences that were held back, greedily and by beam search",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Translating:
        split = load_split(scenario, seed, folder, "classes")
        inputs = split.train.inputs
        if split.train.targets.ndim != 2 or inputs.ndim != 2 or not np.array_equal(inputs, np.floor(inputs)):
            raise InvalidValue(("data",), "this task reads and writes symbols, as in {name: rewrites}.")
        return Translating(scenario, seed, folder, self.options(scenario), split)


class Translating(Captioning):
    """One replica; see `lab.tasks.task.Experiment`."""

    most_shown = 256

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Options, split: Split) -> None:
        super().__init__(scenario, seed, folder, options, split)
        if any(name in self.metrics for name in ON_HOST):
            self.host_measurements.append(Translating._search)

    def states(self, examples: Examples, words: Tensor | None = None, length: int = 0) -> SequenceStates:
        """Sequences end before their first symbol 0."""
        mask = f.minimum(examples.inputs, constant(1.0))
        return SequenceStates(mask=mask, words=words, length=length)

    def measured_too(self, judged: Judged, examples: Examples, data: Data) -> dict[str, Tensor]:
        shares = super().measured_too(judged, examples, data)
        batch, length = examples.targets.shape
        lengths = lengths_of(data.numbers)
        long = constant((lengths >= LONG * lengths.max())[:, None].astype(np.float32), "long")
        counted = f.multiply(spoken(examples.targets), f.broadcast(long, (batch, length)))
        states = self.states(examples, length=length)
        free, _ = self.network.apply(examples.inputs, training=False, sequence=states)
        rows = free.reshape(batch * length, -1), examples.targets.reshape(batch * length), counted.reshape(-1)
        right = call(count_right_steps, *rows, steps=length).results[0]
        return shares | {"long_words": f.divide(right, f.sum(counted))}

    # Beam search

    def extra(self) -> tuple[str, ...]:
        return (*super().extra(), *ON_HOST)

    @functools.cached_property
    def _searched(self) -> Data:
        return self.shown.rows(np.arange(min(SEARCHED, self.shown.count)))

    @functools.cached_property
    def _writers(self) -> dict[int, StepwiseWriter]:
        searched = self._searched
        return {
            width: StepwiseWriter(self.network, searched.count, width, searched.inputs.shape[1])
            for width in {1, self.options.beam}
        }

    def written(self, width: int) -> tuple[np.ndarray, np.ndarray]:
        """What a beam of this width writes of some held-back sequences, and how likely that is, see `beam_search`."""
        writer, searched = self._writers[width], self._searched
        numbers = self.numbers(self.network.kept) | self.numbers(self.network.settings.storage.members)
        writer.begin(numbers, searched.numbers)
        return beam_search(writer, searched.count, width, searched.targets.shape[1])

    def _search(self) -> dict[str, float]:
        right = self._searched.targets
        (greedy, first), (best, last) = self.written(1), self.written(self.options.beam)
        found = {
            "greedy_accuracy": float((greedy == right).all(axis=1).mean()),
            "beam_accuracy": float((best == right).all(axis=1).mean()),
            "beam_gain": float((last - first).mean()),
        }
        return {name: value for name, value in found.items() if name in self.metrics}

    # What there is to see

    def pictures(self) -> list[Picture]:
        seen = self.seen()
        free = seen["words"].astype(int).reshape(self.shown.targets.shape)
        made = [self._by_length(free), self._table()]
        if "weights" in seen:
            made.insert(0, self._map(free[0], seen["weights"][0]))
        return made

    def _map(self, written: np.ndarray, weights: np.ndarray) -> Picture:
        """The weights of all places [steps, places] for the first shown sequence, as far as it is written and read."""
        classes = self.split.train.classes
        read, text = (spelled(each, classes) for each in (self.shown.numbers[0], written))
        return attention_map("Where it looks", weights[: len(text) + 1, : len(read)], f"reads {read}", f"writes {text}")

    def _by_length(self, written: np.ndarray) -> Picture:
        lengths, targets = lengths_of(self.shown.numbers), self.shown.targets
        counted = np.cumsum(targets == 0, axis=1) <= 1
        hits = ((written == targets) & counted).sum(axis=1), counted.sum(axis=1)
        x = np.unique(lengths)
        shares = [hits[0][lengths == each].sum() / hits[1][lengths == each].sum() for each in x]
        return Curves(
            "Right symbols by length", x.astype(np.float32), {"right": np.array(shares, np.float32)},
            x_label="symbols read", y_label="share", extent=(float(x[0]), float(x[-1]), 0.0, 1.0), name="by_length",
        )  # fmt: skip

    def _table(self) -> Picture:
        classes, searched = self.split.train.classes, self._searched
        (greedy, _), (best, chances) = self.written(1), self.written(self.options.beam)
        rows = []
        for place in range(min(TOLD, searched.count)):
            read, right, first, other = (
                spelled(each[place], classes) for each in (searched.numbers, searched.targets, greedy, best)
            )
            told = f"{np.exp(chances[place]):.0%}"
            rows.append((read, first, "the same" if other == first else other, told, "" if other == right else right))
        return Table(
            "What it writes",
            ("read", "greedy", f"beam of {self.options.beam}", "chance", "right would be"),
            tuple(rows),
            name="written",
        )


def lengths_of(symbols: np.ndarray) -> np.ndarray:
    """How many symbols stand before the first 0 in each row [n, time]: [n]."""
    closed = np.hstack([symbols, np.zeros((len(symbols), 1))])
    found: np.ndarray = np.argmax(closed == 0, axis=1)
    return found


def spelled(symbols: np.ndarray, classes: tuple[str, ...]) -> str:
    """Symbols up to the end as a text."""
    return "".join(classes[int(each)] for each in symbols[: lengths_of(symbols[None])[0]])
