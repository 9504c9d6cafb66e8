"""Searches inside one replica: every trial is the training it says it is, and what is counted is right."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.errors import InvalidValue
from tests.tasks.test_training import experiment

RATE, L2 = "optimizer.rate", "optimizer.l2"
WAYS = {
    "grid": {"method": "grid", "over": {RATE: "log(1e-4, 1)", L2: "log(1e-6, 1e-3)"}},
    "random": {"over": {RATE: "log(1e-4, 1)", L2: "log(1e-6, 1e-3)"}},
}
DATA = {"name": "spiral", "points": 90, "validation": 0.2}
SGD = {"name": "sgd", "rate": 0.1, "l2": 1e-4}


def search(ways=WAYS, trials=4, repeats=3, **changes):
    options = {"steps": 20, "repeats": repeats, "ways": ways, "shift": changes.pop("shift", 0.5)}
    train = {"batch": 16, "steps": trials}
    watch = ["best", "wins", "distinct"]
    return experiment(task="search", data=DATA, optimizer=SGD, train=train, watch=watch, options=options, **changes)


def alone(values):
    """The same trial as a training of its own."""
    net = experiment(
        data=DATA,
        optimizer=SGD | {path.removeprefix("optimizer."): value for path, value in values.items()},
        train={"batch": 16, "steps": 20},
        watch=["val_loss"],
    )
    net.advance(20)
    return net.measure()["val_loss"]


def test_every_trial_is_a_training_of_its_own():
    net = search()
    net.advance(4)
    losses = {
        (each.way, each.repeat): min(alone(trial.values) for trial in each.trials)
        for each in net.searches
        if each.repeat == 0
    }
    state = net.state()["losses"]
    for row, each in enumerate(net.searches[:2]):
        assert np.nanmin(state[row]) == pytest.approx(losses[each.way, 0], rel=1e-6)


def test_counts_wins_and_distinct_values():
    net = search()
    net.advance(4)
    values = net.measure()
    assert values["distinct.grid"] == 2
    assert values["distinct.random"] == 4
    best = np.nanmin(net.state()["losses"], axis=1).reshape(3, 2)
    assert values["wins.grid"] == pytest.approx(np.mean(best[:, 0] < best[:, 1]))
    assert values["wins.grid"] + values["wins.random"] == pytest.approx(1)
    assert values["best.random"] == pytest.approx(np.median(best[:, 1]))


def test_ways_that_draw_differ_in_their_ranges_alone():
    ways = {"log": {"over": {RATE: "log(1e-4, 1)"}}, "uniform": {"over": {RATE: "uniform(1e-4, 1)"}}}
    log, uniform = search(ways, shift=0.0).searches[:2]
    for one, other in zip(log.trials, uniform.trials, strict=True):
        share = (other.values[RATE] - 1e-4) / (1 - 1e-4)
        assert one.values[RATE] == pytest.approx(10 ** (-4 + 4 * share))


def test_equal_ways_share_their_wins():
    net = search({"a": WAYS["random"], "b": WAYS["random"]})
    net.advance(2)
    assert net.measure()["wins.a"] == net.measure()["wins.b"] == 0.5


def test_a_trial_that_diverges_counts_as_guessing_and_hurts_no_other():
    ways = {"hot": {"over": {RATE: [1e5, 1e6]}}, "good": {"over": {RATE: [0.1, 0.2]}}}
    net = search(ways, trials=3, model=[{"dense": 12}, "leaky_relu", {"dense": 12}, "leaky_relu", {"dense": "classes"}])
    net.advance(3)
    values = net.measure()
    assert values["best.hot"] == pytest.approx(math.log(3))
    assert values["best.good"] < math.log(3)
    assert net.diverged() is None


def test_goes_on_from_a_state_to_the_same_bits_whatever_the_chunks():
    net, other = search(), search()
    net.advance(2)
    other.restore(net.state())
    net.advance(2)
    other.advance(1)
    other.advance(1)
    assert net.measure() == other.measure()
    assert other.step == 4


def test_pictures_have_all_trials_so_far():
    net = search()
    assert [each.title for each in net.pictures()] == [each.title for each in search().pictures()]
    net.advance(3)
    scatter, best = net.pictures()
    assert {name: len(points) for name, points in scatter.groups.items()} == {"grid": 3, "random": 3}
    assert all(np.all(np.diff(line) <= 0) for line in best.lines.values())


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ({"a": {"over": {"model.0.dense": [4, 8]}}}, "running training"),
        ({"a": {"over": {RATE: "log(0, 1)"}}}, "above 0"),
        ({"a": {"over": {RATE: "log(1, 2)"}}, "b": {"over": {L2: "log(1, 2)"}}}, "same settings"),
        ({"a": {"over": {RATE: "normal(1, 2)"}}}, "no range"),
    ],
)
def test_searches_that_make_no_sense_are_refused(ways, message):
    with pytest.raises(InvalidValue, match=message):
        search(ways)
