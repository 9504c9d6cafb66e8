"""A network that predicts words, in training: the experiment behind `next-word`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lab.errors import InvalidValue
from lab.graph import Tensor, assign, data, scope
from lab.graph.tensor import Call, Storage
from lab.metrics.meaning import COUNT, MICROSECONDS, NATS, PLAIN
from lab.nets.builder import BuiltLayer
from lab.nets.initialisers import generator
from lab.nets.layers.embedding import Embedding
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.tables import Table
from lab.nets.training_step import training_step
from lab.pictures import Bars, Picture
from lab.scenario import Scenario
from lab.tasks.programs import ProgramExperiment
from lab.tasks.stopwatch import Stopwatch, Timed
from lab.tasks.training.batches import batch
from lab.tasks.training.data import load_split
from lab.tasks.words.word_outputs import FlatOutput, TreeOutput

PROBE_LIMIT = 256
SUMMED = 16
"""Of so many examples the probabilities of all words are computed and added up."""

METRICS = {
    "loss": NATS.of("mean of -log P(right word) over 256 examples of the training set", higher_is_better=False),
    "rate": PLAIN.of("the learning rate"),
    "nodes": COUNT.of(
        "output units that are evaluated per example: inner nodes from the root to the right word, mean over 256 "
        "examples; for a flat softmax the number of words",
        higher_is_better=False,
    ),
    "tree_depth": COUNT.of("the longest way from the root of the tree to a word", higher_is_better=False),
    "probability_sum": PLAIN.of(
        "sum of the probabilities of all words; of 16 examples, the one that is furthest from 1"
    ),
    "step_time": Timed(
        "processor time of one training step in µs, median over the slices in which the training runs", MICROSECONDS
    ),
}


class WordPrediction(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`. `output`: tree or flat."""

    network: Network

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, output: str) -> None:
        super().__init__(scenario.train.steps, seed)
        self.scenario, self.folder = scenario, folder
        self.split = load_split(scenario, seed, folder, "classes")
        train = self.split.train
        given = scenario.optimizer
        if given.name != "sgd" or given.extra:
            raise InvalidValue(("optimizer",), "this task trains with plain sgd, which has a rate and nothing else.")
        self.network = Network(
            scenario.model,
            scenario.init,
            train.outputs,
            seed,
            self.adjustable,
            tables_apart=True,
            blocks=scenario.blocks,
        )
        x, y = batch(scenario.train.batch, data(train.numbers, "inputs"), data(train.targets, "targets"))
        hidden, parts = self.network.apply(x, training=True)
        self.network.require_symbols(train.inputs)
        if self.network.gated:
            raise InvalidValue(("model",), "this task trains all layers in every step: `survive` is not possible here.")
        if len(hidden.shape) != 2:
            raise InvalidValue(
                ("model",), f"must end in one row of numbers per example, not in {list(hidden.shape[1:])}."
            )
        self.output = (TreeOutput if output == "tree" else FlatOutput)(self.network, hidden.shape[1], train)
        with scope("output"):
            loss = self.output.loss(hidden, y)
        step = training_step(
            loss, self.network, optimizer(given.name, given.given), self.adjustable, tables=self._tables(parts, loss)
        )
        self._kept = Storage("statistics")
        self.lay_out({"step": step.program, "measure": self._metric_program()})
        known = {"tree_depth": self.output.depth is not None}
        self.metrics = tuple(name for name in scenario.watch if known.get(name, True))
        self.watch = Stopwatch()

    def _tables(self, parts: Sequence[BuiltLayer], loss: Tensor) -> list[Table]:
        """What a step changes only the rows in use of: the embeddings, and what the output has of that kind."""
        members = self.network.tables.members
        found = [
            Embedding.table(each, members[f"{each.name}.weight"]) for each in parts if each.layer.name == "embedding"
        ]
        return found + self.output.tables(loss)

    def _metric_program(self) -> list[Tensor | Call]:
        train = self.split.train
        chosen = np.sort(generator(self.seed, "probe set").permutation(train.count)[:PROBE_LIMIT])
        self._probe_words = train.targets[chosen]
        inputs, words = data(train.inputs[chosen], "probe inputs"), data(self._probe_words, "probe targets")
        program: list[Tensor | Call] = []
        hidden, _ = self.network.apply(inputs, training=False)
        with scope("measure"):
            if "loss" in self.scenario.watch:
                program.append(assign(self.output.loss(hidden, words), self._kept.member("loss", (1,))))
        if "probability_sum" in self.scenario.watch:
            some = min(SUMMED, len(chosen))
            hidden, _ = self.network.apply(data(train.inputs[chosen[:some]], "summed inputs"), training=False)
            with scope("measure"):
                program.append(assign(self.output.sums(hidden), self._kept.member("sums", (some,))))
        return program

    def prepare(self) -> None:
        """Take the memory and draw the first weights."""
        super().prepare()
        self.begin(self.network, self.folder)
        self.time_steps(self.watch)

    def measure(self) -> dict[str, float]:
        self.run_beside("measure")
        kept = {name: self.layout.view(self.memory, place) for name, place in self._kept.members.items()}
        values = {"rate": self.settings()["optimizer.rate"], "nodes": self.output.nodes(self._probe_words)}
        if "loss" in kept:
            values["loss"] = float(kept["loss"][0])
        if "sums" in kept:
            values["probability_sum"] = float(kept["sums"][np.abs(kept["sums"] - 1).argmax()])
        if self.output.depth is not None:
            values["tree_depth"] = float(self.output.depth)
        if self.watch.samples:
            values["step_time"] = self.watch.median * 1e6
        return {name: values[name] for name in self.metrics if name in values}

    def pictures(self) -> list[Picture]:
        cost = {"words": float(self.split.train.outputs), "evaluated per example": self.output.nodes(self._probe_words)}
        if self.output.depth is not None:
            cost["longest way to a word"] = float(self.output.depth)
        bars = Bars("Output units", cost, log=True, name="output_units")
        return [*self.output.pictures(), bars]

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.network.kept)
