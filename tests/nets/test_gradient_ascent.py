"""An input as the parameter, as a user of the code would write it: which image does a trained network call a three?"""

from __future__ import annotations

import numpy as np

from lab.graph import Storage, assign, constant
from lab.graph import functions as f
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step
from lab.tasks.programs import ProgramExperiment
from tests.tasks.test_training import experiment

MODEL = [{"dense": 32}, "tanh", {"dense": "classes"}]


class Ascent(ProgramExperiment):
    """Gradient ascent on the score of one class, with a penalty on bright pixels."""

    def __init__(self, trained, wanted):
        super().__init__(steps=100, seed=0)
        shape, classes = trained.split.train.inputs.shape[1:], trained.split.train.outputs
        network = Network(MODEL, None, classes, 0, self.adjustable)
        parameters = Storage("parameters")
        self.image = parameters.member("image", (1, *shape))
        scores, _ = network.apply(self.image, training=False)
        self.scores = Storage("statistics").member("scores", scores.shape)
        score = f.sum(f.multiply(scores, constant(np.eye(classes)[[wanted]])))
        penalty = f.multiply(f.sum_squares(self.image), constant(0.01))
        sgd = optimizer("sgd", {"rate": 0.1, "momentum": 0.5})
        step = training_step(f.subtract(penalty, score), parameters, sgd, self.adjustable)
        self.lay_out({"step": step.program, "look": [assign(scores, self.scores)]})
        self.prepare()
        for name, value in trained.weights().items():
            self.put(network.kept[name], value)

    def look(self):
        self.run_beside("look")
        return self.read(self.scores)[0]


def test_the_score_of_the_class_rises_until_the_network_is_sure_of_it():
    optimizer = {"name": "adam", "rate": 0.01}
    train = {"batch": 32, "steps": 300}
    trained = experiment(data={"name": "digits"}, model=MODEL, optimizer=optimizer, train=train, watch=["accuracy"])
    trained.advance(300)
    ascent = Ascent(trained, wanted=3)
    scores = [ascent.look()]
    for _ in range(10):
        ascent.advance(10)
        scores.append(ascent.look())
    climbed = np.array(scores)[:, 3]
    assert (np.diff(climbed) > 0).all()
    others = np.delete(scores[-1], 3)
    assert climbed[-1] > others.max() + 5
