"""Tables as banks, shops and spreadsheets write them: units, times of a day, names that come twice, lists in cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lab
import lab.data
from lab.cli import run as main
from lab.data import Split
from lab.data.looking import look
from lab.data.tables.units import unit_of


def load(folder: Path, text: str, **options: Any) -> Split:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return lab.data.load({"csv": "t.csv", "target": "y", **options}, 0, folder)


def column(folder: Path, cells: list[str], separated: str = ";", **options: Any) -> list[float]:
    rows = "\n".join(f"{cell}{separated}{'ab'[place % 2]}" for place, cell in enumerate(cells))
    return load(folder, f"x{separated}y\n{rows}\n", **options).train.inputs[:, 0].tolist()


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["$1,300.05", "$893.24", "$-5", "-$6"], [1300.05, 893.24, -5, -6]),
        (["1.300,50 €", "7,25 €", "0,5 €", "-2 €"], [1300.5, 7.25, 0.5, -2]),
        (["39.0%", "16.4 %", "0%", "100%"], [39, 16.4, 0, 100]),
        (["($5.50)", "$7", "($1,000)", "$2"], [-5.5, 7, -1000, 2]),
        (["5 EUR", "6 EUR", "7", "8 EUR"], [5, 6, 7, 8]),
    ],
)
def test_units_are_taken_off_a_column(tmp_path: Path, cells: list[str], numbers: list[float]) -> None:
    np.testing.assert_allclose(column(tmp_path, cells), numbers, rtol=1e-6)


@pytest.mark.parametrize(
    "cells", [["$5", "€6", "$7"], ["5", "6", "7%"], ["a%", "b%", "c%"], ["%", "%", "$"], ["5%-6%", "7%-8%"], []]
)
def test_what_is_no_column_with_one_unit_stays_as_it_is(cells: list[str]) -> None:
    assert unit_of(cells) == ""


def test_units_are_told_and_what_is_no_number_among_them_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("price,y\n$5,a\n$6,b\nfree,a\n$8,b\n")
    found = look(tmp_path / "t.csv")
    assert "price is in $." in found.notices
    assert "line 4, column 'price' is 'free', not a number" in found.columns[0].problem
    assert column(tmp_path, ["$5", "$6", "free", "$8"], missing_marks=["free"], missing="mean")[2] == pytest.approx(
        19 / 3
    )


def test_a_target_with_a_unit_is_a_number(tmp_path: Path) -> None:
    rows = "".join(f"{n},${n},{n}.5%\n" for n in range(1000, 1040))
    train = load(tmp_path, f"a,b,y\n{rows}", kind="values").train
    np.testing.assert_array_equal(train.targets[:, 0], np.arange(1000, 1040) + 0.5)
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f'{n},"${n:,}"\n' for n in range(1000, 1040)))
    train = lab.data.load({"csv": "t.csv", "target": "y"}, 0, tmp_path).train  # all else is as the quick way likes it
    np.testing.assert_array_equal(train.targets[:, 0], np.arange(1000, 1040))


def test_times_of_a_day_are_hours(tmp_path: Path) -> None:
    assert column(tmp_path, ["09:30", "23:59:59", "0:00", "12:15:36"]) == pytest.approx(
        [9.5, 24 - 1 / 3600, 0, 12.26], abs=1e-5
    )
    assert "x is hours since midnight." in load(tmp_path, "x,y\n09:30,a\n10:00,b\n").train.story
    assert look(tmp_path / "t.csv", {"target": "y"}).columns[0].kind == "number"
    # 25:00 is no time of a day.
    assert load(tmp_path, "x,y\n09:30,a\n25:00,b\n").train.features == ("x=09:30", "x=25:00")


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["01/31/2024 12:00 AM", "01/31/2024 12:00 PM", "01/31/2024 11:30 pm"], [0, 0.5, 23.5 / 24]),
        (["31-01-2024", "01-02-2024", "02-02-2024"], [0, 1, 2]),
        (["2024/1/31 6:00 a.m.", "2024/1/31 6:00 p.m."], [0, 0.5]),
    ],
)
def test_dates_with_am_and_pm_and_with_dashes(tmp_path: Path, cells: list[str], days: list[float]) -> None:
    np.testing.assert_allclose(column(tmp_path, cells), days, atol=1e-6)


def test_yes_and_no_of_spreadsheets_in_other_languages(tmp_path: Path) -> None:
    for no, yes in (("FALSCH", "WAHR"), ("faux", "vrai"), ("Nein", "Ja"), ("falso", "verdadero")):
        assert column(tmp_path, [yes, no, yes]) == [1, 0, 1]


def test_names_that_come_twice_are_told_apart(tmp_path: Path) -> None:
    train = load(tmp_path, "x,x,x.1,x,y\n1,2,3,4,a\n5,6,7,9,b\n").train
    assert train.features == ("x", "x.2", "x.1", "x.3")
    np.testing.assert_array_equal(train.inputs, [[1, 2, 3, 4], [5, 6, 7, 9]])
    assert any("More than one column is called 'x': a later one is called 'x.2' here." in each for each in train.story)
    frame = pd.DataFrame([[1.0, 2.0], [3.0, 5.0]], columns=["x", "x"]).assign(y=["a", "b"])
    assert lab.data.tables.frames.table_of(frame, "frame").columns[1].name == "x.1"
    np.testing.assert_array_equal(lab.data.tables.frames.table_of(frame, "frame").columns[1].numbers, [2, 5])


def test_columns_of_lists_are_left_out_and_asking_for_them_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "parts": [[1, 2], [3], []], "y": ["u", "v", "u"]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.json", orient="records")
    for name in ("t.parquet", "t.json"):
        train = lab.data.load({"table": name, "target": "y"}, 0, tmp_path).train
        assert train.features == ("a",)
        assert "Left out: parts (lists)." in train.story
        with pytest.raises(lab.errors.InvalidValue, match="column 'parts' holds lists, but a cell must be one value"):
            lab.data.load({"table": name, "target": "y", "features": ["parts"]}, 0, tmp_path)


def people(rows: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(3)
    left = random.random(rows) < 0.3
    return pd.DataFrame(
        {
            "age": random.integers(18, 80, rows),
            "when": np.where(left, "2024-01-01", None),
            "flag": left.astype(int),
            "city": random.choice(["a", "b", "c"], rows),
            "left": np.where(left, "yes", "no"),
        }
    )


def test_a_column_that_says_the_target_is_named(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "t.csv", index=False)
    told = look(tmp_path / "t.csv", {"target": "left"}).story
    saying = [each.partition(" ")[0] for each in told if "says the target of every row by itself" in each]
    assert saying == ["when", "flag"]
    numbers = people().assign(euros=lambda each: 3 * each.age + 2)[["age", "flag", "euros"]]
    numbers.to_csv(tmp_path / "t.csv", index=False)  # read the quick way
    told = look(tmp_path / "t.csv", {"target": "euros", "kind": "values"}).story
    assert [each.partition(" ")[0] for each in told if "says the target" in each] == ["age"]
    read = lab.data.load({"csv": "t.csv", "target": "flag"}, 0, tmp_path).train
    assert not any("says the target" in each for each in read.story)


@pytest.mark.parametrize("mark", [";", "|"])
def test_several_answers_in_a_cell_are_told_of(tmp_path: Path, mark: str) -> None:
    kinds = ["web", f"python{mark}web", f"python {mark} sql", "sql", "", f"python{mark}sql{mark}web", "python"]
    rows = "\n".join(f"{place % 13 * 1.5},{kinds[place % 7]}" for place in range(70))
    (tmp_path / "t.csv").write_text(f"x,tags\n{rows}\n")
    found = look(tmp_path / "t.csv", {"target": "tags"})
    [told] = [each for each in found.hints if "several answers" in each]
    assert f"parted by {mark!r}" in told
    assert "`target: [python, sql, …]` with `task: label`" in told


@pytest.mark.parametrize("kinds", [["a", "b"], ["Oslo, NO", "Bergen, NO", "Rome, IT"], ["Berg, Ada", "Holm, Eva"]])
def test_one_answer_in_a_cell_is_one_whatever_marks_are_in_it(tmp_path: Path, kinds: list[str]) -> None:
    rows = "\n".join(f'{place % 13 * 1.5},"{kinds[place % len(kinds)]}"' for place in range(60))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}\n")
    found = look(tmp_path / "t.csv", {"target": "y"})
    assert not found.problem
    assert not [each for each in found.hints if "several answers" in each]


def test_rare_classes_are_told_and_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people().assign(left=["yes" if place % 40 == 0 else "no" for place in range(200)]).to_csv(
        tmp_path / "t.csv", index=False
    )
    hints = look(tmp_path / "t.csv", {"target": "left"}).hints
    assert any("97.5 % of the rows are no" in each and "of yes there are 5" in each for each in hints)
    for target, watched in (("left", True), ("city", False)):
        assert main(["data", "show", str(tmp_path / "t.csv"), "--set", f"target={target}", "--yaml"]) == 0
        assert ("val_balanced_accuracy" in capsys.readouterr().out) is watched


def test_new_rows_are_read_like_those_of_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Units, times, AM and PM and doubled names once more in a file of new rows, and in a frame."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    whens = [f"{n % 24:02}:30,{n % 12 + 1:02}/28/2024 0{n % 9 + 1}:00 PM" for n in range(60)]
    rows = [f'"${1000 + 7 * n:,}",{when},{n},{2 * n},{n}' for n, when in enumerate(whens)]
    names = "price,clock,when,x,x,y"
    (tmp_path / "t.csv").write_text("\n".join([names, *rows]) + "\n")
    (tmp_path / "t.yaml").write_text(
        "title: T\ntask: regress\ndata: {csv: t.csv, target: y, validation: 0.2, standardise: true}\n"
        "model: [{dense: 4}, tanh, {dense: outputs}]\ntrain: {steps: 20}\nwatch: [loss]\n"
    )
    assert main(["run", str(tmp_path / "t.yaml"), "--plain"]) == 0
    capsys.readouterr()
    assert main(["predict", "t-1", str(tmp_path / "t.csv")]) == 0
    whole = capsys.readouterr().out.splitlines()
    (tmp_path / "few.csv").write_text("\n".join([names, *rows[40:43]]) + "\n")
    assert main(["predict", "t-1", str(tmp_path / "few.csv")]) == 0
    few = capsys.readouterr().out.splitlines()
    assert [each.split(",")[1] for each in few[1:]] == [each.split(",")[1] for each in whole[41:44]]
    frame = pd.read_csv(tmp_path / "few.csv")  # pandas calls the second one x.1, too
    from lab.evaluation import model_of
    from lab.store import Store

    with Store.open() as store:
        made = model_of(store, "t-1", None, None).model.predict(frame)
    assert made.answers.tolist() == [float(each.split(",")[1]) for each in few[1:]]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["$1,480", "$1,443", "$12,377"], [1480, 1443, 12377]),
        (["$1,480", "$893.50", "$2"], [1480, 893.5, 2]),
        (["£1,480,000", "£2,000", "£3"], [1480000, 2000, 3]),
        (["$1.480,50", "$1.443,00", "$7,25"], [1480.5, 1443, 7.25]),
        (["€1,48", "€2,5", "€3"], [1.48, 2.5, 3]),
    ],
)
def test_money_beside_semicolons_is_grouped_as_its_country_does(tmp_path, cells, numbers):
    rows = [f"{cell};{'ab'[place % 2]}" for place, cell in enumerate(cells)]
    (tmp_path / "money.csv").write_text("\n".join(["price;kind", *rows]) + "\n")
    data = lab.data.load({"csv": "money.csv", "target": "kind"}, 0, tmp_path).train
    np.testing.assert_allclose(data.inputs[:, 0], numbers, rtol=1e-6)


def test_money_says_nothing_of_other_columns(tmp_path):
    rows = [f"$1,{480 + n};{n},904;{'ab'[n % 2]}" for n in range(8)]
    (tmp_path / "money.csv").write_text("\n".join(["price;weight;kind", *rows]) + "\n")
    data = lab.data.load({"csv": "money.csv", "target": "kind"}, 0, tmp_path).train
    np.testing.assert_allclose(data.inputs, [[1480 + n, n + 0.904] for n in range(8)], rtol=1e-6)
