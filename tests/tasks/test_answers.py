"""Tasks `regress` and `label`: their losses and scores against NumPy, on the data they say they are on."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from tests.tasks.test_training import experiment

LINE = {"name": "linear", "points": 80, "outliers": 0.2, "validation": 0.25, "clean_validation": True}
IMAGES = {"name": "attributes", "points": 120, "labels": 4, "validation": 0.3}


def line(**options):
    return experiment(
        task="regress",
        data=LINE,
        model=[{"dense": "outputs"}],
        watch=["loss", "val_loss", "error", "val_error"],
        options=options,
    )


def labeller(**options):
    return experiment(
        task="label",
        data=IMAGES,
        model=[{"dense": 8}, "relu", {"dense": "classes"}],
        watch=["loss", "f1", "val_f1"],
        options=options,
    )


def answers(net, data):
    w = net.weights()
    hidden = data.inputs.reshape(data.count, -1)
    for name in ("dense1", "dense2"):
        if f"{name}.weight" in w:
            hidden = (np.maximum(hidden, 0) if name == "dense2" else hidden) @ w[f"{name}.weight"] + w[f"{name}.bias"]
    return hidden.astype(np.float64)


LOSSES = {
    "l1": lambda e: np.abs(e).mean(),
    "l2": lambda e: (e**2).mean(),
    "huber": lambda e: np.where(np.abs(e) <= 0.5, e**2 / 2, 0.5 * (np.abs(e) - 0.25)).mean(),
}


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_values_are_trained_with_the_loss_asked_for_and_compared_in_their_own_unit(loss):
    net = line(loss=loss, delta=0.5)
    net.advance(7)
    values = net.measure()
    for prefix, data in (("", net.split.train), ("val_", net.split.validation)):
        errors = answers(net, data) - data.targets
        assert values[f"{prefix}loss"] == pytest.approx(LOSSES[loss](errors), rel=1e-5)
        assert values[f"{prefix}error"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-5)
    assert np.array_equal(net.split.validation.targets, net.split.validation.truth)


@pytest.mark.parametrize(("loss", "threshold"), [("logistic", 0.5), ("logistic", 0.3), ("softmax", 0.2)])
def test_f1_of_each_label_and_their_mean(loss, threshold):
    net = labeller(loss=loss, threshold=threshold)
    net.advance(20)
    values = net.measure()
    for metric, data in (("f1", net.split.train), ("val_f1", net.split.validation)):
        logits = answers(net, data)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        share = 1 / (1 + np.exp(-logits)) if loss == "logistic" else odds / odds.sum(axis=1, keepdims=True)
        said, true = share > threshold, data.targets > 0
        scores = 2 * (said & true).sum(axis=0) / (said.sum(axis=0) + true.sum(axis=0))
        for name, score in zip(data.classes, scores, strict=True):
            assert values[f"{metric}.{name}"] == pytest.approx(score, abs=1e-6)
        assert values[metric] == pytest.approx(scores.mean(), abs=1e-6)


def test_the_picture_of_labels_shows_the_scores_that_were_measured():
    net = labeller()
    net.advance(20)
    values = net.measure()
    (bars,) = [each for each in net.pictures() if each.kind == "bars"]
    assert bars.values == {name: pytest.approx(values[f"val_f1.{name}"]) for name in net.split.train.classes}


def test_the_softmax_of_labels_is_trained_towards_an_even_share_for_each_label_that_applies():
    net = labeller(loss="softmax")
    data = net.split.train
    logits = answers(net, data)
    logs = logits - logits.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    wanted = data.targets / data.targets.sum(axis=1, keepdims=True)
    assert net.measure()["loss"] == pytest.approx(-(wanted * logs).sum(axis=1).mean(), rel=1e-5)


def test_a_task_refuses_targets_of_another_kind():
    with pytest.raises(InvalidValue, match="classes as targets, but this task needs values"):
        experiment(task="regress", watch=["loss"])
