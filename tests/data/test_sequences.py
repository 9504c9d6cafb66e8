"""Rows of a table that follow each other in time become sequences, and the target of a later row is predicted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lab
import lab.data
from lab.cli import run as main
from lab.data import Split
from lab.data.sequences import Sequences
from lab.errors import InvalidValue

DAYS = [f"2024-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(60)]


def table(folder: Path, rows: int = 40, backwards: bool = False, gap: int | None = None) -> None:
    """`sales` are 100, 101, …; `warm` are 0, -2, -4, …; one row a day."""
    lines = [f"{DAYS[row]},{'' if row == gap else -2 * row},{100 + row}" for row in range(rows)]
    (folder / "sales.csv").write_text("\n".join(["day,warm,sales", *(lines[::-1] if backwards else lines)]) + "\n")


def load(folder: Path, **options: Any) -> Split:
    block = {"csv": "sales.csv", "target": "sales", "sequence_length": 3, "features": ["warm", "sales"], **options}
    return lab.data.load(block, 0, folder, "values")


def test_an_example_is_some_rows_and_what_comes_after_them(tmp_path: Path) -> None:
    table(tmp_path, 6)
    train = load(tmp_path).train
    np.testing.assert_array_equal(train.inputs[0], [[0, 100], [-2, 101], [-4, 102]])
    np.testing.assert_array_equal(train.inputs[-1], [[-4, 102], [-6, 103], [-8, 104]])
    np.testing.assert_array_equal(train.targets, [[103], [104], [105]])
    np.testing.assert_array_equal(train.last_known, [[102], [103], [104]])
    np.testing.assert_array_equal(train.places, [5, 6, 7])  # lines of the targets; the first line has the names


@given(rows=st.integers(1, 30), length=st.integers(1, 8), ahead=st.integers(1, 5), features=st.integers(1, 3))
def test_all_sequences_that_fit_and_no_others(rows: int, length: int, ahead: int, features: int) -> None:
    values = np.arange(rows * features, dtype=np.float64).reshape(rows, features)
    targets = 1000 + np.arange(rows, dtype=np.float64)[:, None]
    data = lab.data.Data(values, targets, "values")
    expected = [
        (values[end - length : end], targets[end - 1 + ahead], targets[end - 1])
        for end in range(length, rows + 1)
        if end - 1 + ahead < rows
    ]
    if not expected:
        with pytest.raises(InvalidValue, match="there are only"):
            Sequences(length, ahead).examples(data)
        return
    made = Sequences(length, ahead).examples(data)
    assert made.count == len(expected)
    for index, (inputs, target, last) in enumerate(expected):
        np.testing.assert_array_equal(made.inputs[index], inputs)
        np.testing.assert_array_equal(made.targets[index], target)
        np.testing.assert_array_equal(made.last_known[index], last)


@given(before=st.integers(1, 20), rows=st.integers(1, 12), length=st.integers(1, 6), ahead=st.integers(1, 4))
def test_what_is_held_back_reads_the_rows_before_it(before: int, rows: int, length: int, ahead: int) -> None:
    """The examples of two parts are those of the whole whose target is in the second part."""
    values = np.arange(before + rows, dtype=np.float64)[:, None]
    whole = lab.data.Data(values, 10 * values, "values")
    first, second = whole.rows(np.arange(before)), whole.rows(np.arange(before, before + rows))
    sequences = Sequences(length, ahead)
    if before + rows <= sequences.first:
        return
    expected = sequences.examples(whole)
    late = expected.targets[:, 0] >= 10 * before
    made = sequences.examples(second, first)
    np.testing.assert_array_equal(made.inputs, expected.inputs[late])
    np.testing.assert_array_equal(made.targets, expected.targets[late])
    np.testing.assert_array_equal(made.last_known, expected.last_known[late])


def test_the_last_rows_are_held_back_and_nothing_is_fitted_on_them(tmp_path: Path) -> None:
    table(tmp_path, 40)
    parts = load(tmp_path, validation=0.25, ahead=2, standardise=True)
    assert parts.validation is not None
    np.testing.assert_array_equal(parts.validation.targets[:, 0], np.arange(130, 140))
    np.testing.assert_array_equal(parts.train.targets[:, 0], np.arange(104, 130))
    seen = np.arange(30.0)  # each row counts once, in however many sequences it stands
    expected = (np.arange(26, 29) - seen.mean()) / seen.std()
    np.testing.assert_allclose(parts.validation.inputs[0, :, 1], expected, rtol=1e-6)


def test_rows_are_put_in_the_order_of_time(tmp_path: Path) -> None:
    table(tmp_path)
    forwards = load(tmp_path, split_by_time="day", validation=0.2)
    table(tmp_path, backwards=True)
    backwards = load(tmp_path, split_by_time="day", validation=0.2)
    np.testing.assert_array_equal(forwards.train.inputs, backwards.train.inputs)
    np.testing.assert_array_equal(forwards.validation.targets, backwards.validation.targets)
    told = "An example is 3 rows in a row, by day; predicted is the target of the next row."
    assert told in backwards.train.story


def test_a_gap_is_filled_before_rows_become_sequences(tmp_path: Path) -> None:
    table(tmp_path, 6, gap=2)
    train = load(tmp_path, missing="mean").train
    mean = np.mean([0, -2, -6, -8, -10])
    np.testing.assert_allclose(train.inputs[:, :, 0], [[0, -2, mean], [-2, mean, -6], [mean, -6, -8]])


def test_classes_may_come_later_too(tmp_path: Path) -> None:
    table(tmp_path, 9)
    text = (tmp_path / "sales.csv").read_text().splitlines()
    rain = ["rain" if row % 3 == 0 else "dry" for row in range(9)]
    rows = [f"{line},{sky}" for line, sky in zip(text, ["sky", *rain], strict=True)]
    (tmp_path / "sales.csv").write_text("\n".join(rows) + "\n")
    block = {"csv": "sales.csv", "target": "sky", "features": ["sky"], "sequence_length": 2}
    train = lab.data.load(block, 0, tmp_path).train
    assert train.features == ("sky=rain", "sky=dry")
    assert [train.classes[each] for each in train.targets] == rain[2:]
    np.testing.assert_array_equal(train.inputs[0], [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("options", "place", "sentence"),
    [
        ({"folds": 3}, "folds", "takes rows apart that follow each other"),
        ({"examples": 10}, "examples", "takes rows apart"),
        ({"missing": "drop"}, "missing", "makes neighbours of rows that are none"),
        ({"sequence_length": None, "ahead": 2}, "ahead", "add `sequence_length: 10`"),
        ({"sequence_length": 50}, "sequence_length", "50 rows and the one 1 later are 51, but there are only 40"),
        ({"sequence_length": 0}, "sequence_length", "at least 1"),
    ],
)
def test_what_makes_no_sequences(tmp_path: Path, options: dict[str, Any], place: str, sentence: str) -> None:
    table(tmp_path)
    with pytest.raises(InvalidValue, match=sentence) as refused:
        load(tmp_path, **options)
    assert refused.value.path[0] == place


def test_two_series_in_one_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(
        "day,shop,sales\n2024-01-01,a,1\n2024-01-02,a,2\n2024-01-01,b,3\n2024-01-02,b,4\n"
    )
    with pytest.raises(InvalidValue, match=r"line 2 and line 4 have the same day: .* `series: COLUMN` says which"):
        load(tmp_path, features=None, split_by_time="day", sequence_length=1)


SCENARIO = """\
title: Sales of the day after tomorrow
task: regress
data: {csv: sales.csv, target: sales, features: [warm, sales], split_by_time: day, sequence_length: 4, ahead: 2,
       validation: 0.2, standardise: true, standardise_targets: true}
