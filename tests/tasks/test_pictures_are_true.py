"""Every picture of the tasks that are more, or something else, than one network in training says what is so."""

from __future__ import annotations

import numpy as np
import pytest

from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import load_tasks, task_of
from tests.tasks import (
    test_cross_validation,
    test_descend,
    test_ensembles,
    test_formula,
    test_functions,
    test_gates,
    test_gradient_check,
    test_grid,
    test_language_model,
    test_recurrence,
    test_search,
    test_timing,
    test_word_prediction,
)

CELLS = 64
DECIMALS = 1e-5


def test_every_task_has_its_pictures_tested():
    # see test_figures_are_true, test_locate, test_detect
    with_figures = {"classify", "detect", "locate", "regress", "label", "segment", "transcribe"}
    here = {
        "average", "cross-validation", "descend", "ensemble", "formula", "functions", "gates", "gradient-check", "grid",
        "language-model", "next-word", "recurrence", "search", "snapshots", "timing",
    }  # fmt: skip
    # see test_pictures_and_words, test_translate, test_gridworld, test_gan, test_autoencoder, test_cart_pole, test_vae,
    # test_cluster, test_density, test_embed, test_unpool, test_upsample, test_pixels, test_off_policy,
    # test_optimise_image, test_latent_arithmetic, test_propose
    elsewhere = {
        "answer", "autoencoder", "caption", "cart-pole", "cluster", "density", "embed", "gan", "gridworld",
        "latent-arithmetic", "off-policy", "optimise-image", "pixels", "propose", "translate", "unpool", "upsample",
        "vae",
    }  # fmt: skip
    assert set(load_tasks()) == with_figures | here | elsewhere


# descend


def places(extent):
    """The points of a map: x to the right, y upwards, row 0 on top."""
    left, right, bottom, top = extent
    return np.meshgrid(np.linspace(left, right, CELLS), np.linspace(top, bottom, CELLS))


def test_the_map_of_a_saddle_rises_to_the_sides_and_falls_up_and_down():
    made = test_descend.experiment("saddle", start=[1.0, 0.5])
    (field,) = made.pictures()
    x, y = places(field.extent)
    heights = x**2 - y**2
    step = np.ptp(heights) / 16
    assert np.abs(field.values - heights).max() <= step / 2 + DECIMALS
    assert field.diverging


def test_the_map_of_a_bounded_function_shows_powers_of_ten_above_its_minimum():
    made = test_descend.experiment("rosenbrock", start=[-1.0, 1.5])
    (field,) = made.pictures()
    x, y = places(field.extent)
    heights = test_descend.rosenbrock(np.stack([x, y], axis=-1))
    logs = np.log10(np.maximum(heights, heights.max() * 1e-5))
    assert np.abs(field.values - logs).max() <= np.ptp(logs) / 32 + DECIMALS
    assert field.title == "Rosenbrock (log10 of the height)"


def test_the_path_on_the_map_leads_from_the_start_to_the_point_as_it_is_now():
    made = test_descend.experiment("rosenbrock", start=[-1.0, 1.5])
    walked = [made.weights()["point"][0]]
    for _ in range(7):
        made.advance(1)
        walked.append(made.weights()["point"][0].copy())
    (field,) = made.pictures()
    np.testing.assert_allclose(field.paths["path"], np.array(walked), rtol=1e-6)
    assert field.paths["path"][0].tolist() == [-1.0, 1.5]


def test_several_points_have_a_path_each():
    made = test_descend.experiment("saddle", walkers=3, start={"uniform": [-1, 1]})
    starts = made.weights()["point"].copy()
    made.advance(4)
    (field,) = made.pictures()
    assert list(field.paths) == ["point 1", "point 2", "point 3"]
    for number, path in enumerate(field.paths.values()):
        np.testing.assert_allclose(path[0], starts[number], rtol=1e-6)
        np.testing.assert_allclose(path[-1], made.weights()["point"][number], rtol=1e-6)


