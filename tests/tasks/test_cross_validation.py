"""Cross-validation inside one replica: the folds, the test, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from tests.tasks.test_training import experiment

WATCH = ["spread", "error", "bias", "test", "lost"]


def validation(draws=3, **options):
    chosen = {"over": {"model.0.dense": [3, 12]}, "pool": 30, "folds": 3, "steps": 20} | options
    return experiment(
        task="cross-validation", data={"name": "spiral", "points": 90}, watch=WATCH, options=chosen,
        train={"batch": 8, "steps": draws},
    )  # fmt: skip


def test_every_example_of_a_draw_is_held_back_once_and_the_rest_is_for_the_test():
    net = validation()
    for draw in range(3):
        pool, outside = net._whole(draw)
        assert sorted([*pool, *outside]) == list(range(90))
        folds = [net._fold(draw, fold) for fold in range(3)]
        assert sorted(np.concatenate([held for _, held in folds])) == sorted(pool)
        for train, held in folds:
            assert sorted([*train, *held]) == sorted(pool)
            assert len(held) == 10


def test_the_estimate_of_one_split_is_that_of_the_first_fold():
    net = validation()
    net.advance(3)
    held, test = net.state()["held"], net.state()["test"]
    values = net.measure()
    folds, split = held.mean(axis=2), held[:, :, 0]
    for way, estimate in (("folds", folds), ("split", split)):
        assert values["spread"] == values["spread.folds"]
        assert values[f"spread.{way}"] == pytest.approx(estimate.std(axis=0, ddof=1).mean())
        assert values[f"error.{way}"] == pytest.approx(np.sqrt(((estimate - test) ** 2).mean()))
        assert values[f"bias.{way}"] == pytest.approx((estimate - test).mean())
        chosen = [test[draw, estimate[draw].argmax()] for draw in range(3)]
        assert values[f"test.{way}"] == pytest.approx(np.mean(chosen))
        assert values[f"lost.{way}"] == pytest.approx(test.max(axis=1).mean() - np.mean(chosen))


def test_wider_nets_are_trained_where_the_path_says_so():
    net = validation()
    sizes = [net._training(value, *net._whole(0)).network.parameters.members["dense1.weight"].shape for value in (0, 1)]
    assert sizes == [(2, 3), (2, 12)]


def test_one_draw_says_nothing_about_spread():
    net = validation()
    assert net.measure() == {}
    net.advance(1)
    assert net.measure() == {}


def test_goes_on_from_a_state_to_the_same_bits_whatever_the_chunks():
    net, other = validation(), validation()
    net.advance(1)
    other.restore(net.state())
    net.advance(2)
    other.advance(1)
    other.advance(1)
    assert net.measure() == other.measure()


def test_pictures_show_the_folds_and_the_scores():
    net = validation()
    diagram, scores = net.pictures()
    assert [row[0] for row in diagram.rows] == ["#--", "-#-", "--#", "mean", "test"]
    net.advance(1)
    held, test = net.state()["held"], net.state()["test"]
    rows = net.pictures()[0].rows
    assert rows[1][1:] == tuple(f"{each:.3f}" for each in held[0, :, 1])
    assert rows[-1][1:] == tuple(f"{each:.3f}" for each in test[0])
    assert np.isfinite(net.pictures()[1].lines["test"]).all()
    assert list(scores.x) == [3, 12]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": 90}, "for the test"),
        ({"folds": 31, "pool": 30}, "cannot be cut"),
        ({"over": {"model.0.dense": [3]}}, "2 to 20"),
        ({"over": {"data.points": [30, 60]}}, "cannot differ"),
        ({"over": {"model.9.dense": [3, 4]}}, "no position"),
    ],
)
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(InvalidValue, match=message):
        validation(**options)