model: [{lstm: {units: 4, return: last}}, {dense: outputs}]
optimizer: {name: adam, rate: 0.01}
train: {batch: 8, steps: 10}
watch: [loss, val_loss, val_r2]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, `sales-1`, its store in `store`, and newer rows, the latest first, in `new.csv`."""
    folder = tmp_path_factory.mktemp("series")
    table(folder, 50, backwards=True)
    (folder / "new.csv").write_bytes((folder / "sales.csv").read_bytes())
    (folder / "sales.yaml").write_text(SCENARIO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(folder / "store"))
        assert main(["run", str(folder / "sales.yaml"), "--plain"]) == 0
    return folder


def test_a_run_predicts_what_comes_after_the_last_row(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_HOME", str(trained / "store"))
    assert main(["predict", "sales-1", str(trained / "new.csv"), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert len(made) == 50
    assert [each["after line"] for each in made[:2]] == [2, 3]  # the latest rows stand first
    assert [each["sales"] for each in made[-3:]] == [None] * 3  # the earliest have too few before them
    assert main(["evaluate", "sales-1", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    errors = {each["score"]: each["baseline"] for each in judged["scores"]}
    assert errors["mean absolute error"] == pytest.approx(2)  # two days later there are two more
    assert main(["evaluate", "sales-1", "--data", str(trained / "new.csv"), "--json"]) == 0
    of_file = json.loads(capsys.readouterr().out)
    assert of_file["examples"] == 50 - 4 - 1
    assert main(["predict", "sales-1", str(trained / "short.csv")]) == 2
    (trained / "short.csv").write_text("day,warm,sales\n2024-01-01,1,2\n")
    assert main(["predict", "sales-1", str(trained / "short.csv")]) == 2
    assert "has 1 row, but this run reads 4 in a row" in capsys.readouterr().err


def test_the_onnx_file_gives_the_same(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.evaluation import model_of
    from lab.store import Store

    monkeypatch.setenv("LAB_HOME", str(trained / "store"))
    out = trained / "sales.onnx"
    assert main(["export", "sales-1", "--format", "onnx", "--scaling", "--out", str(out)]) == 0
    with Store.open() as store:
        model = model_of(store, "sales-1", None, None).model
    rows = np.array([[-2.0 * row, 100 + row] for row in range(50)])
    sequences = np.stack([rows[first : first + 4] for first in range(47)])
    made = onnxruntime.InferenceSession(out.read_bytes()).run(None, {"x": sequences})[0]
    ours = model.of_file(str(trained / "new.csv"))
    np.testing.assert_allclose(made, ours.numbers, rtol=1e-5)
    np.testing.assert_allclose(model.predict(sequences).numbers, ours.numbers, rtol=1e-12)


def test_the_made_up_series_are_what_they_are_called() -> None:
    def steps(kind: str, **options: Any) -> tuple[np.ndarray, Split]:
        parts = lab.data.load({"name": "series", "kind": kind, "points": 4000, **options}, 3)
        numbers = parts.train.targets[:, 0].astype(np.float64)
        return np.diff(numbers), parts

    walk, _ = steps("walk", noise=2)
    assert walk.std() == pytest.approx(2, rel=0.05)
    assert abs(np.corrcoef(walk[1:], walk[:-1])[0, 1]) < 0.05  # the last step says nothing of the next
    rhythm, parts = steps("rhythm", noise=0)
    np.testing.assert_allclose(rhythm[7:], rhythm[:-7], atol=1e-4)
    assert parts.train.inputs.shape == (4000 - 14, 14, 1)
    np.testing.assert_array_equal(parts.train.inputs[1:, -1], parts.train.targets[:-1])


def test_the_skill_is_that_of_the_forecast_against_the_last_value() -> None:
    """A network that says a mean of the last value and 100 has an error that can be computed by hand."""
    from tests.tasks.test_training import experiment

    net = experiment(
        task="regress", model=["flatten", {"dense": "outputs"}], watch=["forecast_skill", "val_r2"],
        data={"name": "series", "kind": "walk", "points": 90, "sequence_length": 1, "ahead": 3, "validation": 0.3},
    )  # fmt: skip
    for name, value in {"dense1.weight": [[0.5]], "dense1.bias": [50.0]}.items():
        net.put(net.network.kept[name], np.array(value, np.float32))
    whole = lab.data.load({"name": "series", "kind": "walk", "points": 90, "sequence_length": 1, "ahead": 1}, 0).train
    numbers = np.concatenate([whole.inputs[:1, 0, 0], whole.targets[:, 0]]).astype(np.float64)
    true, last = numbers[-27:], numbers[-30:-3]
    expected = 1 - ((true - (0.5 * last + 50)) ** 2).mean() / ((true - last) ** 2).mean()
    assert net.measure()["forecast_skill"] == pytest.approx(expected, abs=1e-4)