def test_a_function_of_one_number_is_a_curve_with_the_points_above_it():
    def height(x):
        hollows = np.exp(-((x + 1) ** 2) / (2 * 0.1**2)) + np.exp(-((x - 1) ** 2) / (2 * 0.8**2))
        return 0.05 * x**2 - hollows + 1

    made = test_descend.experiment("basins", start=[-0.4])
    made.advance(3)
    (scatter,) = made.pictures()
    curve = scatter.lines["function"]
    np.testing.assert_allclose(curve[:, 1], height(curve[:, 0].astype(np.float64)), atol=1e-4)
    ((x, y),) = scatter.groups["points"]
    assert x == pytest.approx(made.weights()["point"][0, 0], rel=1e-6)
    assert y == pytest.approx(height(x) + 0.04 * np.ptp(curve[:, 1]), abs=2e-3)


def test_points_that_came_to_one_place_of_a_curve_stand_on_each_other_as_high_as_they_are_many():
    made = test_descend.experiment("basins", {"name": "sgd", "rate": 0.02}, start={"uniform": [-1.2, 1.2]}, walkers=50)
    made.advance(2000)
    (scatter,) = made.pictures()
    points, curve = scatter.groups["points"], scatter.lines["function"]
    ends = np.sort(made.weights()["point"][:, 0])
    np.testing.assert_allclose(np.sort(points[:, 0]), ends, rtol=1e-5)
    wide = np.abs(points[:, 0] - ends[-1]) < 0.02
    assert 5 < wide.sum() < 50
    tower = np.ptp(points[wide, 1]) / np.ptp(curve[:, 1])
    assert tower == pytest.approx((wide.sum() - 1) / 50, abs=0.01)


# functions


@pytest.mark.parametrize(
    "name", sorted(set(test_functions.EXPECTED) & {"sigmoid", "tanh", "relu", "leaky_relu", "elu"})
)
def test_functions_and_their_slopes_are_drawn_over_their_inputs(name):
    functions, slopes = test_functions.gallery([name, "relu"]).pictures()
    assert (functions.title, slopes.title) == ("Functions", "Slopes")
    x = functions.x.astype(np.float64)
    formula = test_functions.EXPECTED[name]
    np.testing.assert_allclose(functions.lines[name], formula(x), atol=1e-5)
    away = np.abs(x) > 1e-3  # from the kink
    slope = (formula(x + 1e-5) - formula(x - 1e-5)) / 2e-5
    np.testing.assert_array_equal(slopes.x, functions.x)
    np.testing.assert_allclose(slopes.lines[name][away], slope[away], atol=1e-4)


# search


def test_trials_stand_where_their_settings_are():
    net = test_search.search()
    net.advance(3)
    scatter, _ = net.pictures()
    for search in net.searches[:2]:
        assert search.repeat == 0
        trials = [
            [np.log10(each.values[path]) for path in (test_search.RATE, test_search.L2)] for each in search.trials
        ]
        np.testing.assert_allclose(scatter.groups[search.way], trials[:3], rtol=1e-5)
    assert (scatter.x_label, scatter.y_label) == ("log10 optimizer.rate", "log10 optimizer.l2")


def test_with_one_setting_each_trial_stands_at_its_loss_and_the_best_is_the_lowest_so_far():
    net = test_search.search({"random": {"over": {test_search.RATE: "log(1e-4, 1)"}}}, trials=3, repeats=1)
    net.advance(3)
    scatter, best = net.pictures()
    trials = net.searches[0].trials
    losses = [min(test_search.alone(trial.values), np.log(3)) for trial in trials]
    expected = [[np.log10(trial.values[test_search.RATE]), loss] for trial, loss in zip(trials, losses, strict=True)]
    np.testing.assert_allclose(scatter.groups["random"], expected, rtol=1e-5)
    assert scatter.y_label == "validation loss"
    np.testing.assert_allclose(best.lines["random"], np.minimum.accumulate(losses), rtol=1e-5)
    assert best.x.tolist() == [1, 2, 3]


