"""What is measured and shown of a network does not depend on who trains it."""

from __future__ import annotations

import numpy as np

from lab.graph.running import prepare
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step
from lab.pictures import Histograms
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.classify import count_correct
from lab.tasks.training.data import TrainingData, load_split
from lab.tasks.training.losses import FOR_CLASSES
from lab.tasks.training.monitor import Monitor
from lab.tasks.training.objective import Objective
from tests.tasks.test_training import WATCH, experiment, scenario


class OtherTask(ProgramExperiment):
    """The same network under a name, in an experiment that is no `Training`."""

    def __init__(self, seed, name):
        chosen = scenario()
        super().__init__(chosen.train.steps, seed)
        data = TrainingData(load_split(chosen, seed, None, "classes"), seed)
        self.network = Network(chosen.model, chosen.init, data.split.train.outputs, seed, self.adjustable, name)
        x, y = data.batch(chosen.train.batch)
        output, layers = self.network.apply(x, training=True)
        objective = Objective(FOR_CLASSES["softmax"], count_correct)
        sgd = optimizer(chosen.optimizer.name, chosen.optimizer.given)
        step = training_step(objective.loss(output, y), self.network, sgd, self.adjustable)
        self.monitor = Monitor(self, chosen, self.network, objective, data, layers, step)
        self.lay_out({"step": step.program, "gradient": step.gradient_program, **self.monitor.programs})
        prepare(self.kernels())
        self.prepare()
        self.begin(self.network)
        self.run_beside("gradient")

    def measured_stretch(self):
        return self.monitor.measured_stretch()

    def measured_values(self, numbers, first, step):
        return self.monitor.measured_values(numbers, first, step)


def test_another_experiment_measures_and_shows_the_same():
    other, training = OtherTask(0, name=""), experiment()
    for each in (other, training):
        each.advance(20)
    assert other.measure() == training.measure()
    shown, expected = other.monitor.pictures(), training.pictures()
    assert [each.title for each in shown] == [each.title for each in expected]
    assert len(shown) > 3


def test_metrics_and_figures_name_the_layers_of_a_network_with_a_name():
    other = OtherTask(0, name="student")
    other.advance(20)
    values = other.measure()
    assert "weight_norm.student.dense1" in values
    assert {name.split(".")[0] for name in values} == set(WATCH)
    assert np.isfinite([values[name] for name in ("loss", "grad_norm", "update_ratio")]).all()
    assert set(other.monitor.inspection.gradient()) == set(other.network.parameters.members)
    histograms = [each for each in other.monitor.pictures() if isinstance(each, Histograms)]
    assert histograms
    assert all(name.startswith("student.") for each in histograms for name in each.counts)


def test_the_norm_of_the_gradient_is_the_same_quantity_at_every_step():
    watch = ["grad_norm", "unclipped_grad_norm"]
    plain = experiment(watch=watch)
    clipped = experiment(watch=watch, optimizer={"name": "sgd", "rate": 0.1, "clip": 0.01})
    decayed = experiment(watch=watch, optimizer={"name": "sgd", "rate": 0.1, "l2": 0.5})
    first = plain.measure()
    assert first["grad_norm"] == first["unclipped_grad_norm"] > 0.01
    assert clipped.measure()["unclipped_grad_norm"] == decayed.measure()["unclipped_grad_norm"] == first["grad_norm"]
    gradient = plain.numbers(plain.gradients.members)
    weights = plain.numbers(plain.network.parameters.members)
    penalised = [gradient[name] + 0.5 * weights[name] * ("weight" in name) for name in gradient]
    np.testing.assert_allclose(
        decayed.measure()["grad_norm"], np.linalg.norm(np.concatenate([each.ravel() for each in penalised])), rtol=1e-5
    )
    for _ in range(3):
        values = clipped.measure()
        np.testing.assert_allclose(values["grad_norm"], 0.01, rtol=1e-5)
        assert values["unclipped_grad_norm"] > 0.01
        clipped.advance(1)
