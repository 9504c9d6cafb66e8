"""`lab data show`, and what a run says of the file that it reads."""

import json

import pytest

from lab.cli import run


@pytest.fixture
def houses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f'"{n}";{n * 1.5 + 40:.1f};{"Köln" if n % 3 else "Bonn"};{n * 1000 + 90000}\n' for n in range(40))
    (tmp_path / "houses.csv").write_bytes(('"";area;city;price\n' + rows.replace(".", ",")).encode("latin-1"))
    return tmp_path


def test_a_table_is_shown_and_the_scenario_that_reads_it_runs(houses, capsys):
    assert run(["data", "show", "houses.csv"]) == 0
    shown = capsys.readouterr().out
    assert "houses.csv: text, separated by semicolons\n40 rows, 4 columns\nIt is not UTF-8" in shown
    assert "area      number    40 to 98.5" in shown
    assert "(left out: it has no name and numbers the rows)" in shown
    assert "task: regress\ndata: {csv: houses.csv, target: price, validation: 0.2" in shown
    assert run(["data", "show", "houses.csv", "--json", "--set", "target=city"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["task"], found["block"]["target"]) == ("classify", "city")
    assert [each["kind"] for each in found["columns"]] == ["number", "number", "category", "number"]
    assert run(["data", "show", "houses.csv", "--yaml"]) == 0
    (houses / "mine.yaml").write_text(capsys.readouterr().out)
    assert run(["run", "mine.yaml", "--steps", "20", "--plain"]) == 0
    told = capsys.readouterr().out
    assert "\nhouses.csv: text, separated by semicolons; 40 rows, 3 features, targets are values from 90000 to" in told
    assert "\nLeft out: column 1 (it has no name and numbers the rows).\n" in told
    assert run(["run", "mine.yaml", "--steps", "20", "--json"]) == 0
    started = json.loads(capsys.readouterr().out.splitlines()[0])
    assert "Numbers have a decimal comma." in started["read"]


def test_a_run_offers_to_predict_only_where_that_is_possible(houses, capsys):
    (houses / "book.txt").write_text("a text of letters, and of more letters. " * 20)
    (houses / "book.yaml").write_text(
        "title: Book\ntask: language-model\ndata: {text: book.txt}\nmodel: [{rnn: 4}, {dense: classes}]\n"
        "optimizer: {name: sgd, rate: 0.1}\ntrain: {batch: 2, steps: 2, measure: 2}\noptions: {window: 5}\n"
        "watch: [loss]\n"
    )
    assert run(["run", "book.yaml", "--plain"]) == 0
    told = capsys.readouterr().out
    assert "lab replay book-1" in told
    assert "lab evaluate" not in told
    assert run(["data", "show", "houses.csv", "--yaml"]) == 0
    (houses / "mine.yaml").write_text(capsys.readouterr().out)
    assert run(["run", "mine.yaml", "--steps", "2", "--plain"]) == 0
    assert "judge it with `lab evaluate mine-1`" in capsys.readouterr().out


def test_what_cannot_be_shown_is_said_in_a_sentence(houses, capsys):
    (houses / "dull.csv").write_text("a,b\n1,2\n1,2\n")
    assert run(["data", "show", "dull.csv"]) == 2
    assert "no column can be predicted" in capsys.readouterr().out
    assert run(["data", "show", "house.csv"]) == 2
    assert "There is no file 'house.csv'" in capsys.readouterr().err
    (houses / "photos").mkdir()
    assert run(["data", "show", "photos"]) == 2
    assert "images, in a folder for each class, are `data: {images: photos}`" in capsys.readouterr().err
    (houses / "book.txt").write_text("Ishmael.\nYears\n")
    assert run(["data", "show", "book.txt"]) == 2
    assert "with `task: language-model`" in capsys.readouterr().err
    assert run(["data", "shw", "houses.csv"]) == 2
    assert "show" in capsys.readouterr().err
