"""Deep Q-learning on the pole on a cart: the experiment behind `cart-pole`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kernels.cart_pole import begin_episodes, live_greedily, live_one_step
from kernels.replay import draw_transitions, follow, value_targets
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, scope
from lab.graph import functions as f
from lab.graph.tensor import Call, call
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.nets.optimizers import Optimizer, optimizer
from lab.nets.training_step import training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.control import balancing_shown as shown
from lab.tasks.programs import ProgramExperiment

EPISODES_SHOWN = 100
"""Of so many episodes returns are averaged."""
TESTS = 100
"""Episodes of a test, in which nothing is explored."""
STRETCH = 50
"""Steps of a test after which it is asked whether any of its episodes goes on."""
LIFE_STREAM, BATCH_STREAM, TEST_STREAM = 41, 43, 44
"""Of the random numbers of life (the next one: of its starts), of batches, and of the starts of tests."""


class Balancing(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`.

    stored: what goes on from step to step: cart and pole, what is remembered of them, and how episodes ended
    """

    real_name = "float64"
    network: Network

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario.train.steps, seed)
        if scenario.data is not None:
            raise InvalidValue(("data",), "is not used by this task: it learns from what it lives through.")
        if scenario.train.batch == "all":
            raise InvalidValue(("train", "batch"), "must be a number here: so many transitions are drawn in each step.")
        self.options, self.folder, self.metrics = options, folder, tuple(scenario.watch)
        made = partial(Network, scenario.model, scenario.init, 2, seed, self.adjustable, blocks=scenario.blocks)
        self.network, self._target = made(), made("target")
        chosen = scenario.optimizer
        self._optimizer = optimizer(chosen.name, chosen.given, ("optimizer",))
        if type(self._optimizer).host_step is not Optimizer.host_step:
            problem = f"{chosen.name} searches along a line for a lower loss, but the loss is another one in each step."
            raise InvalidValue(("optimizer", "name"), f"{problem} sgd, rmsprop or adam can be used here.")
        self.stored, self._tested = Storage("states"), Storage("statistics")
        self.lay_out({"step": self._step(int(scenario.train.batch)), **self._tests()})
        if self.network.given:
            self.network.first_values(folder)

    # Building

    def _step(self, batch: int) -> list[Any]:
        keep, options = self.stored.member, self.options
        self.life, self.ages = keep("life", (1, 4)), keep("ages", (1,))
        self.remembered = keep("memory", (options.memory, 11))
        self.record, self.episodes = keep("record", (EPISODES_SHOWN, 2)), keep("episodes", (1,))
        lived = call(
            live_one_step, self._q(self.life), self._setting("epsilon"),
            updates=[self.life, self.ages, self.remembered, self.record, self.episodes],
            limit=options.time_limit, bootstrap=int(options.time_limit_is == "truncation"),
            until=options.epsilon_steps, stream=LIFE_STREAM,
        )  # fmt: skip
        shapes = [(batch, 4), (batch, 2), (batch,), (batch, 4), (batch,)]
        states, moves, rewards, following, continues = call(
            draw_transitions, self.remembered, shapes=shapes, stream=BATCH_STREAM
        ).results
        acting, self.layers = self._applied(self.network, states, training=True)
        self._applied(self._target, following)  # it has parameters once it was applied
        if self.network.running.members:
            raise InvalidValue(("model",), "has layers that keep running means, which a second network cannot follow.")
        whole = self._target.parameters.whole
        followed = call(follow, self.network.parameters.whole, updates=[whole], every=options.target_every)
        judging, _ = self._applied(self._target, following)
        with scope("loss"):
            wanted = call(
                value_targets, judging, rewards, continues, self._setting("gamma"), shapes=[rewards.shape]
            ).result
            found = f.sum(f.multiply(acting, moves), of="rows")
            if options.loss == "huber":
                loss = f.huber(found, wanted, constant(1.0))
            else:
                loss = f.mean_squared_error(found, wanted)
        return [lived, followed, *training_step(loss, self.network, self._optimizer, self.adjustable).program]

    def _applied(self, network: Network, states: Tensor, training: bool = False) -> tuple[Tensor, Sequence[BuiltLayer]]:
        """What both actions are worth in some states [n, 4], [n, 2], and the layers that say so."""
        values, layers = network.apply(states, training)
        if values.shape != (states.shape[0], 2):
            found = " by ".join(map(str, values.shape[1:]))
            raise InvalidValue(
                ("model",),
                f"the last layer gives {found} numbers, but there are 2 actions: end with {{dense: outputs}}.",
            )
        return values, layers

    def _q(self, states: Tensor) -> Tensor:
        return self._applied(self.network, states)[0]

    def _setting(self, name: str) -> Tensor:
        return self.adjustable.number(f"options.{name}", self.options, name)

    def _tests(self) -> dict[str, list[Tensor | Call]]:
        """The programs that begin life, that begin a test, and that go on with it by one step."""
        keep = self._tested.member
        states, self._test_ages = keep("states", (TESTS, 4)), keep("ages", (TESTS,))
        self.outcomes, self.trace = keep("outcomes", (TESTS, 2)), keep("trace", (self.options.time_limit + 1, 5))
        self._first = keep("first", (TESTS, 2))
        born = _begun(self.life, self.ages, LIFE_STREAM + 1)
        begun = _begun(states, self._test_ages, TEST_STREAM)
        first = assign(self._q(states), self._first)
        changed = [states, self._test_ages, self.outcomes, self.trace]
        gone_on = call(live_greedily, self._q(states), updates=changed)
        return {"born": [born], "begin": [begun, first], "go_on": [gone_on]}

    # Running and measuring

    def prepare(self) -> None:
        """Take the memory, draw the first weights and begin the first episode."""
        super().prepare()
        self.begin(self.network, self.folder)
        self.run_beside("born")

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.network.kept)

    def test(self) -> None:
        """Live through the episodes of a test, without counting a step."""
        state = self.memory.state.copy()
        try:
            self.program("begin").run()
            for done in range(0, self.options.time_limit, STRETCH):
                self.program("go_on").run(min(STRETCH, self.options.time_limit - done))
                if (self.read(self._test_ages) < 0).all():
                    break
        finally:
            self.memory.state[:] = state

    def discounted(self, steps: np.ndarray) -> np.ndarray:
        """What so many rewards of 1 are worth before the first of them."""
        gamma = self.settings()["options.gamma"]
        return steps if gamma == 1 else (1 - gamma**steps) / (1 - gamma)

    def measure(self) -> dict[str, float]:
        self.test()
        steps, ended = self.read(self.outcomes).T
        value, followed = float(self.read(self._first).max(axis=1).mean()), float(self.discounted(steps).mean())
        episodes = int(self.read(self.episodes)[0])
        lived = self.read(self.record)[: min(episodes, EPISODES_SHOWN), 0]
        found = {
            "episodes": episodes,
            "test_return": float(steps.mean()),
            "solved": float(steps.mean() >= self.options.solved_at),
            "terminated": float(ended.mean()),
            "value": value,
            "discounted_return": followed,
            "overestimation": value - followed,
        } | ({"return": float(lived.mean())} if episodes else {})
        return {name: float(found[name]) for name in self.metrics if name in found}

    def pictures(self) -> list[Picture]:
        self.test()
        steps, ended = self.read(self.outcomes)[0]
        trace = self.read(self.trace)[: int(steps) + 1]
        return [
            shown.episode(trace, bool(ended)),
            shown.values(trace[:-1, 4], self.discounted(np.arange(steps, 0, -1))),
        ]


def _begun(states: Tensor, ages: Tensor, stream: int) -> Call:
    made = call(begin_episodes, shapes=[states.shape, ages.shape], stream=stream)
    for result, target in zip(made.results, (states, ages), strict=True):
        result.target = target
    return made
