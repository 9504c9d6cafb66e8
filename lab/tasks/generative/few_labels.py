"""An autoencoder, and classifiers that start from its encoder or from scratch: the experiment behind `autoencoder`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kernels.metrics import count_correct
from kernels.turns import begin_as, first_steps, take_turns
from lab.data import Split
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, scope
from lab.graph import functions as f
from lab.graph.scopes import skippable_block
from lab.graph.tensor import Call, call
from lab.nets.initialisers import generator
from lab.nets.network import Network
from lab.nets.training_step import AHEAD, training_step
from lab.pictures import Curves, Images, Picture
from lab.scenario import Scenario
from lab.tasks.figures.snapshot import some
from lab.tasks.generative.own_optimizer import own_optimizer
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.batches import batch
from lab.tasks.training.data import TrainingData, load_split

CORRUPTION_STREAM = 6
MOST_IMAGES = 12
AT_ONCE = 50
"""So many labelled examples are in a batch of the classifiers at most."""
STARTS = {
    "scratch": "of a classifier that begins as drawn",
    "frozen": "of one whose encoder stays as it was pretrained",
    "tuned": "of one that begins with the pretrained encoder",
}
GROUPS = ("classifiers", "heads")
"""Who is trained by one optimizer: networks, and single layers on the pretrained encoder."""


class FewLabels(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario.train.steps, seed)
        if scenario.model:
            raise InvalidValue(("model",), "is not used by this task: `options` has an encoder and a decoder.")
        if options.pretraining >= scenario.train.steps:
            problem = f"leaves no step for the classifiers: train.steps is {scenario.train.steps}."
            raise InvalidValue(("options", "pretraining"), problem)
        self.scenario, self.options, self.folder = scenario, options, folder
        self.split: Split = load_split(scenario, seed, folder, "classes")
        if self.split.validation is None:
            raise InvalidValue(
                ("data",), "this task needs examples that are held back: set validation: 0.4, for example."
            )
        self.held = self.split.validation
        self._require_unit_interval()
        self._data = TrainingData(self.split, seed)
        self.features = self.split.train.numbers[0].size
        layers = [*options.encoder, *options.decoder]
        self.autoencoder = self._network(layers, self.features, "autoencoder")
        self.shared = {group: Storage("parameters") for group in GROUPS}
        self.classifiers: dict[str, Network] = {}
        self.measured, self._looked = Storage("statistics"), Storage("statistics")
        step = self._step()
        self.lay_out({"step": step, "measure": self._measuring(), "look": self._looking()})

    def _require_unit_interval(self) -> None:
        inputs = self.split.train.numbers
        if self.options.loss == "logistic" and (inputs.min() < 0 or inputs.max() > 1):
            raise InvalidValue(
                ("options", "loss"),
                f"logistic needs numbers from 0 to 1, but these go from {inputs.min():.3g} to {inputs.max():.3g}: "
                "use l2, or data.scale: range.",
            )

    # Building

    def _network(self, layers: Sequence[Any], outputs: int, name: str, parameters: Storage | None = None) -> Network:
        scenario = self.scenario
        try:
            return Network(
                layers, scenario.init, outputs, self.seed, self.adjustable, name, blocks=scenario.blocks,
                parameters=parameters,
            )  # fmt: skip
        except InvalidValue as error:
            raise self._placed(error) from None

    def _placed(self, error: InvalidValue) -> InvalidValue:
        """An error in a layer, where encoder and decoder stand in the file."""
        if error.path[:1] != ("model",):
            return error
        number, encoder = int(error.path[1]), len(self.options.encoder)
        place = ("encoder", number) if number < encoder else ("decoder", number - encoder)
        return InvalidValue(("options", *place, *error.path[2:]), error.message, at_key=error.at_key)

    def _coded(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """The code [n, …] of examples, and what the decoder makes of it, of their shape."""
        try:
            output, parts = self.autoencoder.apply(x, training)
        except InvalidValue as error:
            raise self._placed(error) from None
        codes = [each.y for each in parts if each.entry < len(self.options.encoder)]
        found = output.size // x.shape[0]
        if found != self.features:
            place = ("options", "decoder", len(self.options.decoder) - 1)
            raise InvalidValue(place, f"the last layer gives {found} numbers, but an example has {self.features}.")
        return codes[-1], output.reshape(*x.shape)

    def _loss(self, output: Tensor, x: Tensor) -> Tensor:
        return (f.binary_cross_entropy if self.options.loss == "logistic" else f.mean_squared_error)(output, x)

    def _step(self) -> list[Any]:
        late = constant(self.options.pretraining)
        begin = call(first_steps, late, rows=0)
        with skippable_block() as begin.skips:
            pretraining = self._pretraining()
        turns = Storage("states").member("turns", (1,))
        turn = call(take_turns, late, constant(1), updates=[turns], rows=0)
        with skippable_block() as turn.skips:
            classifying = self._classifying(turns)
        if any(isinstance(each, Call) and each.phase == AHEAD for each in (*pretraining, *classifying)):
            problem = "looks ahead before each step: `nesterov: change_of_variables` is the same without that."
            raise InvalidValue(("optimizer",), problem)
        return [begin, *pretraining, turn, *classifying]

    def _pretraining(self) -> list[Any]:
        x, _ = self._data.batch(self.scenario.train.batch)
        seen = x
        if self.options.corruption:
            rate = self.adjustable.number("options.corruption", self.options, "corruption")
            seen = f.dropout(x, rate, CORRUPTION_STREAM, inverted=False)
        _, output = self._coded(seen, training=True)
        with scope("autoencoder.loss"):
            loss = self._loss(output, x)
        chosen = own_optimizer(self.scenario, {}, ("optimizer",), "and other networks are trained in the same steps")
        return training_step(loss, self.autoencoder, chosen, self.adjustable).program

    def _classifying(self, turns: Tensor) -> list[Any]:
        """One step of every classifier. Each has parameters of its own: the gradient of a sum is each one's own."""
        losses, begun = dict[str, Tensor](), list[Call]()
        for count in self.options.labels:
            rows = self._labelled(count)
            part = self.split.train.rows(rows)
            inputs, targets = constant(part.numbers, "labelled"), constant(part.targets, "labels")
            x, y = batch(min(len(rows), AT_ONCE), inputs, targets)
            for start in STARTS:
                net, group = self._classifier(start, count), _group(start)
                given = self._coded(x, training=False)[0] if start == "frozen" else x
                if start == "tuned":
                    # What is built first runs first: parameters are there once the network was built, unused.
                    net.apply(given, training=False)
                    begun += self._begun_as_encoder(net, turns)
                scores, _ = net.apply(given, training=True)
                with scope(f"{net.name}.loss"):
                    loss = f.softmax_cross_entropy(scores, y)
                    losses[group] = losses[group] + loss if group in losses else loss
        steps = []
        for group, total in losses.items():
            name = f"{group}_optimizer"
            own, why = getattr(self.options, name), "and this is the sum of many"
            chosen = own_optimizer(self.scenario, own, ("options", name), why)
            made = training_step(total, self.shared[group], chosen, self.adjustable, owner=group, turns=turns)
            steps += made.program
        updates = [each for net in self.classifiers.values() for each in net.updates]
        return [*begun, *steps, *updates]

    def _classifier(self, start: str, count: int) -> Network:
        name = f"{start}.labels{count}"
        head = [{"dense": "classes"}]
        layers = head if start == "frozen" else [*self.options.encoder, *head]
        self.classifiers[name] = self._network(layers, len(self.split.train.classes), name, self.shared[_group(start)])
        return self.classifiers[name]

    def _begun_as_encoder(self, net: Network, turns: Tensor) -> list[Call]:
        """Calls that give a classifier the encoder's weights, before its first step."""
        made = []
        for ours, theirs in ((net.parameters, self.autoencoder.parameters), (net.running, self.autoencoder.running)):
            for name, source in theirs.members.items():
                twin = ours.members.get(name.replace("autoencoder", net.name, 1))
                if twin is not None and twin.shape == source.shape:
                    made.append(call(begin_as, source, turns, updates=[twin]))
        return made

    def _labelled(self, count: int) -> np.ndarray:
        """The training examples whose labels are known, so many of each class."""
        train = self.split.train
        order = generator(self.seed, "labelled").permutation(train.count)
        found = [order[train.targets[order] == number][:count] for number in range(len(train.classes))]
        if fewest := [name for name, rows in zip(train.classes, found, strict=True) if len(rows) < count]:
            raise InvalidValue(
                ("options", "labels"), f"there are not {count} examples of the class {fewest[0]} to train on."
            )
        return np.sort(np.concatenate(found))

    def _measuring(self) -> list[Any]:
        watch, program, names = self.scenario.watch, list[Any](), list[str]()

        def keep(name: str, tensor: Tensor) -> None:
            program.append(assign(tensor, self.measured.member(name, (1,))))
            names.append(name)

        with scope("measure"):
            sample, held = self._data.evaluation()[0].whole(), self._data.validation()
            assert held is not None
            inputs, targets = held[0].whole(), held[1]
            code, output = self._coded(inputs, training=False)
            if "reconstruction_loss" in watch:
                keep("reconstruction_loss", self._loss(self._coded(sample, training=False)[1], sample))
            if "val_reconstruction_loss" in watch:
                keep("val_reconstruction_loss", self._loss(output, inputs))
            for start in STARTS:
                if f"{start}_accuracy" in watch:
                    for count in self.options.labels:
                        net = self.classifiers[f"{start}.labels{count}"]
                        scores, _ = net.apply(code if start == "frozen" else inputs, training=False)
                        keep(f"{start}_accuracy.labels{count}", call(count_correct, scores, targets).result)
        whole = [name for name in watch if name.endswith("_accuracy")]
        order = {name: place for place, name in enumerate(watch)}
        self.metrics = tuple(sorted([*whole, *names], key=lambda name: order[name.split(".")[0]]))
        return program

    def _looking(self) -> list[Any]:
        self._shown = some(self.held.count, MOST_IMAGES)
        with scope("look"):
            _, output = self._coded(constant(self.held.numbers[self._shown], "shown"), training=False)
            made = f.sigmoid(output) if self.options.loss == "logistic" else output
        return [assign(made, self._looked.member("reconstructions", made.shape))]

    # Running

    def prepare(self) -> None:
        """Take the memory, and draw the first weights of all networks."""
        super().prepare()
        for network in (self.autoencoder, *self.classifiers.values()):
            self.begin(network, self.folder)

    def measured_stretch(self) -> tuple[int, int]:
        return self.layout.stretch(self.measured)

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        begin, size = self.measured_stretch()
        kept, values = numbers[begin - first : begin - first + size], dict[str, float]()
        for name, each in self.measured.members.items():
            values[name] = float(kept[each.offset]) / (self.held.count if "_accuracy" in name else 1)
        for start in STARTS:
            each_one = [value for name, value in values.items() if name.startswith(f"{start}_accuracy.")]
            if each_one:
                values[f"{start}_accuracy"] = float(np.mean(each_one))
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        self.run_beside("look")
        made = [self._accuracy_over_labels()]
        if self.held.image_shape is not None:
            made.append(self._reconstructions())
        return made

    def _accuracy_over_labels(self) -> Picture:
        found, labels = self.measure(), self.options.labels
        lines = {
            start: np.array([found[f"{start}_accuracy.labels{count}"] for count in labels], np.float32)
            for start in STARTS
            if f"{start}_accuracy" in found
        }
        return Curves(
            "Accuracy over labels per class", np.array(labels, np.float32), lines, x_label="labels per class",
            y_label="accuracy", log_x=len(labels) > 1, name="accuracy_over_labels",
        )  # fmt: skip

    def _reconstructions(self) -> Picture:
        right = self.read(self._looked.members["reconstructions"]).astype(np.float64)
        left = self.held.numbers[self._shown].astype(np.float64)
        low, high = left.min(), left.max()
        gap = np.full((*left.shape[:2], 1, left.shape[3]), (low + high) / 2)
        both = np.clip((np.concatenate([left, gap, right], axis=2) - low) / max(high - low, 1e-9), 0, 1)
        return Images(
            "Held-out images, and what the decoder makes of their codes",
            (both[..., 0] if both.shape[3] == 1 else both).astype(np.float32),
            tuple(self.held.classes[kind] for kind in self.held.targets[self._shown].tolist()), name="reconstructions",
        )  # fmt: skip

    def weights(self) -> dict[str, np.ndarray]:
        """Those of the autoencoder, and of the classifiers."""
        every = {name: tensor for net in self.classifiers.values() for name, tensor in net.kept.items()}
        return self.numbers(self.autoencoder.kept | every)


def _group(start: str) -> str:
    return "heads" if start == "frozen" else "classifiers"
