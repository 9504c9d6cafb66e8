"""Two networks against each other, as a user of the code would write them: a generator learns points on a ring."""

import numpy as np

from lab.graph import Storage, assign, constant
from lab.graph import functions as f
from lab.nets.host_step import ActsBeforeSteps
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step
from lab.tasks.programs import ProgramExperiment

BATCH, HIDDEN = 64, [{"dense": 32}, {"leaky_relu": 0.2}, {"dense": 32}, {"leaky_relu": 0.2}]
REAL, FAKE = constant(np.ones((BATCH, 1))), constant(np.zeros((BATCH, 1)))


class DrawExamples(ActsBeforeSteps):
    def __init__(self, gan):
        super().__init__(gan.program("step"))
        self.gan = gan

    def act(self):
        random = np.random.default_rng([self.gan.seed, self.evaluations])
        angle = random.uniform(0, 2 * np.pi, BATCH)
        self.gan.put(self.gan.real, np.stack([np.cos(angle), np.sin(angle)], axis=1))
        self.gan.put(self.gan.noise, random.standard_normal((BATCH, 2)))


class Gan(ProgramExperiment):
    def __init__(self, steps, seed):
        super().__init__(steps, seed)
        inputs = Storage("inputs")
        self.real, self.noise = inputs.member("real", (BATCH, 2)), inputs.member("noise", (BATCH, 2))
        self.generator = Network([*HIDDEN, {"dense": 2}], None, 2, seed, self.adjustable, "generator")
        self.judge = Network([*HIDDEN, {"dense": 1}], None, 1, seed, self.adjustable, "discriminator")
        adam = optimizer("adam", {"rate": 2e-3, "beta_1": 0.5})
        made, _ = self.generator.apply(self.noise, training=True)
        of_real, of_made = (self.judge.apply(each, training=True)[0] for each in (self.real, made))
        loss = f.add(f.binary_cross_entropy(of_real, REAL), f.binary_cross_entropy(of_made, FAKE))
        judging = training_step(loss, self.judge, adam, self.adjustable)
        judged_anew, _ = self.judge.apply(made, training=True)
        making = training_step(f.binary_cross_entropy(judged_anew, REAL), self.generator, adam, self.adjustable)
        self.points = Storage("statistics").member("points", (BATCH, 2))
        points = assign(self.generator.apply(self.noise, training=False)[0], self.points)
        self.lay_out({"step": [*judging.program, *making.program], "generate": [points]})
        self.prepare()
        for each in (self.generator, self.judge):
            self.begin(each)
        self.run_through(DrawExamples(self))


def test_the_generator_learns_the_ring():
    gan = Gan(1500, seed=0)
    gan.advance(1500)
    gan.run_beside("generate")
    points = gan.read(gan.points)
    assert np.abs(np.linalg.norm(points, axis=1) - 1).mean() < 0.15
    assert np.linalg.norm(points.mean(axis=0)) < 0.4  # all around it
    gan.change("generator.optimizer.rate", 1e-4)
    assert gan.settings()["discriminator.optimizer.rate"] == np.float32(2e-3)
