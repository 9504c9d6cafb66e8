"""Training one network on one data set: the experiment behind `classify`, `regress` and their kin.

Three programs share one arena: `step` (choose a batch, forward, backward, update), `gradient` (the same without the
update, for the gradient before the first step) and `measure` (forward on the probe set, and the probes). One call of the
executor does many steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kernels.batches import choose_batch, gather_rows
from kernels.language import Kernel
from kernels.plan import HALT
from kernels.probes import halt_if_not_finite
from lab.data import Kind, Split
from lab.data import load as load_data
from lab.errors import InvalidValue, nearest
from lab.graph import Layout, Tensor, assign, data, differentiate, scope
from lab.graph.running import Program, bind
from lab.graph.tensor import Storage, call
from lab.nets.network import Network, Part
from lab.nets.optimisers import optimiser
from lab.nets.settings import Settings
from lab.pictures import Picture
from lab.probes import Site, Statistics
from lab.scenario import Scenario
from lab.tasks.divergence import first_bad_tensor

BATCH_STREAM = 1
PROBE_LIMIT = 1024
Loss = Callable[[Tensor, Tensor], Tensor]


class Training:
    """One replica of a network in training; see `lab.tasks.task.Experiment`.

    loss:    from the network's output [batch, outputs] and the targets to a tensor of shape [1]
    correct: adds the probe that counts correct answers, for tasks that have such a thing
    kind:    what the data's targets must be
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        folder: Path | None,
        loss: Loss,
        correct: Callable[[Tensor, Tensor], Tensor] | None = None,
        *,
        kind: Kind,
    ) -> None:
        if scenario.data is None:
            raise InvalidValue(("data",), "this task needs data, such as {name: spiral}.")
        self.scenario, self.seed, self.folder = scenario, seed, folder
        try:
            self.split: Split = load_data(scenario.data, seed, folder)
        except InvalidValue as error:
            raise error.under("data") from None
        if self.split.train.kind != kind:
            raise InvalidValue(("data",), f"has {self.split.train.kind} as targets, but this task needs {kind}.")
        self.steps, self.step = scenario.train.steps, 0
        self._diverged: str | None = None
        self._loss, self._correct = loss, correct
        self._pictures: Any = None
        self._remember: Program | None = None
        self._build()

    # Building

    def _build(self) -> None:
        scenario, train = self.scenario, self.split.train
        self.options = Settings()
        self.network = Network(scenario.model, scenario.init, train.outputs, self.seed, self.options)
        inputs, targets = data(train.inputs, "inputs"), data(train.targets, "targets")
        batch, program = self._batch(inputs, targets)
        output, self.parts = self.network.apply(batch[0], training=True)
        if output.size // output.shape[0] != train.outputs:
            raise InvalidValue(
                ("model", len(scenario.model) - 1),
                f"the last layer gives {output.size // output.shape[0]} numbers per example, "
                f"but the data needs {train.outputs}.",
            )
        with scope("loss"):
            loss = self._loss(output, batch[1])
            program.append(call(halt_if_not_finite, loss, shapes=[(1,)]))
        parameters = self.network.parameters
        self.gradients = parameters.like("gradients")
        found = differentiate(loss, list(parameters.members.values()))
        for name, gradient in zip(parameters.members, found, strict=True):
            if gradient is not None:
                program.append(assign(gradient, self.gradients.members[name]))
        chosen = scenario.optimizer
        self.optimiser = optimiser(chosen.name, {"rate": chosen.rate, **chosen.extra})
        gradient_program = list(program)
        with scope("optimizer"):
            program += self.optimiser.build(parameters, self.gradients, self.options)
        self.statistics = Statistics(scenario.watch)
        self._add_probes(inputs, targets)
        programs = {"step": program, "gradient": gradient_program, "measure": self.statistics.program}
        if self.statistics.remember:
            programs["remember"] = self.statistics.remember
        self.layout = Layout(programs)
        self.metrics = self.statistics.metrics

    def _batch(self, inputs: Tensor, targets: Tensor) -> tuple[tuple[Tensor, Tensor], list[Any]]:
        count, size = inputs.shape[0], self.scenario.train.batch
        if size == "all":
            return (inputs, targets), []
        if size > count:
            raise InvalidValue(
                ("train", "batch"), f"{size} examples are wanted per step, but there are only {count} to train on."
            )
        with scope("batch"):
            half_bits = max(1, -(-(count - 1).bit_length() // 2))
            chosen = call(choose_batch, shapes=[(size,)], N=count, bits=half_bits, stream=BATCH_STREAM).result
            rows = []
            for each in (inputs, targets):
                table = each.reshape(count, -1)
                made = call(gather_rows, table, chosen, shapes=[(size, table.shape[1])]).result
                rows.append(made.reshape(size, *each.shape[1:]))
        return (rows[0], rows[1]), []

    def _add_probes(self, inputs: Tensor, targets: Tensor) -> None:
        chosen = probe_rows(self.split.train.count, self.seed)
        self.probe_data = self.split.train if chosen is None else self.split.train.rows(chosen)
        if chosen is not None:
            inputs = data(self.probe_data.inputs, "probe inputs")
            targets = data(self.probe_data.targets, "probe targets")
        output, self.probe_parts = self.network.apply(inputs, training=False)
        held, held_loss, held_correct = self.split.validation, None, None
        with scope("measure"):
            loss, correct = self._loss(output, targets), self._count(output, targets)
        if held is not None and any(name.startswith("val_") for name in self.scenario.watch):
            answers = data(held.targets, "validation targets")
            output, _ = self.network.apply(data(held.inputs, "validation inputs"), training=False)
            with scope("measure"):
                held_loss, held_correct = self._loss(output, answers), self._count(output, answers)
        with scope("measure"):
            self.statistics.build(
                Site(
                    frozenset(self.scenario.watch),
                    self.probe_parts,
                    self.network.parameters,
                    self.gradients,
                    loss,
                    correct,
                    self.probe_data.count,
                    held_loss,
                    held_correct,
                    held.count if held else 0,
                    self.statistics.keep,
                    self.statistics.copy_before_step,
                    self.options.storage.members.get("optimizer.rate"),
                )
            )

    def _count(self, output: Tensor, targets: Tensor) -> Tensor | None:
        return self._correct(output, targets) if self._correct else None

    # Running

    def kernels(self) -> tuple[Kernel, ...]:
        return tuple(dict.fromkeys(kernel for plan in self.layout.plans.values() for kernel in plan.kernels))

    def prepare(self) -> None:
        """Take the memory, draw the first weights, and compute the gradient that the first step will use."""
        shared = self.layout.shared_memory("float32")
        self.memory = self.layout.memory(shared, self.seed)
        self._step = bind(self.layout.plans["step"], self.memory)
        self._gradient = bind(self.layout.plans["gradient"], self.memory)
        self._measure = bind(self.layout.plans["measure"], self.memory)
        if "remember" in self.layout.plans:
            self._remember = bind(self.layout.plans["remember"], self.memory)
        for name, value in self.options.first.items():
            if self.layout.knows(self.options.storage.members[name]):
                self.layout.view(self.memory, self.options.storage.members[name])[...] = value
        for name, value in self.network.first_values(self.folder).items():
            self.layout.view(self.memory, self.network.parameters.members[name])[...] = value
        self._run_beside(self._gradient)

    def advance(self, steps: int) -> None:
        """Train; stops at the step whose loss is not finite, and finds out where that began."""
        if self._diverged or steps <= 0:
            return
        before = self.state()
        # The last step is done apart, so that what it changes can be measured, whatever the size of the chunks.
        done = self._step.run(steps - 1) if self._remember and steps > 1 else 0
        if self._remember and not self.memory.state[HALT]:
            self._run_beside(self._remember)
        if not self.memory.state[HALT]:
            done += self._step.run(steps - done)
        self.step += done
        if self.memory.state[HALT]:
            self._find_divergence(before, done)

    def _find_divergence(self, before: dict[str, np.ndarray], done: int) -> None:
        after = self.state()
        self.restore(before)
        if done > 1:
            self._step.run(done - 1)
        where = first_bad_tensor(self._step, self.layout)
        self.restore(after)
        self._diverged = f"{where} at step {self.step}."

    def measure(self) -> dict[str, float]:
        self._run_beside(self._measure)
        return self.statistics.values(self.layout, self.memory, self.step)

    def _run_beside(self, program: Program) -> None:
        """Run another program than the training step, without counting a step."""
        state = self.memory.state.copy()
        program.run()
        self.memory.state[:] = state

    def pictures(self) -> list[Picture]:
        from lab.tasks.training_pictures import TrainingPictures

        if self._pictures is None:
            self._pictures = TrainingPictures(self)
        return self._pictures.all()

    # Steering and saving

    def settings(self) -> dict[str, float]:
        return {
            name: float(self.layout.view(self.memory, tensor)[0])
            for name, tensor in self.options.storage.members.items()
            if self.layout.knows(tensor)
        }

    def change(self, name: str, value: float) -> None:
        known = self.settings()
        if name not in known:
            raise InvalidValue((name,), f"cannot be changed while this runs; {nearest(name, known)}.")
        if not np.isfinite(value) or (value < 0):
            raise InvalidValue((name,), f"cannot become {value}.")
        self.layout.view(self.memory, self.options.storage.members[name])[0] = value

    def diverged(self) -> str | None:
        return self._diverged

    def state(self) -> dict[str, np.ndarray]:
        return {
            "arena": self.memory.arena[: self.layout.kept].copy(),
            "state": self.memory.state.copy(),
            "step": np.array([self.step], np.int64),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if set(state) != {"arena", "state", "step"} or state["arena"].size != self.layout.kept:
            raise ValueError("this state is of another network")
        self.memory.arena[: self.layout.kept] = state["arena"]
        self.memory.state[:] = state["state"]
        self.step = int(state["step"][0])
        self._diverged = None
        self.memory.state[HALT] = 0

    def weights(self) -> dict[str, np.ndarray]:
        return {
            name: self.layout.view(self.memory, tensor).copy() for name, tensor in self.network.parameters.members.items()
        }

    @property
    def layers(self) -> Sequence[Part]:
        """The network's layers as they were built for training."""
        return self.parts


def probe_rows(count: int, seed: int) -> np.ndarray | None:
    """Which training examples make up the probe set: all (None), or a fixed sample of `PROBE_LIMIT`."""
    if count <= PROBE_LIMIT:
        return None
    from lab.nets.initialisers import generator

    return np.sort(generator(seed, "probe set").choice(count, PROBE_LIMIT, replace=False))
