"""Searching: spaces, methods, sweeps that find what is there and can be resumed."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.cli import run as main
from lab.cli.sweeping import run
from lab.errors import BadInput
from lab.scenario import load
from lab.search import Result, Sweep, grid, parse_axis, random
from lab.search.keeping import keep, results_of, sweep_of
from lab.search.pictures import importance, together
from lab.spaces import METHODS, rungs
from lab.store import Store

from ..session.scenarios import small

RATE = "optimizer.rate=log(1e-4, 1)"


@pytest.mark.parametrize(
    "text",
    ["optimizer.rate", "=log(1,2)", "a=log(0,1)", "a=log(2,1)", "a=normal(0,1)", "a=log(x,1)", "a=3", "a=[]",
     "a=int(0.2,0.8)", "a=uniform(0,inf)"],
)  # fmt: skip
def test_ranges_that_make_no_sense_are_refused(text):
    with pytest.raises(BadInput):
        parse_axis(text)


@given(st.floats(0, 1, exclude_max=True))
def test_axes_stay_inside(share):
    assert 1e-4 <= parse_axis("a=log(1e-4,1)").at(share) <= 1 + 1e-12
    assert -2 <= parse_axis("a=uniform(-2,3)").at(share) <= 3
    assert parse_axis("a=int(3,5)").at(share) in (3, 4, 5)
    assert parse_axis("a=[16, 32, relu]").at(share) in (16, 32, "relu")


def test_log_axis_is_even_in_the_exponent():
    axis = parse_axis("a=log(1e-4,1)")
    assert [axis.at(each / 4) for each in range(5)] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert axis.levels(5) == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])


def test_random_trials_depend_on_seed_and_number_alone():
    axes = [parse_axis(RATE), parse_axis("model.0.dense=int(4,64)")]
    assert random(axes, 5, 1) == random(axes, 20, 1)[:5]
    assert random(axes, 5, 1) != random(axes, 5, 2)
    assert len({trial.values["optimizer.rate"] for trial in random(axes, 25, 0)}) == 25


def test_grid_has_every_combination():
    axes = [parse_axis("a=uniform(0,1)"), parse_axis("b=[1, 2, 3]")]
    trials = grid(axes, 15)
    assert len(trials) == 15
    assert len({trial.values["a"] for trial in trials}) == 5
    assert len({tuple(trial.values.values()) for trial in trials}) == 15
    with pytest.raises(BadInput, match="combinations"):
        grid([parse_axis("b=[1, 2, 3]"), parse_axis("c=[1, 2]")], 5)


@given(st.integers(1, 500), st.integers(1, 5000))
def test_rungs_narrow_and_end_with_all_steps(trials, steps):
    ladder = rungs(trials, steps)
    assert ladder[0][0] == trials
    assert ladder[-1][1] == steps
    assert [count for count, _ in ladder] == sorted((count for count, _ in ladder), reverse=True)
    assert [each for _, each in ladder] == sorted(each for _, each in ladder)


def sweep(**options) -> Sweep:
    made = Sweep(small(), [parse_axis(options.pop("over", RATE))], **{"trials": 8, "objective": "loss"} | options)
    made.check()
    return made


def test_a_sweep_ranks_by_the_objective_and_repeats_itself():
    results = sweep().run()
    scores = [result.score for result in results]
    assert len(results) == 8
    assert scores == sorted(scores)
    assert all(result.steps == 60 for result in results)
    assert sweep().run(threads=1) == results


def test_accuracy_is_ranked_from_the_highest():
    scores = [result.score for result in sweep(objective="accuracy").run()]
    assert scores == sorted(scores, reverse=True)


NUMBERS = """
title: Numbers
task: regress
data: {name: curve, points: 60, noise: 0.1, validation: 0.5}
model: [{dense: 8}, tanh, {dense: outputs}]
optimizer: {name: sgd, rate: 0.1}
train: {batch: 16, steps: 40, measure: 20}
watch: [val_mae, val_r2, rate]
"""


def of_numbers(**options) -> Sweep:
    made = Sweep(small(NUMBERS), [parse_axis("optimizer.rate=[0.1, 0.0001]")], **{"method": "grid"} | options)
    made.check()
    return made


@pytest.mark.parametrize(
    ("options", "best"),
    [
        ({}, 0.1),  # what is watched first, val_mae
        ({"objective": "val_r2"}, 0.1),
        ({"objective": "val_mae", "direction": "maximise"}, 0.0001),
        ({"objective": "rate", "direction": "minimise"}, 0.0001),
    ],
)
def test_best_is_what_the_metric_says_or_what_is_asked(options, best):
    first, second = of_numbers(**options).run()
    assert first.trial.values == {"optimizer.rate": best}
    assert first.score != second.score


def test_an_objective_of_which_neither_more_nor_less_is_better_needs_a_direction():
    with pytest.raises(BadInput, match="--direction minimise or --direction maximise"):
        of_numbers(objective="rate")
    with pytest.raises(BadInput, match="no direction 'up'; allowed: minimise, maximise"):
        of_numbers(direction="up")


def test_the_direction_of_a_kept_sweep_is_kept():
    made = of_numbers(direction="maximise")
    writer, known = keep(made, Store.open(), None, print)
    results, _ = run(made, writer, known)
    writer.close("finished")
    info = Store.open().find(writer.name)
    assert results_of(sweep_of(info, only_look=True), Store.open(), info) == results
    with pytest.raises(BadInput, match="another sweep"):
        keep(of_numbers(), Store.open(), writer.name, print)


def test_halving_trains_the_best_longer_and_to_the_same_bits():
    results = sweep(method="halving", trials=9).run()
    whole = {result.trial.number: result.score for result in sweep(trials=9).run()}
    assert sorted((result.steps for result in results), reverse=True) == [60, 20, 20, *[6] * 6]
    assert results[0].score == whole[results[0].trial.number]


def test_cross_validation_scores_every_fold():
    made = sweep(folds=3, trials=2, objective="accuracy")
    results = made.run()
    assert all(len(result.scores) == 3 for result in results)
    assert len({name for name, _, _ in made.jobs}) == 6


def test_diverged_trials_come_last():
    made = Sweep(small(overrides={"model.1": "identity"}), [parse_axis("optimizer.rate=[1000, 0.1]")], method="grid")
    best, worst = made.run()
    assert best.trial.values == {"optimizer.rate": 0.1}
    assert math.isnan(worst.score)


def test_an_interrupted_sweep_goes_on_where_it_was():
    first = sweep(trials=4)
    writer, known = keep(first, Store.open(), None, print)
    first.run(sink=writer, progress=lambda progress: True)
    writer.close("interrupted")
    again = sweep(trials=4)
    writer, known = keep(again, Store.open(), writer.name, print)
    assert len(known) == 4
    results, interrupted = run(again, writer, known)
    assert not interrupted
    assert results == sweep(trials=4).run()
    with pytest.raises(BadInput, match="another sweep"):
        keep(sweep(trials=5), Store.open(), writer.name, print)


def test_a_kept_sweep_is_finished_everywhere_and_tells_the_settings_of_its_trials(capsys):
    store = Store.open()
    made = sweep(trials=3, steps=20)
    writer, known = keep(made, store, None, print)
    run(made, writer, known)

    def lab(*arguments):
        code = main([*arguments])
        return code, *capsys.readouterr()

    assert "finished" in lab("runs")[1]
    told = lab("replay", writer.name, "--plain")[1]
    assert "Interrupted" not in told
    assert [line.split()[0] for line in told.splitlines() if "step 20 of 20" in line] == ["t0", "t1", "t2"]
    rows = list(csv.DictReader(io.StringIO(lab("export", writer.name, "--format", "csv", "--out", "-")[1])))
    assert {row["variant"]: float(row["optimizer.rate"]) for row in rows} == {
        trial.name: trial.values["optimizer.rate"] for trial in made.trials
    }
    curves = json.loads(lab("export", writer.name, "--format", "json", "--out", "-")[1])["curves"]
    assert curves[0]["settings"] == made.trials[0].values
    code, _, complaint = lab("export", writer.name, "--format", "safetensors", "--out", "weights")
    assert code == 2
    assert "is a sweep, which keeps no weights" in complaint


def test_a_sweep_that_was_stopped_in_the_middle_goes_on_to_the_same_results():
    whole = sweep(trials=70, steps=200)
    first = sweep(trials=70, steps=200)
    writer, known = keep(first, Store.open(), None, print)
    first.run(sink=writer, progress=lambda progress: progress.done < 10)
    writer.close("interrupted")
    writer, known = keep(sweep(trials=70, steps=200), Store.open(), writer.name, print)
    assert 10 <= len(known) < 70
    told = []
    again = sweep(trials=70, steps=200)
    results = again.run(known=known, notice=told.append)
    writer.close("finished")
    assert results == whole.run()
    assert sorted(result.trial.number for result in told) == list(range(70))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("folds", [0, 2])
def test_progress_never_goes_back_and_ends_at_one(method, folds):
    told, seen = [], {}

    def tell(progress):
        told.append(progress)
        return True

    made = sweep(method=method, trials=9, folds=folds, seeds=(0, 1))
    results = made.run(progress=tell, notice=lambda result: seen.update({result.trial.number: result}))
    assert told[-1].done == told[-1].total == max(folds, 1) * sum(count for count, _ in made.ladder)
    assert told[-1].share == 1
    assert [each.share for each in told] == sorted(each.share for each in told)
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert sorted(seen.values(), key=made.rank) == results


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"over": "optimizer.speed=[1, 2]"}, "speed"),
        ({"over": "optimizer.rate=[0.1, -1]", "method": "grid"}, "rate"),
        ({"method": "guess"}, "random"),
        ({"objective": "joy"}, "watch"),
        ({"variant": "slow"}, "calm"),
    ],
)
def test_sweeps_that_cannot_work_are_refused_before_they_begin(options, words):
    with pytest.raises(BadInput, match=words):
        sweep(**options)


def test_an_objective_that_is_measured_for_each_part_alone_is_refused_before_anything_is_trained():
    search = Sweep(load("computation-graph"), [parse_axis("optimizer.rate=log(0.1,1)")], trials=2)
    with pytest.raises(BadInput, match="is not one number"):
        search.check()


def test_whole_numbers_by_their_logarithms():
    axis = parse_axis("model.0.dense=logint(1, 1000)")
    drawn = [axis.at(each / 1000) for each in range(1001)]
    assert (drawn[0], drawn[-1]) == (1, 1000)
    assert all(isinstance(each, int) for each in drawn)
    below = sum(each < 32 for each in drawn)
    assert 0.45 < below / 1001 < 0.65
    assert axis.levels(4) == [1, 10, 100, 1000]
    with pytest.raises(BadInput, match="whole numbers from 1 on"):
        parse_axis("model.0.dense=logint(0, 8)")


@pytest.mark.parametrize("builtin", [True, False], ids=["built-in", "file"])
def test_the_line_that_runs_the_best_again_runs_what_was_run(builtin, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    source, paths = "dead-relu", ["optimizer.rate", "model.0.dense"]
    if not builtin:
        folder = tmp_path / "a folder"
        folder.mkdir()
        source = str(folder / "mine.yaml")
        (folder / "mine.yaml").write_text(
            "title: Mine\ntask: classify\ndata: {name: spiral, points: 60, validation: 0.2}\n"
            "model: [{dense: 8}, relu, {dense: classes}]\noptimizer: {name: sgd, rate: 1.0e-5}\n"
            "train: {batch: 16, steps: 900, seed: 3}\nwatch: [loss]\n"
            "variants: {plain: {}, own: {optimizer.rate: 2.0e-5, model.1: tanh}}\n"
        )
    asked = ["--over", f"{paths[0]}=log(1e-5,1e-4)", "--over", f"{paths[1]}=int(4,9)", "--trials", "2", "--steps", "20",
             "--seeds", "2", "--set", "train.batch=8", "--objective", "loss"]  # fmt: skip
    asked += [] if builtin else ["--variant", "own"]
    assert main(["sweep", source, *asked, "--plain"]) == 0
    *_, line, _ = capsys.readouterr().out.splitlines()
    lab_, *words = shlex.split(line.removeprefix("Again with the best: "))
    assert lab_ == "lab"
    assert main([*words, "--plain"]) == 0
    with Store.open() as store:
        again, swept = sorted((each.name for each in store.runs()), key=lambda name: "sweep" in name)
        curves, found = store.curves(swept), store.curves(again)
    [name] = {variant for variant, _ in found}
    best = min(
        {variant for variant, _ in curves}, key=lambda each: sum(curves[each, s]["loss"][1][-1] for _, s in found)
    )
    for variant, seed in found:
        assert (variant, found[variant, seed]["loss"][1][-1]) == (name, curves[best, seed]["loss"][1][-1])


TWO = ["optimizer.rate=log(1e-4,1)", "model.0.dense=[4, 8]"]


def test_resume_without_a_name_goes_on_with_a_sweep_too(tmp_path, capsys, monkeypatch):
    made = Sweep(small(), [parse_axis(each) for each in TWO], trials=8, steps=20, objective="loss")
    writer, known = keep(made, Store.open(), None, print)
    told = 0

    def stop(progress):
        nonlocal told
        told += 1
        return told < 3

    made.run(threads=1, sink=writer, known=known, progress=stop)
    writer.close("interrupted")
    monkeypatch.chdir(tmp_path)
    assert main(["resume", "--plain"]) == 0
    out = capsys.readouterr().out
    assert "8 of 8 trials." in out
    assert out.splitlines()[-1] == f"Saved as {writer.name}: see it again with `lab replay {writer.name}`."
    assert Store.open().info(writer.name).state == "finished"
    again = sweep_of(Store.open().info(writer.name))
    whole = Sweep(small(), [parse_axis(each) for each in TWO], trials=8, steps=20, objective="loss").run()
    assert results_of(again, Store.open(), Store.open().info(writer.name)) == whole
    assert main(["replay", "latest", "--plain"]) == 0
    out = capsys.readouterr().out
    assert "how much each setting alone decides about loss" in out
    assert "all settings, lowest to highest, of the 4 best and the 4 worst trials" in out
    assert main(["export", "latest", "--format", "html", "--out", "-"]) == 0
    assert "What the sweep has found" in capsys.readouterr().out


def test_the_setting_that_decides_is_found_and_chance_is_not():
    rate, other, words = parse_axis("rate=log(1e-4,1)"), parse_axis("noise=uniform(0,1)"), parse_axis("kind=[a, b, c]")
    trials = random([rate, other, words], 60, seed=1)
    results = sorted((Result(each, (each.values["rate"],), 10) for each in trials), key=lambda each: each.score)
    assert importance(rate, results) > 0.9
    assert importance(other, results) < 0.1
    assert importance(words, results) < 0.1
    assert importance(rate, [Result(each, (math.nan,), 10) for each in trials]) == 0
    assert together(rate, other, results) < 0.1


def test_what_two_settings_decide_only_together_is_told():
    rate, other = parse_axis("rate=uniform(-1,1)"), parse_axis("momentum=uniform(-1,1)")
    trials = random([rate, other], 80, seed=2)
    scored = (Result(each, (each.values["rate"] * each.values["momentum"],), 10) for each in trials)
    results = sorted(scored, key=lambda each: each.score)
    assert max(importance(rate, results), importance(other, results)) < 0.3
    assert together(rate, other, results) > 0.4
    assert together(rate, other, results[:10]) == 0  # too few to say
