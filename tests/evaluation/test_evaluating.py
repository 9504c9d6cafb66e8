"""`lab evaluate` says how good a network is, and of what it says every number is true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics

import lab
from lab.cli import run as main
from lab.data import load as load_data
from lab.evaluation import model_of
from lab.evaluation.against import compared
from lab.evaluation.examples import of_run
from lab.evaluation.judgement import TITLES, Judgement
from lab.evaluation.predictions import Predictions
from lab.store import Store
from tests.evaluation.tables import lines, scenario, write
from tests.evaluation.test_predicting import REGRESSION

LABELS = {"data": "{csv: customers.csv, target: member, missing: mean, validation: 0.3, standardise: true}"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two variants of a classification as `customers-1`, a regression as `spent-1`."""
    folder = tmp_path_factory.mktemp("customers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(folder / "store"))
        variants = "{good: {}, poor: {train.steps: 4}}"
        assert main(["run", str(scenario(folder, variants=variants)), "--plain"]) == 0
        (folder / "customers.yaml").rename(folder / "kept.yaml")
        scenario(folder, **REGRESSION).rename(folder / "spent.yaml")
        assert main(["run", str(folder / "spent.yaml"), "--plain"]) == 0
        (folder / "kept.yaml").rename(folder / "customers.yaml")
    return folder


@pytest.fixture
def evaluate(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`lab evaluate … --json`, or its text and messages."""
    monkeypatch.setenv("LAB_HOME", str(home / "store"))
    monkeypatch.chdir(home)

    def run(*arguments: str, text: bool = False):
        capsys.readouterr()
        code = main(["evaluate", *arguments, *([] if text else ["--json"])])
        out, err = capsys.readouterr()
        return (code, out, err) if text else json.loads(out)

    return run


def test_scores_of_what_was_held_back_are_those_of_the_training_and_of_scikit_learn(home: Path, evaluate) -> None:
    found = evaluate("customers-1", "--variant", "good")
    with Store.open(home / "store") as store:
        curves = store.curves("customers-1")["good", 0]
    scores = {each["score"]: each for each in found["scores"]}
    assert np.float32(scores["accuracy"]["value"]) == np.float32(curves["val_accuracy"][1][-1])
    assert scores["log loss"]["value"] == pytest.approx(curves["val_loss"][1][-1], rel=1e-5)
    for each in scores.values():
        low, high = each["interval"]
        assert low <= each["value"] <= high
    confusion = np.array(found["confusion"])
    assert confusion.sum() == found["examples"] == 60
    targets = np.repeat([0, 0, 1, 1], confusion.ravel())
    answers = np.repeat([0, 1, 0, 1], confusion.ravel())
    assert scores["mean F1"]["value"] == pytest.approx(metrics.f1_score(targets, answers, average="macro"))
    assert scores["accuracy"]["baseline"] == pytest.approx(max(confusion.sum(axis=1)) / 60)
    assert [each["examples"] for each in found["classes"]] == confusion.sum(axis=1).tolist()


def test_mistakes_are_shown_with_their_rows(home: Path, evaluate) -> None:
    file = (home / "customers.csv").read_text().splitlines()
    found = evaluate("customers-1", "--variant", "poor", "--worst", "3")
    assert len(found["worst"]) == 3
    errors = [each["error"] for each in found["worst"]]
    assert errors == sorted(errors, reverse=True)
    for each in found["worst"]:
        assert list(each["row"].values()) == file[each["line"] - 1].split(",")
        assert each["row"]["outcome"] == each["true"] != each["answer"].split()[0]


def test_groups_are_parts_of_the_whole(evaluate) -> None:
    found = evaluate("customers-1", "--variant", "good", "--by", "city")
    accuracy = [(each["examples"], each["scores"][0]["value"]) for each in found["groups"]["city"]]
    assert {each["group"] for each in found["groups"]["city"]} == {"Basel", "Bern", "Zug"}
    assert sum(count * value for count, value in accuracy) == pytest.approx(60 * found["scores"][0]["value"])


def test_a_file_of_the_same_rows_gives_the_same(home: Path, evaluate) -> None:
    held = load_data(lab.load(home / "customers.yaml").scenario.data, 0, home).validation
    file = (home / "customers.csv").read_text().splitlines()
    write(home / "held.csv", [file[place - 1] for place in held.places])
    one, two = (
        evaluate("customers-1", "--variant", "good"),
        evaluate("customers-1", "--variant", "good", "--data", "held.csv"),
    )
    assert one["scores"] == two["scores"]
    assert one["confusion"] == two["confusion"]


def test_two_networks_are_compared_pair_by_pair(evaluate) -> None:
    found = evaluate("customers-1", "--variant", "good", "--against-variant", "poor")["against"]
    good, poor = (evaluate("customers-1", "--variant", name)["scores"][0]["value"] for name in ("good", "poor"))
    assert found["difference"] == pytest.approx(good - poor)
    assert found["only_first"] - found["only_second"] == pytest.approx(60 * (good - poor))
    assert found["p"] == pytest.approx(
        binomtest(found["only_first"], found["only_first"] + found["only_second"]).pvalue
    )


def test_values_are_judged_in_their_own_units(home: Path, evaluate) -> None:
    found = evaluate("spent-1", "--worst", "1")
    scores = {each["score"]: each for each in found["scores"]}
    assert list(scores) == ["R²", "mean absolute error", "root mean squared error"]
    assert scores["R²"]["baseline"] == pytest.approx(0, abs=0.1)
    assert 10 < scores["root mean squared error"]["baseline"] < 100
    worst = found["worst"][0]
    assert worst["error"] == pytest.approx(abs(float(worst["true"]) - float(worst["answer"])), rel=1e-3)
    code, text, err = evaluate("spent-1", text=True)
    assert (code, err) == (0, "")
    assert text.startswith("spent-1: 60 rows of customers.csv that were held back\n")


def test_rows_of_a_validation_file_are_looked_up_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    (tmp_path / "t.csv").write_text("a,b,y\n" + "".join(f"{n},0.5,{'kl'[n % 2]}\n" for n in range(10)))
    (tmp_path / "later.csv").write_text("a,b,y\n" + "".join(f"{100 + n},0.5,{'kl'[n % 2]}\n" for n in range(30)))
    content = "title: T\ntask: classify\ndata: {csv: t.csv, target: y, validation_file: later.csv}\n"
    content += "model: [{dense: classes}]\ntrain: {batch: 5, steps: 5}\nwatch: [loss]\n"
    (tmp_path / "mine.yaml").write_text(content)
    assert main(["run", str(tmp_path / "mine.yaml"), "--plain"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "mine-1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("mine-1: 30 rows of later.csv that were held back\n")
    mistakes = re.findall(r"^line (\d+) .* a (\d+), ", out, re.MULTILINE)
    assert len(mistakes) == 5
    assert all(int(a) == 100 + int(line) - 2 for line, a in mistakes)


def test_a_test_of_equal_networks_finds_nothing_and_of_unequal_ones_something() -> None:
    chance = np.random.default_rng(0)
    targets = chance.normal(size=(80, 1))

    def judged(noise: float) -> Judgement:
        made = Predictions("values", ("y",), targets + noise * chance.normal(size=(80, 1)))
        return Judgement(made, targets, np.zeros(1), np.arange(80), "row")

    assert compared(judged(0.3), judged(0.3)).p > 0.01
    found = compared(judged(0.3), judged(1.0))
    assert found.p < 0.01
    assert found.difference < 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("customers-1", "--part", "test"), "customers-1 has held nothing back for test"),
        (("customers-1", "--by", "town"), "there is no column 'town'; there are age, city"),
        (("customers-1", "--by", "income"), "different values: at most 30 can be groups."),
        (("customers-1", "--against", "spent-1"), "were not judged on the same rows"),
        (("customers-1", "--data", "bare.csv"), "has no column 'outcome', the target"),
    ],
)
def test_what_cannot_be_judged_is_refused(home: Path, evaluate, arguments: tuple[str, ...], told: str) -> None:
    write(home / "bare.csv", [row.rsplit(",", 2)[0] for row in lines(3)], "age,city,joined,income,member")
    code, out, err = evaluate(*arguments, text=True)
    assert (code, out) == (2, "")
    assert told in err


@pytest.mark.parametrize(
    ("task", "data", "watch"),
    [
        (
            "classify",
            {},
            ["precision", "recall", "f1", "balanced_accuracy", "roc_auc", "average_precision", "log_loss"],
        ),
        ("label", LABELS, ["accuracy", "precision", "recall", "f1", "roc_auc", "average_precision", "log_loss"]),
        ("regress", REGRESSION, ["r2", "mae", "rmse"]),
    ],
    ids=["classify", "label", "regress"],
)
def test_scores_that_are_watched_are_those_that_are_evaluated(
    task: str, data: dict[str, str], watch: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    changes = data | {"task": task, "watch": f"[{', '.join(f'val_{each}' for each in watch)}]"}
    assert main(["run", str(scenario(tmp_path, **changes)), "--plain"]) == 0
    with Store.open() as store:
        chosen = model_of(store, "latest")
        [curves] = store.curves(chosen.info.name).values()
    judgement = of_run(chosen.model, chosen.info, chosen.variant, chosen.seed).judgement
    titles = {title: name for name, title in TITLES[chosen.model.recipe.kind].items()}
    evaluated = {titles[score.name]: score.value for score in judgement.scores()}
    if task == "label":
        evaluated["accuracy"] = evaluated["labels_right"]
    for name in watch:
        assert curves[f"val_{name}"][1][-1] == pytest.approx(evaluated[name], rel=1e-6), name
    assert [row["class"] for row in judgement.of_classes()] == ([] if task == "regress" else [*judgement.made.names])
    for row in judgement.of_classes():
        for name in ("precision", "recall", "f1", "average_precision"):
            assert curves[f"val_{name}.{row['class']}"][1][-1] == pytest.approx(row[name]), name


def test_small_losses_of_labels_keep_their_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    rows = [f"{sign * (10 + number / 20)},{'yes' if sign > 0 else 'no'}" for number in range(20) for sign in (1, -1)]
    write(tmp_path / "signs.csv", rows, "number,positive")
    path = scenario(
        tmp_path, task="label", data="{csv: signs.csv, target: positive, validation: 0.5}", model="[{dense: classes}]",
        train="{batch: 16, steps: 60}", init="{name: normal, std: 0.001}",
        optimizer="{name: adam, rate: 0.5}", watch="[val_log_loss, val_roc_auc]",
    )  # fmt: skip
    assert main(["run", str(path), "--plain"]) == 0
    assert "1 label: positive" in capsys.readouterr().out
    with Store.open() as store:
        chosen = model_of(store, "latest")
        [curves] = store.curves(chosen.info.name).values()
    judgement = of_run(chosen.model, chosen.info, chosen.variant, chosen.seed).judgement
    evaluated = {score.name: score.value for score in judgement.scores()}
    watched = curves["val_log_loss"][1][-1]
    assert 1e-14 < watched < 1e-8  # a sum of the sigmoid and a threshold in float32 would be 0 or 3e-8
    assert watched == pytest.approx(evaluated["mean log loss"], rel=1e-6)
    assert curves["val_roc_auc"][1][-1] == evaluated["mean ROC-AUC"] == 1


def test_images_in_a_folder_for_each_class_are_judged_and_the_worst_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = pytest.importorskip("PIL.Image")
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for folder, count in (("pets", 8), ("new", 3)):
        for name, level in (("cats", 40), ("dogs", 200)):
            (tmp_path / folder / name).mkdir(parents=True)
            for number in range(count):
                noise = random.integers(0, 40, (6, 6, 3))
                image.fromarray((level + noise).astype(np.uint8)).save(tmp_path / folder / name / f"{number}.png")
    image.fromarray(np.full((6, 6, 3), 220, np.uint8)).save(tmp_path / "new" / "cats" / "white.png")
    block = "{images: pets, validation: 0.25, standardise: true}"
    path = scenario(tmp_path, data=block, model="[flatten, {dense: classes}]", watch="[loss, val_accuracy]")
    path.write_text(path.read_text().replace("batch: 32", "batch: 4"))
    assert main(["run", str(path), "--plain"]) == 0
    run = capsys.readouterr().out.split("Saved as ")[1].split(":")[0]
    assert main(["evaluate", run, "--data", "new", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["where"] == "7 images of new"
    assert told["confusion"] == [[3, 1], [0, 3]]
    assert [each["row"] for each in told["worst"]] == [{"file": "cats/white.png"}]
    (tmp_path / "new" / "birds").mkdir()
    assert main(["evaluate", run, "--data", "new"]) == 2
    assert "has a folder birds, but this run was trained on cats, dogs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "targets", "wanted", "found"),
    [
        ("label", 3, r"\[n, 3\]", r"\[6\]"),
        ("regress", 2, r"\[n, 2\]", r"\[6, 3\]"),
        ("classify", 1, r"\[n\]", r"\[6, 3\]"),
    ],
)
def test_arrays_whose_targets_are_of_another_shape_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], task, targets, wanted, found
) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    random = np.random.default_rng(0)
    inputs, chosen = random.normal(size=(24, 5)), random.integers(0, 2, (24, targets))
    kept = chosen[:, 0] if task == "classify" else chosen
    np.savez(tmp_path / "own.npz", inputs=inputs, targets=kept)
    other = random.integers(0, 2, 6) if found == r"\[6\]" else random.integers(0, 2, (6, 3))
    np.savez(tmp_path / "other.npz", inputs=inputs[:6], targets=other)
    last = "outputs" if task == "regress" else "classes"
    path = scenario(
        tmp_path, task=task, data="{npz: own.npz, validation: 0.25}", model=f"[{{dense: {last}}}]", watch="[loss]",
        train="{batch: 4, steps: 4}",
    )  # fmt: skip
    assert main(["run", str(path), "--plain"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "latest", "--data", str(tmp_path / "other.npz")]) == 2
    assert re.search(rf"have shape {found}, but this run answers {wanted}", capsys.readouterr().err)
