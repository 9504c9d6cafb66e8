"""Several series in one table: sequences are rows of one of them, and the last rows of each are held back."""

from __future__ import annotations

import json
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
from lab.data.recipe_json import recipe_from_json, recipe_to_json
from lab.errors import BadInput, InvalidValue

LENGTHS = {"rome": 30, "oslo": 24, "bonn": 41}


def frame(seed: int = 5) -> pd.DataFrame:
    """Rows of three series in no order at all; what was sold tells which series and which day it was."""
    days = pd.date_range("2024-02-01", periods=max(LENGTHS.values()))
    parts = [
        pd.DataFrame({"shop": name, "day": days[:count], "sold": 1000 * (place + 1) + np.arange(count, dtype=float)})
        for place, (name, count) in enumerate(LENGTHS.items())
    ]
    return pd.concat(parts).sample(frac=1, random_state=seed).reset_index(drop=True)


def load(folder: Path, **options: Any) -> Split:
    usual = {"csv": "sales.csv", "target": "sold", "features": ["sold"], "split_by_time": "day", "series": "shop"}
    return lab.data.load({**usual, "sequence_length": 4, **options}, 0, folder, "values")


def expected(table: pd.DataFrame, length: int, ahead: int, share: float) -> tuple[list[Any], list[Any]]:
    """What pandas says: (rows read, target, last target read), those to train on and those held back."""
    train: list[Any] = []
    held: list[Any] = []
    for _, rows in table.sort_values("day").groupby("shop"):
        sold = rows.sold.tolist()
        first_held = len(sold) - round(share * len(sold))
        for place in range(length - 1 + ahead, len(sold)):
            end = place - ahead
            part = train if place < first_held else held
            part.append((sold[end - length + 1 : end + 1], sold[place], sold[end]))
    return train, held


@pytest.mark.parametrize(("length", "ahead", "share"), [(4, 1, 0.2), (1, 1, 0.5), (7, 3, 0.1), (20, 2, 0.25)])
def test_sequences_are_those_of_pandas(tmp_path: Path, length: int, ahead: int, share: float) -> None:
    frame().to_csv(tmp_path / "sales.csv", index=False)
    parts = load(tmp_path, sequence_length=length, ahead=ahead, validation=share)
    for data, wanted in zip((parts.train, parts.validation), expected(frame(), length, ahead, share), strict=True):
        assert data is not None
        assert data.last_known is not None
        made = list(zip(data.inputs[..., 0].tolist(), data.targets[:, 0], data.last_known[:, 0], strict=True))
        assert sorted(made) == sorted(wanted)


def test_a_series_too_short_gives_nothing_and_that_is_said(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "sales.csv", index=False)
    train = load(tmp_path, sequence_length=26).train
    assert set(train.series.tolist()) == {"rome", "bonn"}
    told = (
        "shop names 3 series of 24 to 41 rows; a sequence is rows of one of them. 'oslo' is too short for an example."
    )
    assert told in train.story
    with pytest.raises(InvalidValue, match="41 rows and the one 1 later are 42, but the longest series has 41"):
        load(tmp_path, sequence_length=41)


def test_numbers_that_name_series_are_names(tmp_path: Path) -> None:
    """17 is not one more than 16 where both are shops."""
    numbered = frame().replace({"shop": {"rome": 17, "oslo": 16, "bonn": 2}})
    numbered.to_csv(tmp_path / "sales.csv", index=False)
    train = load(tmp_path, features=None).train
    assert {"shop=17", "shop=16", "shop=2"} <= set(train.features)
    numbered.to_parquet(tmp_path / "sales.parquet")
    again = load(tmp_path, csv="sales.parquet", features=None).train
    np.testing.assert_array_equal(train.targets, again.targets)
    assert "shop" in load(tmp_path, features=None, columns={"shop": "number"}).train.features


def test_without_times_rows_of_a_series_stay_as_they_stand(tmp_path: Path) -> None:
    frame().sort_values("day", kind="stable").to_csv(tmp_path / "sales.csv", index=False)
    by_time, as_they_stand = load(tmp_path, validation=0.2), load(tmp_path, validation=0.2, split_by_time=None)
    np.testing.assert_array_equal(by_time.train.inputs, as_they_stand.train.inputs)
    np.testing.assert_array_equal(by_time.validation.targets, as_they_stand.validation.targets)


