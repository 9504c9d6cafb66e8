"""Deep Q-learning, as a user of the code would write it: a chain of five places, with a reward at its right end."""

import numpy as np

from lab.graph import Storage, assign, constant
from lab.graph import functions as f
from lab.nets.host_step import ActsBeforeSteps
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step
from lab.tasks.programs import ProgramExperiment

PLACES, BATCH, DISCOUNT, PLACE = 5, 32, 0.9, np.eye(5)
MODEL = [{"dense": 16}, "relu", {"dense": 2}]


class Walk(ActsBeforeSteps):
    def __init__(self, learning):
        super().__init__(learning.program("step"))
        self.learning, self.place, self.moves = learning, 0, []

    def act(self):
        learning, random = self.learning, np.random.default_rng([self.learning.seed, self.evaluations])
        right = random.integers(2) if random.random() < 0.3 else learning.values("online")[self.place].argmax()
        after = int(np.clip(self.place + (1 if right else -1), 0, PLACES - 1))
        ended = after == PLACES - 1
        self.moves.append((self.place, right, after, float(ended)))
        self.place = 0 if ended else after
        if self.evaluations % 50 == 0:
            learning.put(learning.networks["target"].parameters.whole, learning.read(learning.online.parameters.whole))
        chosen = [self.moves[each] for each in random.integers(len(self.moves), size=BATCH)]
        place, right, after, reward = (np.array(each) for each in zip(*chosen, strict=True))
        wanted = reward + DISCOUNT * (1 - reward) * learning.values("target")[after].max(axis=1)
        for tensor, value in zip(learning.batch, (PLACE[place], np.eye(2)[right], wanted), strict=True):
            learning.put(tensor, value)


class QLearning(ProgramExperiment):
    def __init__(self, steps, seed):
        super().__init__(steps, seed)
        self.networks = {name: Network(MODEL, None, 2, seed, self.adjustable, name) for name in ("online", "target")}
        self.online, self.kept, inputs = self.networks["online"], Storage("statistics"), Storage("inputs")
        self.batch = [inputs.member(name, (BATCH, size)) for name, size in (("place", PLACES), ("move", 2))]
        self.batch.append(inputs.member("wanted", (BATCH,)))
        value = f.sum(f.multiply(self.online.apply(self.batch[0], training=True)[0], self.batch[1]), of="rows")
        loss = f.mean_squared_error(value, self.batch[2])
        programs = {"step": training_step(loss, self.online, optimizer("adam", {}), self.adjustable).program}
        for name, network in self.networks.items():
            values, _ = network.apply(constant(PLACE), training=False)
            programs[name] = [assign(values, self.kept.member(name, values.shape))]
        self.lay_out(programs)
        self.prepare()
        self.begin(self.online)
        self.run_through(Walk(self))

    def values(self, name):
        self.run_beside(name)
        return self.read(self.kept.members[name])


def test_the_greedy_policy_goes_right_and_values_fall_with_the_distance():
    learning = QLearning(1500, seed=0)
    learning.advance(1500)
    values = learning.values("online")[: PLACES - 1]
    assert (values.argmax(axis=1) == 1).all()
    np.testing.assert_allclose(values[:, 1], DISCOUNT ** np.arange(3, -1, -1), atol=0.05)
