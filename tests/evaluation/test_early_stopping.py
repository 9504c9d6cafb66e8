"""A training ends when a metric has stopped getting better, and keeps the weights of its best moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lab
from lab.cli import run as main
from lab.data import load as load_data
from lab.errors import BadInput
from lab.tasks import task_of
from lab.tasks.task import load_tasks
from tests.evaluation.tables import scenario
from tests.tasks.test_training import experiment as training_experiment

STOP = "{batch: 32, steps: 2000, measure: 10, stop: {when: val_loss, patience: 4}}"


def test_it_stops_after_its_patience_and_keeps_the_best_weights(tmp_path: Path) -> None:
    path = scenario(tmp_path, train=STOP)
    result = lab.run(path)
    steps, losses = result.curve("base", "val_loss")
    best = int(np.argmin(losses))
    assert result.outcomes[0].steps == steps[-1] < 2000
    assert steps[-1] == steps[best] + 40
    split = load_data(lab.load(path).scenario.data, 0, tmp_path)
    made = result.model().answers(split.validation.inputs)
    probable = made.numbers[np.arange(len(made)), split.validation.targets]
    assert -np.log(probable).mean() == pytest.approx(losses[best], rel=1e-5)


def test_the_rule_that_rises_and_the_weights_of_the_end(tmp_path: Path) -> None:
    stop = "{batch: 32, steps: 300, measure: 10, stop: {when: accuracy, patience: 3, least: 0.5, keep: last}}"
    result = lab.run(scenario(tmp_path, train=stop))
    steps, accuracy = result.curve("base", "accuracy")
    gains = accuracy - accuracy[0] > 0.5
    assert result.outcomes[0].steps == (30 if not gains[:4].any() else steps[int(np.argmax(gains))] + 30)


def test_it_decides_the_same_after_a_state_is_restored(tmp_path: Path) -> None:
    loaded = lab.load(scenario(tmp_path, train=STOP))

    def training():
        made = task_of(loaded.scenario).build(loaded.scenario, 0, tmp_path)
        made.prepare()
        return made

    def finish(experiment) -> tuple[int, str]:
        while not experiment.stopped and experiment.step < 2000:
            experiment.advance(10 - experiment.step % 10)
            experiment.measure()
        return experiment.step, experiment.farewell()

    whole, first, second = training(), training(), training()
    whole.measure(), first.measure()
    for stretch in (10, 10, 4):
        first.advance(stretch)
        first.measure()  # the last one as if somebody had interrupted it
    second.restore(first.state())
    ends = [finish(each) for each in (whole, second)]
    assert ends[0] == ends[1]
    assert "stopped early: val_loss has not fallen for 4 measurements; val_loss was best at step" in ends[0][1]
    for name, array in whole.weights().items():
        np.testing.assert_array_equal(array, second.weights()[name])
    assert whole.farewell() is None


def test_a_replay_says_why_it_stopped(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    assert main(["run", str(scenario(tmp_path, train=STOP)), "--plain"]) == 0
    first = [line for line in capsys.readouterr().out.splitlines() if "stopped early" in line]
    assert main(["replay", "latest", "--plain"]) == 0
    again = [line for line in capsys.readouterr().out.splitlines() if "stopped early" in line]
    assert len(first) == 1
    assert first == again


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"watch": "[loss]"}, "train.stop.when: val_loss is not measured: add it to `watch`"),
        ({"task": "average", "options": "{after: 10}"}, "train.stop: the task average does all of its steps."),
    ],
)
def test_what_cannot_stop_is_refused(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    with pytest.raises(BadInput) as error:
        lab.load(scenario(tmp_path, train=STOP, **changes))
    assert told in str(error.value)


FALL = {"loss", "log_loss", "mae", "rmse", "error", "key_point_error", "objects_loose"}
NEITHER = {"detections_per_image"}
RISE = {
    "accuracy", "average_precision", "balanced_accuracy", "f1", "precision", "recall", "roc_auc", "r2", "mean_iou",
    "pixel_accuracy",
    "mask_iou", "box_iou", "boxes_found", "objects_found", "objects_assigned", "located", "class_accuracy",
    "mean_average_precision", "mean_average_precision_coco", "mask_mean_average_precision",
    "mask_mean_average_precision_coco", "forecast_skill",
}  # fmt: skip


def test_of_every_metric_of_examples_that_were_held_back_it_is_known_whether_more_is_better() -> None:
    for task in ("classify", "label", "regress", "segment", "detect", "locate"):
        meanings = load_tasks()[task].metrics
        for name in (each for each in meanings if each.startswith("val_")):
            told = name.removeprefix("val_")
            expected = {True: RISE, False: FALL, None: NEITHER}[meanings[name].higher_is_better]
            assert told in expected, name


def test_masks_are_kept_where_they_overlap_most() -> None:
    scenario = {
        "title": "Masks",
        "task": "segment",
        "data": {"name": "shape-masks", "points": 60, "size": 16, "validation": 0.4},
        "model": [{"conv": 8, "kernel_size": 3, "padding": 1}, "relu", {"conv": "classes", "kernel_size": 1}],
        "optimizer": {"name": "adam", "rate": 0.03},
        "train": {"batch": 8, "steps": 60, "measure": 5, "stop": {"when": "val_mean_iou"}},
        "watch": ["loss", "val_mean_iou"],
    }
    made = training_experiment(**scenario)
    seen = {made.step: made.measure()["val_mean_iou"]}
    while made.step < 60:
        made.advance(5)
        seen[made.step] = made.measure()["val_mean_iou"]
    best = max(seen, key=seen.__getitem__)
    assert seen[best] > seen[0]
    assert f"val_mean_iou was best at step {best:,} ({seen[best]:.4g})" in made.farewell()


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_network_that_diverged_answers_with_its_best_weights_or_says_why_it_does_not(
    tmp_path: Path, monkeypatch, capsys, keep: str
) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    stop = f"{{batch: 8, steps: 400, measure: 2, stop: {{when: val_loss, keep: {keep}}}}}"
    rate, model = (
        "{name: sgd, rate: 0.1, schedule: {step: {every: 6, factor: 10}}}",
        "[{dense: 8}, relu, {dense: classes}]",
    )
    path = scenario(tmp_path, train=stop, optimizer=rate, model=model)
    assert main(["run", str(path), "--plain"]) == 1
    told = capsys.readouterr().out
    assert "became infinite at step" in told or "became NaN at step" in told
    assert ("val_loss was best at step" in told and "the weights of that step are kept" in told) == (keep == "best")
    assert "`lab predict" not in told
    for command in (["predict", "latest", "customers.csv"], ["evaluate", "latest"]):
        assert main(command) == (0 if keep == "best" else 2)
        out, err = capsys.readouterr()
        assert "nan" not in out
        assert keep == "best" or "customers-1 answers with numbers that are NaN: it diverged" in err