def test_the_best_so_far_is_the_median_over_the_repeats():
    net = test_search.search()
    net.advance(4)
    _, best = net.pictures()
    for name in test_search.WAYS:
        assert best.lines[name][-1] == pytest.approx(net.measure()[f"best.{name}"], rel=1e-6)


# cross-validation


def test_the_folds_and_the_curves_are_those_of_the_latest_draw():
    net = test_cross_validation.validation()
    net.advance(2)
    held, test = (net.state()[name][1] for name in ("held", "test"))
    diagram, curves = net.pictures()
    for fold, name in enumerate(("#--", "-#-", "--#")):
        assert diagram.rows[fold] == (name, *(f"{each:.3f}" for each in held[:, fold]))
    assert diagram.rows[3][1:] == tuple(f"{each:.3f}" for each in held.mean(axis=1))
    assert diagram.rows[4][1:] == tuple(f"{each:.3f}" for each in test)
    assert diagram.columns == ("folds", "3", "12")
    np.testing.assert_allclose(curves.lines["all folds"], held.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(curves.lines["one split"], held[:, 0], rtol=1e-6)
    np.testing.assert_allclose(curves.lines["test"], test, rtol=1e-6)
    assert curves.x.tolist() == [3, 12]


def test_an_accuracy_of_a_fold_is_that_of_a_net_trained_without_it():
    net = test_cross_validation.validation()
    net.advance(1)
    pool, _ = net._whole(0)
    alone = net._training(1, pool[:20], pool[20:])
    alone.prepare()
    alone.advance(20)
    assert net.pictures()[0].rows[2][2] == f"{alone.measure()['val_accuracy']:.3f}"


# grid


def test_the_map_of_a_grid_has_the_largest_scale_on_top_and_the_rates_from_left_to_right():
    options = {"scales": [1, 1e3], "rates": [1e-6, 1e-5, 0.2], "steps": 40}
    net = test_grid.experiment(**{**test_grid.GRID, "options": options, "train": {"batch": 16, "steps": 5}})
    losses = []
    for _ in range(5):
        net.advance(1)
        losses.append(net.measure()["loss"])
    (field,) = net.pictures()
    np.testing.assert_allclose(field.values[1], losses[:3], rtol=1e-6)
    np.testing.assert_allclose(field.values[0, :2], losses[3:], rtol=1e-6)
    assert np.isnan(field.values[0, 2])  # not trained yet
    assert losses[2] < losses[0]
    assert field.extent == pytest.approx((-6 - 5.30103 / 4, np.log10(0.2) + 5.30103 / 4, -1.5, 4.5), abs=1e-4)
    assert (field.x_label, field.y_label) == ("log10 of the rate", "log10 of the scale")
    assert field.high == pytest.approx(np.log(3))


# gradient-check


def test_the_error_stands_over_its_h():
    net = test_gradient_check.experiment(steps=5)
    seen = []
    for _ in range(5):
        net.advance(1)
        values = net.measure()
        seen.append([values["h"], values["error.dense1"], values["error.dense2"]])
    (curves,) = net.pictures()
    expected = np.array(sorted(seen))
    np.testing.assert_allclose(curves.x, expected[:, 0], rtol=1e-6)
    np.testing.assert_allclose(curves.lines["dense1"], expected[:, 1], rtol=1e-6)
    np.testing.assert_allclose(curves.lines["dense2"], expected[:, 2], rtol=1e-6)
    assert (curves.lines["dense1"] != curves.lines["dense2"]).any()


# gates


def test_the_graph_shows_values_gradients_and_who_feeds_whom():
    made = test_gates.walk("q = x + y; f = q * z", {"x": -2, "y": 5, "z": -4})
    made.advance(4)
    diagram, table = made.pictures()
    assert {name: (label, value, gradient) for name, label, value, gradient in diagram.nodes} == {
        "x": ("x", "-2", "-4"),
        "y": ("y", "5", "-4"),
        "z": ("z", "-4", "3"),
        "q": ("q: +", "3", "-4"),
        "f": ("f: ×", "-12", "1"),
    }
    assert set(diagram.edges) == {("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")}
    assert [row[:3] for row in table.rows] == [
        ("q by x", "+", "1"), ("q by y", "+", "1"), ("f by q", "×", "-4"), ("f by z", "×", "3"),
    ]  # fmt: skip


def test_the_graph_fills_up_one_operation_per_step_forward_and_then_backward():
    made = test_gates.walk("q = x + y; f = q * z", {"x": -2, "y": 5, "z": -4})
    known = []
    for _ in range(5):
        nodes = made.pictures()[0].nodes
        known.append(
            ({name for name, _, value, _ in nodes if value}, {name for name, *_, gradient in nodes if gradient})
        )
        made.advance(1)
    inputs = {"x", "y", "z"}
    assert known == [
        (inputs, set()),
        (inputs | {"q"}, set()),
        (inputs | {"q", "f"}, {"f"}),
        (inputs | {"q", "f"}, {"f", "q", "z"}),
        (inputs | {"q", "f"}, {"f", "q", *inputs}),
    ]


# formula


def test_the_bars_of_a_formula_are_its_metrics_and_the_table_is_its_plan():
    made = test_formula.experiment()
    made.advance(2)
    values = made.measure()
    memory, bars, table = made.pictures()
    assert bars.values == {
        "operations": pytest.approx(values["operations"]),
        "bytes moved": pytest.approx(values["traffic"]),
        "nanoseconds": pytest.approx(values["pass_time"]),
    }
    kernels = [row.kernel.name for row in made.plan.rows]
    assert len(table.rows) == len(memory.values) == len(kernels) == values["calls"]
    for name, cells in zip(kernels, table.rows, strict=True):
        assert name in " ".join(cells)


def test_the_memory_plan_is_forward_above_and_backward_below():
    made = test_formula.experiment()
    (memory, *_) = made.pictures()
    forward = made._forward
    assert (memory.values[0] > 0).any()
    first = {column: rows[0] for column in range(memory.values.shape[1])
             if len(rows := np.flatnonzero(memory.values[:, column] < 0))}  # fmt: skip
    assert first
    assert min(first.values()) >= forward  # nothing of the way back is there before it begins


# language-model


def test_the_bars_are_the_probabilities_of_what_comes_next_and_the_text_is_what_was_written():
    net = test_language_model.experiment(model=[{"embedding": 5}, {"dense": "classes"}])
    net.advance(20)
    net.measure()
    table, fan, bars, _ = net.pictures()
    weights, names = net.weights(), net.split.train.classes
    embedding, dense, bias = (weights[name].astype(np.float64) for name in weights)
    logits = embedding[names.index("\n")] @ dense + bias
    chances = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    best = chances.argsort()[::-1][: len(bars.values)]
    np.testing.assert_allclose(list(bars.values.values()), chances[best], rtol=1e-4)
    assert [row[0] for row in table.rows if row[0]] == ["20"]
    sample, text = net.vocabulary.spell(net.samples[-1][1]), net.vocabulary.spell(net.text)
    stretches = [sample[a:b] for a in range(len(sample)) for b in range(a + 1, len(sample) + 1)]
    assert table.rows[0][2] == str(max(len(each) for each in stretches if each in text))
    assert fan.rows[0][0] == "argmax"
    assert len(set(fan.rows[0][1][5:])) <= 4  # it goes round in a circle, with one character for each


# recurrence


def test_the_gradient_over_the_lag_is_what_was_measured():
    net = test_recurrence.run()
    seen = []
    for _ in range(4):
        net.advance(1)
        seen.append(net.measure())
    curves = net.pictures()[0]
    np.testing.assert_allclose(curves.lines["gradient"], [each["gradient"] for each in seen], rtol=1e-6)
    np.testing.assert_allclose(curves.lines["radius ** lag"], [each["line"] for each in seen], rtol=1e-6)


# next-word


def test_the_tree_shows_how_much_of_the_text_lies_below_each_node():
    net = test_word_prediction.predictor("tree")
    diagram, bars = net.pictures()
    tree, targets, names = net.output.tree, net.split.train.targets, net.split.train.classes
    counts = np.bincount(targets, minlength=len(names)) / len(targets)
    ways = ["".join("l" if sign > 0 else "r" for sign in tree.sign[word][: tree.length[word]]) for word in range(20)]
    assert {name for name, *_ in diagram.nodes} == {way[:level] or "root" for way in ways for level in range(4)}
    for name, label, share, _ in diagram.nodes:
        way = [] if name == "root" else [1.0 if step == "l" else -1.0 for step in name]
        below = [
            word
            for word in range(len(names))
            if tree.length[word] >= len(way) and list(tree.sign[word][: len(way)]) == way
        ]
        assert share == f"{counts[below].sum():.1%}"
        assert label == (names[below[0]] if len(below) == 1 else f"{len(below)} words")
    assert set(diagram.edges) == {(name[:-1] or "root", name) for name, *_ in diagram.nodes if name != "root"}
    assert bars.values["words"] == 20
    assert bars.values["evaluated per example"] == pytest.approx(net.measure()["nodes"])
    assert bars.values["longest way to a word"] == net.measure()["tree_depth"] == tree.length.max()


# timing


def test_bars_of_both_passes_are_the_medians_that_are_measured():
    chosen = Scenario.model_validate(
        {
            "title": "Timing", "task": "timing", "train": {"steps": 3}, "watch": list(test_timing.METRICS),
            "options": {"functions": ["sigmoid", "dense"], "elements": 1024},
        }
    )  # fmt: skip
    made = task_of(chosen).build(chosen, 0, None)
    prepare(made.kernels())
    made.prepare()
    made.advance(3)
    values = made.measure()
    for which, bars in zip(("forward", "backward"), made.pictures(), strict=True):
        assert bars.title == f"{which.capitalize()}, per output"
        assert bars.unit == "ns"
        for name, time in bars.values.items():
            assert time == pytest.approx(values[f"{which}.{name}"])


# ensemble, snapshots, average


def test_an_ensemble_is_drawn_over_its_members():
    net = test_ensembles.ensemble()
    net.advance(30)
    values, (curves,) = net.measure(), net.pictures()
    assert curves.x.tolist() == [1, 2, 3]
    for number in (1, 2, 3):
        assert curves.lines["averaged"][number - 1] == pytest.approx(values[f"ensemble_accuracy.of{number}"])
        assert curves.lines["each alone"][number - 1] == pytest.approx(values[f"member_accuracy.net{number}"])
    np.testing.assert_allclose(curves.lines["mean of the members"], values["member_accuracy"], rtol=1e-6)


def test_snapshots_are_drawn_in_the_order_in_which_they_were_taken():
    net = test_ensembles.snapshots()
    held, taken = test_ensembles.validation(), []
    net.advance(10)  # the first is taken 10 steps after that
    for _ in range(3):
        net.advance(10)
        taken.append(test_ensembles.answers(net.weights(), held))
    curves, *_ = net.pictures()
    alone = [test_ensembles.scores(each, held.targets)[0] for each in taken]
    together = [test_ensembles.scores(np.mean(taken[: number + 1], axis=0), held.targets)[0] for number in range(3)]
    np.testing.assert_allclose(curves.lines["each alone"], alone, rtol=1e-4)
    np.testing.assert_allclose(curves.lines["averaged"], together, rtol=1e-4)
    assert curves.x.tolist() == [1, 2, 3]


def test_the_pictures_of_averaged_weights_are_those_of_the_network_in_training():
    net = test_ensembles.averaging()
    net.advance(20)
    regions = net.pictures()[0]
    assert regions.title == "Decision regions"
    left, right, bottom, top = regions.extent
    x, y = np.meshgrid(np.linspace(left, right, 60), np.linspace(top, bottom, 40))
    answers = test_ensembles.forward(net.weights(), np.stack([x.ravel(), y.ravel()], 1), np.zeros(2400, int))[2]
    assert (regions.classes.ravel() == answers.argmax(axis=1)).mean() > 0.999