@pytest.mark.parametrize(
    ("options", "place", "sentence"),
    [
        ({"series": None}, "split_by_time", "where the table has several, `series: COLUMN` says which"),
        ({"series": "shops"}, "series", "there is no column 'shops'"),
        ({"sequence_length": None, "validation": 0.2}, "series", "add `sequence_length: 10`"),
        ({"series": None, "split_by_time": None, "split_by_group": "shop"}, "split_by_group", "`series: shop` keeps"),
        ({"validation": 0.01}, "validation", "0.01 of each series, of at most 41 rows, is none"),
    ],
)
def test_what_makes_no_series(tmp_path: Path, options: dict[str, Any], place: str, sentence: str) -> None:
    frame().to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(InvalidValue, match=sentence) as refused:
        load(tmp_path, **options)
    assert refused.value.path == (place,)


def test_a_row_of_no_series_and_a_day_twice_are_refused(tmp_path: Path) -> None:
    rows = frame()
    rows.loc[3, "shop"] = np.nan
    rows.to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(InvalidValue, match="'shop' names no series in line 5: fill it in"):
        load(tmp_path)
    twice = pd.concat([frame(), frame().head(1)])
    twice.to_csv(tmp_path / "sales.csv", index=False)
    shop = frame().shop[0]
    with pytest.raises(InvalidValue, match=f"line 2 and line 97 have the same day and are both of '{shop}'"):
        load(tmp_path)


def test_several_series_are_found_out(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "sales.csv", index=False)
    told = look(tmp_path / "sales.csv").hints
    assert "Each day comes once for each shop: these are 3 series." in told[0]
    frame().drop(columns="shop").drop_duplicates("day").sort_values("day").to_csv(tmp_path / "one.csv", index=False)
    assert not any("series" in each for each in look(tmp_path / "one.csv").hints)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    frame().to_csv(folder / "sales.csv", index=False)
    (folder / "shops.yaml").write_text(
        "title: Shops\ntask: regress\n"
        "data: {csv: sales.csv, target: sold, split_by_time: day, series: shop, sequence_length: 4, ahead: 2,\n"
        "       validation: 0.2, standardise: true, standardise_targets: true}\n"
        "model: [flatten, {dense: outputs}]\n"
        "optimizer: {name: adam, rate: 0.01}\ntrain: {batch: 16, steps: 100}\nwatch: [loss, val_loss]\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_HOME", str(folder / "store"))
        assert main(["run", str(folder / "shops.yaml"), "--plain"]) == 0
    return folder


