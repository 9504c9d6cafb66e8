"""What is predicted, and which rows are held back for validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lab
from lab.data import load
from lab.errors import BadInput, InvalidValue

NET = "model: [{dense: 4}, tanh, {dense: %s}]\noptimizer: {rate: 0.1}\ntrain: {steps: 20, batch: 8}\nwatch: [loss]\n"


def table(folder: Path, name: str = "t.csv", rows: int = 40, first: int = 0) -> Path:
    """x, a rating from 1 to 5, yes or no, a customer, a day of 2024; the days in no order."""
    chance = np.random.default_rng(first)
    lines = ["x,rating,ill,customer,day"]
    for number in range(first, first + rows):
        day = f"2024-{1 + number * 7 % 12:02d}-{1 + number % 28:02d}"
        lines.append(f"{chance.normal():.3f},{1 + number % 5},{'yes' if number % 3 else 'no'},c{number % 8},{day}")
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_regression_takes_whole_numbers_as_values(tmp_path: Path) -> None:
    table(tmp_path)
    data = "data: {csv: t.csv, target: rating, features: [x]}\n"
    (tmp_path / "s.yaml").write_text(f"title: T\ntask: regress\n{data}{NET % 1}")
    result = lab.run(tmp_path / "s.yaml")
    assert result.predict({"x": [0.5]}).kind == "values"
    (tmp_path / "c.yaml").write_text(f"title: T\ntask: classify\n{data}{NET % 'classes'}")
    assert lab.run(tmp_path / "c.yaml").predict({"x": [0.5]}).names == ("1", "2", "3", "4", "5")


def test_one_column_of_yes_and_no_is_a_label(tmp_path: Path) -> None:
    table(tmp_path)
    (tmp_path / "s.yaml").write_text(
        f"title: T\ntask: label\ndata: {{csv: t.csv, target: ill, features: [x]}}\n{NET % 1}"
    )
    made = lab.run(tmp_path / "s.yaml").predict({"x": [0.5, -0.5]})
    assert (made.kind, made.names, made.numbers.shape) == ("labels", ("ill",), (2, 1))
    assert ((made.numbers > 0) & (made.numbers < 1)).all()
    (tmp_path / "s.yaml").write_text(
        f"title: T\ntask: label\ndata: {{csv: t.csv, target: rating, features: [x]}}\n{NET % 1}"
    )
    with pytest.raises(BadInput, match="'rating' is no label: it must be 0 or 1, or yes or no, in every row"):
        lab.load(tmp_path / "s.yaml")


def test_validation_from_a_file_of_its_own_is_read_like_the_training(tmp_path: Path) -> None:
    table(tmp_path)
    other = table(tmp_path, "later.csv", rows=10, first=100)
    other.write_text(other.read_text().replace("c4", "new"))
    block = {"csv": "t.csv", "target": "rating", "features": ["x", "customer"], "standardise": True}
    split = load(block | {"validation_file": "later.csv"}, 0, tmp_path)
    alone = load(block, 0, tmp_path)
    assert (split.train.count, split.validation.count) == (40, 10)
    np.testing.assert_array_equal(split.train.inputs, alone.train.inputs)
    np.testing.assert_array_equal(split.validation.inputs, alone.recipe.of_table(_raw(other), "later.csv").inputs)
    assert [split.train.classes[place] for place in split.validation.targets] == ["1", "2", "3", "4", "5"] * 2
    other.write_text(other.read_text().replace(",5,", ",9,"))
    with pytest.raises(InvalidValue, match="'9' is no class of this run"):
        load(block | {"validation_file": "later.csv"}, 0, tmp_path)


def _raw(path: Path):
    from lab.data.tables.delimited import Wishes
    from lab.data.tables.reading import read

    return read(path, Wishes())


def test_a_split_by_time_holds_back_the_last_rows(tmp_path: Path) -> None:
    table(tmp_path)
    block = {"csv": "t.csv", "target": "rating", "features": ["x"], "validation": 0.25, "split_by_time": "day"}
    split = load(block, 0, tmp_path)
    days = [line.split(",")[4] for line in (tmp_path / "t.csv").read_text().splitlines()]
    train, held = ([days[place - 1] for place in part.places] for part in (split.train, split.validation))
    assert len(held) == 10
    assert max(train) <= min(held)
    assert load(block, 7, tmp_path).validation.places.tolist() == split.validation.places.tolist()


@pytest.mark.parametrize("how", [{"validation": 0.25}, {"folds": 4, "fold": 1}])
def test_groups_stay_together(tmp_path: Path, how: dict[str, object]) -> None:
    table(tmp_path)
    block = {"csv": "t.csv", "target": "rating", "features": ["x"], "split_by_group": "customer", **how}
    split = load(block, 0, tmp_path)
    customers = [line.split(",")[3] for line in (tmp_path / "t.csv").read_text().splitlines()]
    train, held = ({customers[place - 1] for place in part.places} for part in (split.train, split.validation))
    assert (len(train), len(held), train & held) == (6, 2, set())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"split_by_time": "day"}, "says how rows are held back, but none are"),
        ({"split_by_time": "customer", "validation": 0.2}, "'customer' must have a date or a number in every row"),
        ({"split_by_group": "town", "validation": 0.2}, "there is no column 'town'"),
        ({"validation_file": "t.csv", "validation": 0.2}, "a file of its own or a part of this one, not both"),
        ({"validation_file": "none.csv"}, "there is no file 'none.csv'"),
    ],
)
def test_splits_that_cannot_be_are_refused(tmp_path: Path, options: dict[str, object], told: str) -> None:
    table(tmp_path)
    with pytest.raises(InvalidValue, match=told):
        load({"csv": "t.csv", "target": "rating", "features": ["x"], **options}, 0, tmp_path)


@pytest.mark.parametrize("names", [("X", "y"), ("x_train", "y_train"), ("data", "target"), ("images", "labels")])
def test_arrays_under_the_names_of_other_libraries(tmp_path: Path, names: tuple[str, str]) -> None:
    inputs, targets = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
    np.savez(tmp_path / "a.npz", **dict(zip(names, (inputs, targets), strict=True)))
    split = load({"npz": "a.npz"}, 0, tmp_path)
    np.testing.assert_array_equal(split.train.inputs, inputs.astype(np.float32))
    np.testing.assert_array_equal(split.train.targets, targets)


def test_arrays_that_are_held_back_by_their_names(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(30, 4))
    texts = np.array(["a", "b", "c"] * 10)
    parts = {"x_train": values[:20], "y_train": texts[:20], "x_test": values[20:], "y_test": texts[20:]}
    np.savez(tmp_path / "a.npz", **parts)
    split = load({"npz": "a.npz"}, 0, tmp_path)
    np.testing.assert_array_equal(split.validation.inputs, values[20:].astype(np.float32))
    assert [split.train.classes[place] for place in split.validation.targets] == texts[20:].tolist()
    assert "10 of them are held back" in split.train.story[0]
