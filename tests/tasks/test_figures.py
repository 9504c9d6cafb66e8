"""Pictures of a network in training: which are shown, what they say, and that they go back in time with the run."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.tasks import task_of
from lab.tasks.figures import load_figures
from lab.tasks.figures.recording import MOST, UNTHINNED, thinned
from tests.tasks.test_training import experiment, scenario


def titles(net):
    return [picture.title for picture in net.pictures()]


def test_without_a_choice_everything_that_fits_is_shown_the_data_first():
    assert titles(experiment()) == ["Decision regions", "Units", "Activations", "Gradients", "Network"]


def test_a_scenario_chooses_pictures_and_their_order():
    net = experiment(options={"pictures": ["gradient_norms", "decision_regions"]})
    assert titles(net) == ["Gradient norm per layer", "Decision regions"]


def test_a_chosen_picture_that_does_not_fit_is_left_out():
    assert titles(experiment(options={"pictures": ["fitted_curve", "units"]})) == ["Units"]


def test_an_unknown_picture_is_named_with_the_nearest_one():
    chosen = scenario(options={"pictures": ["units", "dead_unit"]})
    with pytest.raises(InvalidValue, match="dead_units") as error:
        task_of(chosen).check(chosen, None)
    assert error.value.path == ("options", "pictures", 1)


def test_a_picture_that_is_chosen_twice_is_refused():
    with pytest.raises(InvalidValue, match="'loss_by_examples' is there twice") as error:
        experiment(options={"pictures": ["loss_by_examples", "loss_by_examples"]})
    assert error.value.path[-2:] == ("pictures", 1)


def test_every_figure_says_what_it_shows():
    assert all(figure.__doc__ for figure in load_figures().values())


def test_gradient_norms_are_those_that_are_measured():
    net = experiment(options={"pictures": ["gradient_norms"]})
    net.advance(5)
    (bars,), values = net.pictures(), net.measure()
    for layer in ("dense1", "dense2", "dense3"):
        assert bars.values[layer] == pytest.approx(values[f"grad_norm.{layer}"], rel=1e-5)


def recorded(net, moments, every=2):
    for _ in range(moments):
        net.advance(every)
        net.measure()
    return net.pictures()[0]


def test_what_a_metric_and_a_picture_both_need_is_computed_once():
    net = experiment(options={"pictures": ["dead_units"]})
    rows = [row.kernel.name for row in net.layout.plans["measure"].rows]
    assert rows.count("dead_units") == sum(part.layer.can_die for part in net.inspection.evaluated_layers)


def test_the_map_of_dead_units_has_a_column_per_measurement_and_agrees_with_the_share():
    net = experiment(options={"pictures": ["dead_units"]}, init={"name": "he", "bias": -1.5})
    shares = [net.measure()["dead_relu.relu1"]]
    for _ in range(5):
        net.advance(10)
        shares.append(net.measure()["dead_relu.relu1"])
    (field,) = net.pictures()
    assert field.values.shape == (12, 6)
    np.testing.assert_allclose(field.values.mean(axis=0), shares, rtol=1e-6)
    assert field.values.any()
    assert field.extent == (0.0, 50.0, 0.0, 12.0)


def test_what_was_recorded_goes_back_and_comes_back_with_the_state():
    net = experiment(options={"pictures": ["dead_units"]})
    net.measure()
    early, seen_early = net.state(), net.pictures()[0]
    seen_late, late = recorded(net, 4), net.state()
    net.restore(early)
    np.testing.assert_array_equal(net.pictures()[0].values, seen_early.values)
    np.testing.assert_array_equal(recorded(net, 4).values, seen_late.values)
    other = experiment(options={"pictures": ["dead_units"]})
    other.restore(late)
    np.testing.assert_array_equal(other.pictures()[0].values, seen_late.values)


def test_a_state_with_other_recordings_is_refused():
    with pytest.raises(ValueError, match="recorded"):
        experiment().restore(experiment(options={"pictures": ["dead_units"]}).state())


def test_a_long_history_is_thinned_out_evenly():
    net = experiment(options={"pictures": ["dead_units"]}, train={"batch": 16, "steps": 3000})
    recorded(net, MOST + 100, every=1)
    steps, _ = net.monitor.figures.recording.history("dead_units.relu1")
    assert len(steps) <= MOST
    assert steps[:UNTHINNED].tolist() == list(range(1, UNTHINNED + 1))
    assert steps[-1] == MOST + 100
    assert np.diff(steps).max() <= 4


@pytest.mark.parametrize("period", [2, 3, 4, 7, 64])
def test_a_thinned_history_still_jumps_and_keeps_what_happened_once(period):
    steps, rows = np.zeros(0, np.int64), np.zeros((0, 3), np.float32)
    for step in range(5000):
        row = [[step % period < period / 2, step == 2345, np.nan if step == 3210 else 1.0]]
        steps, rows = np.append(steps, step), np.concatenate([rows, np.array(row, np.float32)])
        if len(steps) > MOST:
            steps, rows = thinned(steps, rows)
    np.testing.assert_array_equal(rows[:, 0], steps % period < period / 2)
    stretch = max(500, 4 * period)
    for start in range(0, 5000, stretch):
        there = rows[(steps >= start) & (steps < start + stretch), 0]
        assert 0.2 < there.mean() < 0.8
    assert steps[rows[:, 1] == 1].tolist() == [2345]
    assert steps[np.isnan(rows[:, 2])].tolist() == [3210]


def test_gradients_are_counted_by_their_powers_of_ten_without_the_zeros():
    net = experiment(options={"pictures": ["gradients"]})
    net.advance(5)
    (picture,) = net.pictures()
    for layer in ("dense1", "dense2", "dense3"):
        gradients = np.concatenate(
            [
                net.layout.view(net.memory, tensor).ravel()
                for name, tensor in net.gradients.members.items()
                if name.startswith(layer)
            ]
        )
        assert picture.counts[layer].sum() == np.count_nonzero(gradients)
        powers = np.log10(np.abs(gradients[gradients != 0]))
        assert picture.edges[0] <= powers.min()
        assert powers.max() <= picture.edges[-1]