def predictions(trained: Path, table: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    table.to_csv(trained / "new.csv", index=False)
    assert main(["predict", "shops-1", str(trained / "new.csv"), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_answers_name_their_series_and_do_not_hang_on_the_order_of_rows(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_HOME", str(trained / "store"))
    table = frame().drop(columns="sold").assign(sold=frame().sold)
    mixed = predictions(trained, table, capsys)
    in_order = table.sort_values(["shop", "day"]).reset_index(drop=True)
    sorted_ = predictions(trained, in_order, capsys)
    assert sum(each["shop"] is not None for each in mixed) == sum(LENGTHS.values()) - 3 * 3

    def answers(made: list[dict[str, Any]], rows: pd.DataFrame) -> dict[tuple[str, Any], float]:
        return {
            (each["shop"], rows.day[each["after line"] - 2]): each["sold"] for each in made if each["shop"] is not None
        }

    assert all(each["shop"] == table.shop[each["after line"] - 2] for each in mixed if each["shop"] is not None)
    assert answers(mixed, table) == pytest.approx(answers(sorted_, in_order), rel=1e-12)


def test_what_is_shown_is_the_last_answer_of_each_series(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.evaluation import model_of
    from lab.store import Store

    monkeypatch.setenv("LAB_HOME", str(trained / "store"))
    frame().to_csv(trained / "new.csv", index=False)
    with Store.open() as store:
        model = model_of(store, "shops-1", None, None).model
    made = model.of_file(str(trained / "new.csv"))
    shown = made.latest(20)
    assert [each[1] for each in shown] == ["bonn", "oslo", "rome"]
    table = frame()
    for place, name, _ in shown:
        assert table.day[place - 2] == table[table.shop == name].day.max()
    assert len(made.latest(2)) == 2


def test_evaluation_of_a_file_keeps_series_apart(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The baseline is what was sold two rows before in the same shop: always 2 too little."""
    monkeypatch.setenv("LAB_HOME", str(trained / "store"))
    frame().to_csv(trained / "new.csv", index=False)
    assert main(["evaluate", "shops-1", "--data", str(trained / "new.csv"), "--by", "shop", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["examples"] == sum(LENGTHS.values()) - 3 * 5
    error = next(each for each in found["scores"] if each["score"] == "mean absolute error")
    assert error["baseline"] == pytest.approx(2)


def test_new_rows_of_series_are_refused_where_nothing_can_be_read(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_HOME", str(trained / "store"))
    table = frame()
    short = pd.concat([rows.sort_values("day").head(3) for _, rows in table.groupby("shop")])
    short.to_csv(trained / "new.csv", index=False)
    assert main(["predict", "shops-1", str(trained / "new.csv")]) == 2
    assert "has 9 rows, but this run reads 4 in a row of one series" in capsys.readouterr().err
    table.drop(columns="shop").to_csv(trained / "new.csv", index=False)
    assert main(["predict", "shops-1", str(trained / "new.csv")]) == 2
    assert "has no column 'shop'" in capsys.readouterr().err
    bonn = table[(table.shop == "bonn") | (table.day < table.day.min() + pd.Timedelta(days=2))]
    bonn.to_csv(trained / "new.csv", index=False)
    assert main(["predict", "shops-1", str(trained / "new.csv")]) == 0
    assert "'oslo', 'rome' are too short and get no answer." in capsys.readouterr().err


def test_a_file_of_its_own_is_the_validation_of_each_series(tmp_path: Path) -> None:
    table = frame().sort_values("day")
    table.groupby("shop").head(15).to_csv(tmp_path / "sales.csv", index=False)
    table.groupby("shop").tail(9).to_csv(tmp_path / "later.csv", index=False)
    parts = load(tmp_path, validation_file="later.csv")
    held = parts.validation
    assert held is not None
    assert (held.targets[:, 0] - held.inputs[:, -1, 0] == 1).all()
    assert held.count == 3 * (9 - 4)


def test_a_picture_of_each_series(trained: Path) -> None:
    from tests.tasks.test_training import experiment

    net = experiment(
        task="regress", model=["flatten", {"dense": "outputs"}], watch=["loss"],
        data={"csv": str(trained / "sales.csv"), "target": "sold", "split_by_time": "day", "series": "shop",
              "sequence_length": 3, "validation": 0.2},
    )  # fmt: skip
    pictures = [each for each in net.pictures() if each.title.startswith("Forecast")]
    assert [each.title.rpartition(": ")[2] for each in pictures] == ["bonn", "oslo", "rome"]
    for each, name in zip(pictures, ["bonn", "oslo", "rome"], strict=True):
        rows = frame()[lambda table, name=name: table.shop == name].sort_values("day")
        np.testing.assert_array_equal(each.lines["true"], rows.sold.tail(round(0.2 * LENGTHS[name])))


def test_a_recipe_that_is_damaged_is_refused(tmp_path: Path) -> None:

    frame().to_csv(tmp_path / "sales.csv", index=False)
    recipe = load(tmp_path).recipe
    assert recipe is not None
    content = json.loads(json.dumps(recipe_to_json(recipe)))
    assert recipe_from_json(content).table.series == "shop"
    with pytest.raises(ValueError, match="a name in it is no text"):
        recipe_from_json(content | {"series": 3})
    with pytest.raises(BadInput, match="no column 'shop'"):
        recipe_from_json(content).of_table(lab.data.tables.frames.table_of(frame()[["day", "sold"]], "frame"), "frame")
