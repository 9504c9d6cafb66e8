"""Ensembles, snapshots and averaged weights, against the same thing worked out in NumPy from the weights."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from tests.tasks.test_training import experiment, forward

DATA = {"name": "spiral", "points": 90, "validation": 0.2}
ENSEMBLE = [
    "ensemble_accuracy", "ensemble_loss", "member_accuracy", "member_loss", "best_accuracy", "disagreement",
]  # fmt: skip
SNAPSHOTS = [
    "val_loss", "snapshots", "snapshot_loss", "snapshot_accuracy", "best_loss", "ensemble_loss", "best_accuracy",
    "ensemble_accuracy", "disagreement",
]  # fmt: skip


def ensemble(**options):
    return experiment(task="ensemble", data=DATA, watch=ENSEMBLE, options={"members": 3, **options})


def snapshots(seed=0):
    return experiment(seed, task="snapshots", data=DATA, watch=SNAPSHOTS, options={"every": 10, "after": 10})


def averaging(after=10, seed=0):
    return experiment(
        seed, task="average", data=DATA, watch=["loss", "average_loss", "current_loss"], options={"after": after}
    )


def answers(weights, held):
    return forward(weights, held.inputs.astype(np.float64), held.targets)[2]


def scores(probabilities, targets):
    rows = np.arange(len(targets))
    return -np.log(probabilities[rows, targets]).mean(), (probabilities.argmax(1) == targets).mean()


def member_weights(net, number):
    prefix = f"net{number}."
    return {name.removeprefix(prefix): value for name, value in net.weights().items() if name.startswith(prefix)}


def validation(seed=0):
    return experiment(seed, data=DATA, watch=["loss"]).split.validation


def test_an_ensemble_is_the_mean_of_its_members_probabilities():
    net = ensemble()
    net.advance(30)
    values, held = net.measure(), validation()
    alone = [answers(member_weights(net, number), held) for number in (1, 2, 3)]
    for count in (1, 2, 3):
        loss, accuracy = scores(np.mean(alone[:count], axis=0), held.targets)
        assert values[f"ensemble_loss.of{count}"] == pytest.approx(loss, rel=1e-4)
        assert values[f"ensemble_accuracy.of{count}"] == accuracy
    assert values["ensemble_loss"] == values["ensemble_loss.of3"]
    each = [scores(one, held.targets) for one in alone]
    assert values["member_loss"] == pytest.approx(np.mean([loss for loss, _ in each]), rel=1e-4)
    assert values["best_accuracy"] == max(accuracy for _, accuracy in each)
    assert values["ensemble_loss"] <= values["member_loss"]


def test_members_differ_unless_they_are_asked_to_be_the_same():
    for same in (False, True):
        net = ensemble(same_seed=same)
        net.advance(5)
        first, second = (member_weights(net, number) for number in (1, 2))
        assert all(np.array_equal(first[name], second[name]) for name in first) == same
    assert net.measure()["disagreement"] == 0


def test_the_first_member_is_the_network_that_classify_trains():
    net, alone = ensemble(), experiment(data=DATA, watch=["loss"])
    for each in (net, alone):
        each.advance(20)
    assert all(np.array_equal(value, member_weights(net, 1)[name]) for name, value in alone.weights().items())


def test_snapshots_are_taken_at_the_end_of_each_cycle_and_averaged():
    net, alone = snapshots(), experiment(data=DATA, watch=["loss"])
    kept = []
    for _ in range(4):
        net.advance(10)
        alone.advance(10)
        kept.append(answers(alone.weights(), validation()))
    values, targets = net.measure(), validation().targets
    assert values["snapshots"] == 3
    losses = [scores(each, targets)[0] for each in kept[1:]]
    assert values["best_loss"] == pytest.approx(min(losses), rel=1e-4)
    assert values["snapshot_loss"] == pytest.approx(losses[-1], rel=1e-4)
    accuracies = [(each.argmax(axis=1) == targets).mean() for each in kept[1:]]
    assert len(set(accuracies)) > 1
    assert values["snapshot_accuracy"] == pytest.approx(accuracies[-1])
    assert values["best_accuracy"] == pytest.approx(max(accuracies))
    assert values["ensemble_loss"] == pytest.approx(scores(np.mean(kept[1:], axis=0), targets)[0], rel=1e-4)


def test_snapshots_do_not_depend_on_how_many_steps_are_done_at_once():
    one, other = snapshots(), snapshots()
    one.advance(37)
    for steps in (3, 20, 9, 5):
        other.advance(steps)
    assert one.measure() == other.measure()


def test_before_there_are_snapshots_nothing_is_said_of_them():
    assert set(snapshots().measure()) == {"val_loss", "snapshots"}


def test_averaged_weights_are_the_mean_over_the_steps_since():
    net, alone = averaging(), experiment(data=DATA, watch=["loss"])
    net.advance(10)
    alone.advance(10)
    assert "average_loss" not in net.measure()
    seen = []
    for _ in range(15):
        alone.advance(1)
        seen.append(alone.weights())
    net.advance(15)
    means = net.averaged()
    for name, value in net.weights().items():
        assert np.array_equal(value, alone.weights()[name])
        assert np.allclose(means[name], np.mean([each[name] for each in seen], axis=0), atol=1e-6)
    held = validation()
    assert net.measure()["average_loss"] == pytest.approx(scores(answers(means, held), held.targets)[0], rel=1e-4)
    assert net.measure()["current_loss"] == pytest.approx(
        scores(answers(net.weights(), held), held.targets)[0], rel=1e-4
    )


def test_the_mean_of_weights_is_judged_the_same_however_often_somebody_looks():
    model = [{"dense": 6}, "batch_norm", "relu", {"dropout": 0.4}, {"dense": 6}, "batch_norm", {"dense": "classes"}]
    one, other = (
        experiment(task="average", data=DATA, model=model, watch=["average_loss"], options={"after": 2})
        for _ in range(2)
    )
    one.advance(10)
    for _ in range(5):
        other.advance(2)
        other.measure()
    assert one.measure() == other.measure() == other.measure()


@pytest.mark.parametrize("make", [ensemble, snapshots, averaging])
def test_goes_on_from_a_state_to_the_same_bits(make):
    net, other = make(), make()
    net.advance(25)
    state = net.state()
    net.advance(20)
    other.restore(state)
    assert other.step == 25
    other.advance(20)
    assert net.measure() == other.measure()
    assert all(np.array_equal(value, other.weights()[name]) for name, value in net.weights().items())


@pytest.mark.parametrize(
    ("name", "options"), [("ensemble", {}), ("snapshots", {"every": 5}), ("average", {"after": 5})]
)
def test_a_validation_set_is_needed(name, options):
    with pytest.raises(InvalidValue, match="validation"):
        experiment(task=name, data={"name": "spiral", "points": 90}, watch=[], options=options)
