"""A trained network predicts for rows it has never seen, prepared as those of its training were."""

from __future__ import annotations

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import lab
from lab import data
from lab.cli import run as main
from lab.data.recipe_json import recipe_from_json, recipe_to_json
from lab.errors import BadInput
from lab.evaluation.choosing import model_of
from lab.exports import export, select
from lab.store import Store
from tests.evaluation.tables import HEADER, lines, scenario, write

REGRESSION = {
    "task": "regress",
    "data": "{csv: customers.csv, target: spent, columns: {outcome: skip}, missing: median, validation: 0.2, "
    "standardise: true, standardise_targets: true}",
    "model": "[{dense: 8}, relu, {dense: 1}]",
    "watch": "[loss, val_loss]",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scenario that was run once, as `customers-1`, with its store in `store`."""
    folder = tmp_path_factory.mktemp("customers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(folder / "store"))
        assert main(["run", str(scenario(folder)), "--plain"]) == 0
    return folder


@pytest.fixture
def run_in(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs a command line there: (exit code, stdout, stderr)."""
    monkeypatch.setenv("LAB_HOME", str(home / "store"))
    monkeypatch.chdir(home)
    capsys.readouterr()

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def held_back(folder: Path) -> list[str]:
    """The rows that the scenario holds back, as they stand in the file."""
    block = lab.load(folder / "customers.yaml").scenario.data
    part = data.load(block, 0, folder).validation
    every = (folder / "customers.csv").read_text().splitlines()
    return [every[line - 1] for line in part.places]


def test_rows_that_were_held_back_give_the_validation_accuracy_again(home: Path, run_in) -> None:
    rows = held_back(home)
    write(home / "held.csv", rows)
    code, out, err = run_in("predict", "customers-1", "held.csv")
    assert code == 0
    predicted = [row["prediction"] for row in csv.DictReader(out.splitlines())]
    right = sum(row.split(",")[5] == answer for row, answer in zip(rows, predicted, strict=True))
    with Store.open(home / "store") as store:
        measured = store.curves("customers-1")["base", 0]["val_accuracy"][1][-1]
    assert np.float32(right) / np.float32(len(rows)) == np.float32(measured)
    assert 0.6 < right / len(rows) < 1
    assert "Missing values are filled in with means of the training examples: 'income'" in err


def test_an_exported_file_predicts_the_same_without_the_run(home: Path, run_in, tmp_path: Path) -> None:
    write(home / "new.csv", lines(30, seed=2))
    with Store.open(home / "store") as store:
        export(select(store, "customers-1"), "safetensors", tmp_path / "net.safetensors")
    assert run_in("predict", str(tmp_path / "net.safetensors"), "new.csv") == run_in("predict", "latest", "new.csv")


def test_order_and_other_columns_do_not_matter_and_probabilities_add_up(home: Path, run_in) -> None:
    rows = [row.split(",") for row in lines(20, seed=3)]
    write(home / "one.csv", [",".join(row) for row in rows])
    write(home / "two.csv", [";".join([*row[4::-1], "x"]) for row in rows], "member;income;joined;city;age;note")
    found = [json.loads(run_in("predict", "latest", name, "--json")[1]) for name in ("one.csv", "two.csv")]
    assert found[0] == found[1]
    for each in found[0]:
        assert each["probability of buys"] + each["probability of leaves"] == pytest.approx(1)
        likely = max(("buys", "leaves"), key=lambda name, each=each: each[f"probability of {name}"])
        assert each["prediction"] == likely


def test_a_category_that_was_not_there_counts_as_none_of_the_known_ones(home: Path, run_in) -> None:
    row = lines(1, seed=4)[0].split(",")
    row[1], row[3] = "Genf", "5000"
    write(home / "genf.csv", [",".join(row)])
    row[1] = "Chur"
    write(home / "chur.csv", [",".join(row)])
    code, out, err = run_in("predict", "latest", "genf.csv")
    assert (code, out) == run_in("predict", "latest", "chur.csv")[:2]
    assert err == "1 row has a city that was not there in training ('Genf'): it counts as none of the known ones.\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda row: row[:1] + row[2:], "'odd.csv' has no column 'city', which this run was trained on; it has 'age'"),
        (lambda row: ["old", *row[1:]], "line 2, column 'age' is 'old', not a number."),
        (lambda row: [*row[:2], "soon", *row[3:]], "column 'joined' is no date throughout"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(home: Path, run_in, change, told: str) -> None:
    header, row = HEADER.split(","), lines(1, seed=5)[0].split(",")
    names = change(header) if len(change(header)) < len(header) else header
    write(home / "odd.csv", [",".join(change(row))], ",".join(names))
    code, out, err = run_in("predict", "latest", "odd.csv")
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_weights_of_an_older_lab_are_refused(home: Path, run_in, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"dense1.weight": np.ones((2, 2), np.float32)}, str(tmp_path / "old.safetensors"))
    write(home / "new.csv", lines(2, seed=6))
    code, _, err = run_in("predict", str(tmp_path / "old.safetensors"), "new.csv")
    assert code == 2
    assert "not what predicting needs beside them" in err


@pytest.mark.parametrize(
    ("key", "damage", "told"),
    [
        ("shape", lambda shape: [shape], "no list of sizes"),
        ("steps", lambda steps: [{"divide": [1.0, 2.0]}], "does not fit its"),
        ("columns", lambda columns: columns[1:], "another number of features"),
        ("columns", lambda columns: [columns[0] | {"name": [1]}, *columns[1:]], "no text"),
        ("classes", lambda classes: [{}, *classes[1:]], "no text"),
        ("outputs", lambda outputs: outputs + 1, "needs"),
    ],
)
def test_a_file_of_weights_that_was_changed_by_hand_is_refused(home: Path, run_in, tmp_path: Path, key, damage, told):
    from safetensors import safe_open
    from safetensors.numpy import save_file

    file = tmp_path / "w.safetensors"
    assert run_in("export", "latest", "--out", str(file))[0] == 0
    with safe_open(str(file), framework="numpy") as kept:
        about, arrays = json.loads(kept.metadata()["lab"]), {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
    about["recipe"][key] = damage(about["recipe"][key])
    save_file(arrays, str(file), {"lab": json.dumps(about)})
    write(home / "new.csv", lines(2, seed=6))
    code, _, err = run_in("predict", str(file), "new.csv")
    assert (code, err.count("\n")) == (2, 1)
    assert told in err


def test_predictions_are_written_to_files_that_other_programs_read(home: Path, run_in, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    write(home / "new.csv", lines(7, seed=7))
    printed = list(csv.DictReader(run_in("predict", "latest", "new.csv")[1].splitlines()))
    for name in ("made.csv", "made.json", "made.parquet"):
        assert run_in("predict", "latest", "new.csv", "--out", str(tmp_path / name))[0] == 0
    assert list(csv.DictReader((tmp_path / "made.csv").open())) == printed
    rows = json.loads((tmp_path / "made.json").read_text())
    assert rows == pyarrow.read_table(tmp_path / "made.parquet").to_pylist()
    assert [row["prediction"] for row in rows] == [row["prediction"] for row in printed]
    assert run_in("predict", "latest", "new.csv", "--out", str(tmp_path / "made.csv"))[0] == 2


def test_values_are_in_the_units_of_the_target(tmp_path: Path) -> None:
    result = lab.run(scenario(tmp_path, **REGRESSION), steps=300)
    rows = [row.split(",") for row in lines(200, seed=8)]
    frame = {name: [row[place] for row in rows] for place, name in enumerate(HEADER.split(","))}
    made = result.predict(frame)
    spent = np.array([float(row[6]) for row in rows])
    assert made.names == ("spent",)
    assert made.answers.shape == (200,)
    assert made.probabilities is None
    assert np.abs(made.answers - spent).mean() < 0.35 * np.abs(spent - spent.mean()).mean()


def test_a_frame_of_pandas_or_polars_is_the_same_table(tmp_path: Path) -> None:
    result = lab.run(scenario(tmp_path), steps=20)
    path = write(tmp_path / "new.csv", lines(25, seed=9))
    expected = result.model().of_file(str(path)).numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    frame = pandas.read_csv(path, parse_dates=["joined"])
    np.testing.assert_array_equal(result.predict(frame).numbers, expected)
    np.testing.assert_array_equal(result.predict(polars.read_csv(path, try_parse_dates=True)).numbers, expected)
    frame["city"] = frame["city"].astype("category")
    np.testing.assert_array_equal(result.predict(frame).numbers, expected)
    whole = pandas.read_csv(tmp_path / "customers.csv", parse_dates=["joined"])
    (tmp_path / "customers.csv").unlink()
    for each in (whole, polars.from_pandas(whole)):
        trained = lab.run(tmp_path / "customers.yaml", steps=20, data=each)
        np.testing.assert_array_equal(trained.predict(frame).numbers, expected)
    for no_frame in (whole["age"], np.ones((3, 2)), polars.Series([1.0]), "customers.csv"):
        with pytest.raises(BadInput, match=r"the frame (must be|is a Series)"):
            lab.run(tmp_path / "customers.yaml", steps=20, data=no_frame)
    with pytest.raises(BadInput, match="a frame takes the place of a file"):
        lab.run("dead-relu", data=whole)


def test_arrays_are_in_the_units_of_the_training_data(tmp_path: Path) -> None:
    result = lab.run(scenario(tmp_path, data="{name: wine, validation: 0.2, standardise: true}"))
    raw = data.load({"name": "wine", "validation": 0.2}, 0).validation
    made = result.predict(raw.inputs)
    names = np.array(raw.classes, dtype=object)
    assert (made.answers == names[raw.targets]).mean() > 0.9
    with pytest.raises(BadInput, match=r"shape \[3, 2\], but this run was trained on \[n, 13\]"):
        result.predict(np.zeros((3, 2)))


@pytest.mark.parametrize(
    "options",
    [
        {"standardise": True},
        {"centre": True, "scale": True, "multiply": 3},
        {"scale": "range"},
        {"whiten": True},
        {},
    ],
)
def test_a_recipe_that_was_kept_prepares_to_the_same_bits(options: dict[str, object]) -> None:
    block = {"name": "breast-cancer", "validation": 0.3, **options}
    split, raw = data.load(block, 3), data.load({"name": "breast-cancer", "validation": 0.3}, 3)
    assert split.recipe is not None
    kept = recipe_from_json(json.loads(json.dumps(recipe_to_json(split.recipe))))
    np.testing.assert_array_equal(kept.of_array(raw.validation.inputs), split.validation.inputs)


def test_time_stamps_keep_their_spread(tmp_path: Path) -> None:
    rows = [f"{1.7e9 + second!r},{'early' if second < 50 else 'late'}" for second in range(100)]
    write(tmp_path / "times.csv", rows, "time,half")
    block = {"csv": "times.csv", "target": "half", "standardise": True}
    split = data.load(block, 0, tmp_path)
    again = split.recipe.of_array(1.7e9 + np.arange(100.0)[:, None])
    np.testing.assert_array_equal(again, split.train.inputs)
    assert len(np.unique(again)) == 100


@pytest.mark.parametrize(("first", "said"), [("", ", header: false"), ("100,2,low,high\n", "")])
def test_a_file_without_names_may_leave_its_target_out(tmp_path: Path, first: str, said: str) -> None:
    """Also where its first line holds sizes, as those of scikit-learn do, and nothing is said of a header."""
    rows = [f"{number},{number % 7},{int(number >= 50)}" for number in range(100)]
    (tmp_path / "bare.csv").write_text(first + "\n".join(rows) + "\n")
    (tmp_path / "new.csv").write_text("3,5\n96,1\n")
    (tmp_path / "bare.yaml").write_text(
        f"title: Bare\ntask: classify\ndata: {{csv: bare.csv{said}, target: 3, standardise: true}}\n"
        "model: [{dense: 8}, relu, {dense: classes}]\noptimizer: {name: adam, rate: 0.05}\nwatch: [loss]\n"
        "train: {batch: 32, steps: 200}\n"
    )
    made = lab.run(tmp_path / "bare.yaml").model().of_file(str(tmp_path / "new.csv"))
    assert [str(each) for each in made.answers.tolist()] == ["0", "1"]


@pytest.mark.parametrize("options", [{}, {"standardise": True}, {"scale": "range", "multiply": 2}])
def test_images_that_stay_bytes_are_prepared_to_the_same_bits(options: dict[str, object]) -> None:
    block = {"name": "shapes", "points": 40, "validation": 0.25}
    split, raw = data.load(block | options, 1), data.load(block, 1).validation
    kept = recipe_from_json(json.loads(json.dumps(recipe_to_json(split.recipe))))
    images = np.asarray(raw.inputs)
    np.testing.assert_array_equal(kept.of_array(images), np.asarray(split.validation.inputs))
    bytes_of = np.rint(images * 255).astype(np.uint8)
    np.testing.assert_array_equal(kept.of_array(bytes_of), np.asarray(split.validation.inputs))


def test_images_in_a_folder_are_answered_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0)
    for name, level, folder in [("dark", 60, "pics/dark"), ("light", 190, "pics/light"), ("new", 190, "new/deep")]:
        (tmp_path / folder).mkdir(parents=True)
        for number in range(8 if folder != "new/deep" else 2):
            pixels = np.clip(chance.normal(level, 10, (6, 6, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{name}{number}.png")
    path = scenario(
        tmp_path,
        data="{images: pics, validation: 0.25, standardise: true}",
        model="[{dense: classes}]",
        train="{batch: 4, steps: 40}",
        optimizer="{name: adam, rate: 0.05}",
    )
    assert main(["run", str(path), "--plain"]) == 0
    capsys.readouterr()
    assert main(["predict", "latest", "new"]) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first == "image,prediction,probability of dark,probability of light"
    assert [row.split(",")[:2] for row in rows] == [["deep/new0.png", "light"], ["deep/new1.png", "light"]]
    assert main(["predict", "latest", "pics/dark/dark1.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["prediction"] == "dark"
    assert main(["predict", "latest", "pics/dark/gone.png"]) == 2
    assert "gone.png is not there" in capsys.readouterr().err


def test_new_rows_are_read_as_those_of_the_training_where_they_may_be_either(tmp_path: Path) -> None:
    rows = [f"{1000 + 7 * n:,};{n % 5},5;{'a' if n % 2 else 'b'}".replace(",", ".", 1) for n in range(40)]
    write(tmp_path / "t.csv", rows, "size;width;answer")
    (tmp_path / "t.yaml").write_text(
        "title: T\ntask: classify\nmodel: [{dense: classes}]\noptimizer: {name: sgd, rate: 0.1}\n"
        "data: {csv: t.csv, target: answer, validation: 0.25, standardise: true, missing_marks: [k. A.], "
        "missing: mean}\n"
        "train: {batch: 8, steps: 5}\nwatch: [loss]\n"
    )
    result = lab.run(tmp_path / "t.yaml")
    model = result.model()
    right = result.predict({"size": [1007.0, 1014.0], "width": [1.5, np.nan]}).numbers
    written = {"one.csv": "size;width\n1.007;1,5\n1.014;k. A.\n", "other.csv": "size;width\n1007;1.5\n1014;\n"}
    for name, text in written.items():
        (tmp_path / name).write_text(text)
        np.testing.assert_array_equal(model.of_file(name, tmp_path).numbers, right)
    texts = {"size": ["1.007", "1.014"], "width": ["1,5", "k. A."]}
    np.testing.assert_array_equal(result.predict(texts).numbers, right)


def test_one_damaged_network_does_not_keep_the_others_from_answering(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(scenario(tmp_path)), "--plain", "--seeds", "2"]) == 0
    (damaged,) = (tmp_path / "store").rglob("weights/*seed1.safetensors")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert main(["predict", "latest", "customers.csv", "--seed", "0"]) == 0
    capsys.readouterr()
    assert main(["predict", "latest", "customers.csv", "--seed", "1"]) == 2
    assert "seed1.safetensors is damaged: its " in capsys.readouterr().err


def test_the_best_network_is_chosen_by_what_its_kept_weights_gave(tmp_path: Path, monkeypatch) -> None:
    """With `keep: best` the last measurement is of other weights."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    stop = "{batch: 8, steps: 4000, measure: 20, stop: {when: val_loss, patience: 12}}"
    data = "{csv: customers.csv, target: outcome, missing: mean, validation: 0.3, standardise: true, seed: 1}"
    data = data.replace("missing", "columns: {spent: skip}, missing")
    model, rate = "[{dense: 64}, relu, {dense: classes}]", "{name: adam, rate: 0.02}"
    path = scenario(tmp_path, train=stop, model=model, optimizer=rate, data=data)
    assert main(["run", str(path), "--plain", "--seeds", "4"]) == 0
    with Store.open() as store:
        curves = {seed: curve["val_loss"][1] for (_, seed), curve in store.curves("customers-1").items()}
        chosen = model_of(store, "latest")
        assert chosen.seed == min(curves, key=lambda seed: curves[seed].min())
        assert chosen.seed != min(curves, key=lambda seed: curves[seed][-1])  # else the test shows nothing
        assert f"val_loss is the lowest ({curves[chosen.seed].min():.4g})" in chosen.told
