"""A language model in training: the experiment behind `language-model`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kernels.arrays import copy
from kernels.text import carried_state, read_windows
from lab.data.vocabularies import Vocabulary
from lab.errors import InvalidValue
from lab.graph import Tensor, data, scope
from lab.graph import functions as f
from lab.graph.tensor import Storage, call
from lab.metrics import DeviceMetrics, MeasuredNetwork, device_metric_meanings
from lab.metrics.meaning import BYTES, CHARACTERS, DIFFERENCE, MICROSECONDS, NATS, PLAIN, SHARE
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.sequence_states import SequenceStates
from lab.nets.training_step import UNCLIPPED, training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.programs import ProgramExperiment
from lab.tasks.sequences.probes import Probes, primer_of
from lab.tasks.sequences.sampling import Choice, looking_ahead, looks_back
from lab.tasks.stopwatch import Stopwatch, Timed
from lab.tasks.training.classify import count_correct
from lab.tasks.training.data import load_split

READERS, STEPS = 16, 256
"""The loss is measured on so many stretches of the text, of so many symbols each, at equal distances."""
SHOWN = 12
"""Samples of so many moments are kept."""
METRICS = device_metric_meanings("classes") | {
    "loss": NATS.of(
        "mean of -log P(next symbol), in nats, over 16 stretches of the training text at equal distances",
        higher_is_better=False,
    ),
    "val_loss": NATS.of(
        "mean of -log P(next symbol), in nats, over 16 stretches of the text that was held back", higher_is_better=False
    ),
    "accuracy": SHARE.of(
        "share of symbols of the measured training text that were the likeliest one", higher_is_better=True
    ),
    "val_accuracy": SHARE.of(
        "share of symbols of the measured held-back text that were the likeliest one", higher_is_better=True
    ),
    "held_loss": NATS.of(
        "mean of -log P(next symbol), in nats, over all of the text that was held back, read once from its "
        "beginning with its state carried",
        higher_is_better=False,
    ),
    "forced_loss": NATS.of(
        "mean of -log P(true symbol), in nats, over 32 symbols behind each of 64 true beginnings, while the "
        "network is fed with the text, as in training",
        higher_is_better=False,
    ),
    "free_loss": NATS.of(
        "the same while the network is fed with the symbols that it draws itself, at temperature 1",
        higher_is_better=False,
    ),
    "followed": PLAIN.of(
        "largest correlation, without its sign, of a unit with what `options.follow` names (or with that which "
        "one follows best)"
    ),
    "real_words": SHARE.of("share of the words of a sample that occur in the text", higher_is_better=True),
    "copied": CHARACTERS.of("characters of the longest stretch of a sample that stands in the training text as it is"),
    "repetition": SHARE.of(
        "share of the stretches of 8 characters of a sample that occurred in it before", higher_is_better=False
    ),
    "shift": DIFFERENCE.of("largest change of a probability of the next symbol when 1,000 is added to all its logits"),
    "mass": PLAIN.of(
        "logarithm of the sum of e to the power of all logits of the next symbol; 0 if they were logarithms "
        "of probabilities"
    ),
    "memory": BYTES.of(
        "bytes that one training step needs for what it computes, beside weights, gradients and text",
        higher_is_better=False,
    ),
    "step_time": Timed(
        "processor time of one training step in µs, median over the slices in which the training runs", MICROSECONDS
    ),
}
ON_HOST = (
    "held_loss", "forced_loss", "free_loss", "followed", "real_words", "copied", "repetition", "shift", "mass",
    "memory", "step_time",
)  # fmt: skip


class LanguageTraining(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`. `options`: those of the task `language-model`."""

    network: Network

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario.train.steps, seed)
        self.scenario, self.folder, self.options = scenario, folder, options
        self.split = load_split(scenario, seed, folder, "classes")
        train = self.split.train
        if train.features not in (("character",), ("word",)):
            raise InvalidValue(("data",), "a language model needs a text, such as {name: plays} or {text: path}.")
        self.vocabulary = Vocabulary(train.classes)
        self.text = np.append(train.inputs[:, 0], train.targets[-1]).astype(np.int64)
        held = self.split.validation
        self.held = self.text if held is None else np.append(held.inputs[:, 0], held.targets[-1]).astype(np.int64)
        self.primer = primer_of(options.primer, self.vocabulary, self.text)
        window, readers = options.window, self._readers()
        self.network = Network(scenario.model, scenario.init, train.outputs, seed, self.adjustable)
        rule = optimizer(scenario.optimizer.name, scenario.optimizer.given)
        with scope("batch"):
            text = data(self.text, "text")
            x, y = call(read_windows, text, shapes=[(readers, window)] * 2).results
        self._names, parts = self._state_names()
        self._windowed = looks_back(parts)
        self.probes = Probes(
            self.network, parts, self._names, self.vocabulary, self.text, self.held, self.primer, options, seed
        )
        kept = Storage("states")
        self.stored = {name: kept.member(f"text {name}", (readers, width)) for name, width in self._names.items()}
        period = ((len(self.text) - 1) // readers) // window
        first = {}
        if options.state == "carried":
            with scope("state"):
                first = {name: call(carried_state, each, period=period).result for name, each in self.stored.items()}
        sequence = SequenceStates(first)
        output, self.layers = self.network.apply(x, training=True, sequence=sequence)
        self.network.require_symbols(np.array([train.outputs - 1]))
        with scope("loss"):
            loss = self._loss(output, y)
        step = training_step(loss, self.network, rule, self.adjustable, measure_unclipped=UNCLIPPED in scenario.watch)
        self.gradients = step.gradients
        carries: list[Any] = []
        if options.state == "carried":
            for name, place in self.stored.items():
                made = call(copy, sequence.last[name])
                made.result.target = place
                carries.append(made.result)
        self.device_metrics = DeviceMetrics(scenario.watch)
        self._measured_network(step)
        watched = set(scenario.watch)
        self._host = [name for name in ON_HOST if name in watched]
        extra = tuple(name for name in scenario.watch if name in self._host)
        self.metrics = (*self.device_metrics.metrics, *extra)
        self.host_measurements.append(LanguageTraining._measure_on_host)
        self.watch = Stopwatch()
        self.samples: list[tuple[int, np.ndarray]] = []
        self.lay_out(
            {
                "step": [*step.program, *carries],
                "gradient": step.gradient_program,
                "measure": self.device_metrics.program,
                "remember": self.device_metrics.remember,
            }
        )
        if self.network.given:
            self.network.first_values(folder)

    def _readers(self) -> int:
        size = self.scenario.train.batch
        if isinstance(size, str):
            raise InvalidValue(("train", "batch"), "must be a number here: so many readers go through the text.")
        if size * self.options.window >= len(self.text):
            raise InvalidValue(
                ("options", "window"),
                f"{size:,} readers of {self.options.window:,} symbols need a text of more than "
                f"{size * self.options.window:,} symbols, but there are {len(self.text):,} to train on.",
            )
        return size

    def _state_names(self) -> tuple[dict[str, int], list[BuiltLayer]]:
        """The recurrent states of the network and their widths, and its layers; found by building it once."""
        states, window = SequenceStates(), self.options.window
        output, parts = self.network.apply(data(np.zeros((1, window)), "symbols"), training=False, sequence=states)
        if output.shape != (1, window, self.split.train.outputs):
            raise InvalidValue(
                ("model", len(self.scenario.model) - 1),
                f"the network must end in {self.split.train.outputs} numbers for each symbol, [batch, time, classes], "
                f"as `{{dense: classes}}` gives behind a recurrent layer, not in {list(output.shape[1:])}.",
            )
        self._check_order(states, parts)
        self._check_unit(states.seen)
        return {name: tensor.shape[1] for name, tensor in states.last.items()}, parts

    def _check_order(self, states: SequenceStates, parts: list[BuiltLayer]) -> None:
        """Raise InvalidValue for a network that has read what it is to predict, or that cannot write here."""
        if any("backward" in name for name in states.last):
            raise InvalidValue(("model",), "a network that reads backwards has seen what it is to predict.")
        if states.last and looks_back(parts):
            first = next(part.name for part in parts if part.layer.other_steps()[0])
            raise InvalidValue(
                ("model",),
                f"recurrent layers carry what they have read, and {first} looks at a window anew: a language model has "
                "one or the other.",
            )
        ahead = looking_ahead(parts)
        if ahead and self.options.look_ahead == "refused":
            raise InvalidValue(
                ("model",),
                f"{ahead[0]} looks at later symbols, and so has read what it is to predict: attention needs `causal: "
                "true`, a convolution `padding: causal` (`options: {look_ahead: allowed}` trains it all the same).",
            )
        if unable := [each.name for each in parts if each.layer.other_steps()[1] and not each.layer.knows_padding]:
            raise InvalidValue(
                ("model",), f"{unable[0]} would count the places behind what is written so far, which are empty."
            )

    def _check_unit(self, seen: dict[str, Tensor]) -> None:
        widths = [tensor.shape[2] for name, tensor in seen.items() if name.endswith(".states")]
        unit = self.options.unit
        if unit is not None and unit >= (widths[-1] if widths else 0):
            message = f"there is no unit {unit}: the last recurrent layer has {widths[-1]:,}, the first is number 0."
            raise InvalidValue(("options", "unit"), message if widths else "the network has no recurrent layer.")

    def _loss(self, output: Tensor, following: Tensor) -> Tensor:
        return f.softmax_cross_entropy(output.reshape(following.size, -1), following.reshape(following.size))

    def _stretches(self, text: np.ndarray) -> tuple[Tensor, Tensor]:
        """Stretches of a text at equal distances and what follows each symbol, [readers, steps]. Who looks at a window
        alone reads no more than one at a time, but as many symbols in all."""
        readers, steps = READERS, STEPS
        if self._windowed and self.options.window < steps:
            readers, steps = READERS * STEPS // self.options.window, self.options.window
        readers = min(readers, len(text) - 1)
        steps = min(steps, (len(text) - 1) // readers)
        places = np.arange(readers)[:, None] * ((len(text) - 1) // readers) + np.arange(steps)
        return data(text[places], "measured symbols"), data(text[places + 1], "measured next symbols")

    def _measured_network(self, step: Any) -> None:
        x, y = self._stretches(self.text)
        output, parts = self.network.apply(x, training=False, sequence=SequenceStates())
        with scope("measure"):
            rows, wanted = output.reshape(y.size, -1), y.reshape(y.size)
            loss, correct = self._loss(output, y), count_correct(rows, wanted)
        held = self.split.validation
        held_loss = held_correct = held_rows = held_wanted = None
        if held is not None and any(name.startswith("val_") for name in self.scenario.watch):
            x, held_y = self._stretches(self.held)
            output, _ = self.network.apply(x, training=False, sequence=SequenceStates())
            with scope("measure"):
                held_rows, held_wanted = output.reshape(held_y.size, -1), held_y.reshape(held_y.size)
                held_loss, held_correct = self._loss(output, held_y), count_correct(held_rows, held_wanted)
        measured = MeasuredNetwork(
            kind="classes",
            watch=frozenset(self.scenario.watch),
            parts=parts,
            parameters=self.network.parameters,
            gradients=step.gradients,
            loss=loss,
            correct=correct,
            count=y.size,
            validation_loss=held_loss,
            validation_correct=held_correct,
            validation_count=held_wanted.size if held_wanted is not None else 0,
            keep=self.device_metrics.keep,
            keep_all=self.device_metrics.keep_all,
            remember=self.device_metrics.copy_before_step,
            rate=step.learning_rate,
            unclipped=step.unclipped,
            answers=rows,
            targets=wanted,
            validation_answers=held_rows,
            validation_targets=held_wanted,
            classes=self.split.train.classes,
        )
        with scope("measure"):
            self.device_metrics.build(measured)

    # While it runs

    def prepare(self) -> None:
        """Take the memory, draw the first weights, and compute the gradient that the first step will use."""
        super().prepare()
        self.begin(self.network, self.folder)
        self.run_beside("gradient")
        if "step_time" in self._host:
            self.time_steps(self.watch)

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        return self.device_metrics.values_of(self.layout, numbers, first, step)

    def _measure_on_host(self) -> dict[str, float]:
        values: dict[str, float] = {}
        numbers, probes = self._numbers(), self.probes
        written = probes.write(numbers, [self.choice], self.options.sample, "sample")[0]
        self._remember(written[0])
        values |= probes.of_sample(written[0])
        if "held_loss" in self._host:
            values["held_loss"] = probes.held_loss(numbers)
        if {"forced_loss", "free_loss"} & set(self._host):
            forced, free = probes.forced_and_free(numbers)
            values |= {"forced_loss": float(forced.mean()), "free_loss": float(free.mean())}
        if "followed" in self._host:
            values["followed"] = probes.best_correlation(numbers)
        if {"shift", "mass"} & set(self._host):
            values |= probes.of_logits(numbers)
        if "memory" in self._host:
            values["memory"] = 4 * self.layout.temporaries["step"][0]
        if "step_time" in self._host and self.watch.samples:
            values["step_time"] = self.watch.median * 1e6
        return {name: values[name] for name in self._host if name in values}

    def _numbers(self) -> dict[str, np.ndarray | float]:
        """Weights and settings by name."""
        return {**self.weights(), **self.settings()}

    @property
    def choice(self) -> Choice:
        """How the samples that are counted are drawn."""
        if self.options.choose == "argmax":
            return Choice(None)
        return Choice(self.options.temperature, self.options.top_k)

    def _remember(self, written: np.ndarray) -> None:
        """Keep a sample; of many moments the first, the last, and some between whose distances grow."""
        if self.samples and self.samples[-1][0] >= self.step:
            return
        self.samples.append((self.step, written))
        if len(self.samples) > SHOWN:
            steps = np.array([step for step, _ in self.samples], float)
            ratios = np.log((steps[2:] + 10) / (steps[:-2] + 10))
            del self.samples[1 + int(ratios.argmin())]

    def pictures(self) -> list[Picture]:
        return self.probes.pictures(self._numbers(), self.samples, self.choice)

    def state(self) -> dict[str, np.ndarray]:
        kept = {f"sample {step}": written for step, written in self.samples}
        return super().state() | kept

    def restore(self, state: dict[str, np.ndarray]) -> None:
        own = {name: each for name, each in state.items() if name.startswith("sample ")}
        super().restore({name: each for name, each in state.items() if name not in own})
        self.samples = sorted((int(name.removeprefix("sample ")), each) for name, each in own.items())

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.network.kept)

    def kept_to_predict(self) -> dict[str, Any]:
        about = {"format": 1, "task": self.scenario.task, "step": self.step, "model": self.scenario.model}
        about |= {"window": self.options.window} if self._windowed else {}
        return about | {"settings": self.settings(), "symbols": list(self.split.train.classes)}
