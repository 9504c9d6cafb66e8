"""`lab data show`, and what a run says of the file that it reads."""

import json

import numpy as np
import pytest
from PIL import Image

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
    assert "'photos' like this: it has no folder for each class" in capsys.readouterr().err
    (houses / "book.txt").write_text("Ishmael.\nYears\n")
    assert run(["data", "show", "book.txt"]) == 2
    assert "with `task: language-model`" in capsys.readouterr().err
    assert run(["data", "shw", "houses.csv"]) == 2
    assert "show" in capsys.readouterr().err


def make_images(folder, names, size=(16, 12), count=6):
    """Grey noise with a bright square in it; and masks, if there is a folder of that name."""
    random = np.random.default_rng(0)
    for name in names:
        (folder / name).mkdir(parents=True)
    for number in range(count):
        pixels, mask = random.integers(0, 120, (*size, 3)), np.zeros(size, np.uint8)
        row, column = random.integers(0, size[0] - 6), random.integers(0, size[1] - 6)
        pixels[row : row + 6, column : column + 6] += 120
        mask[row : row + 6, column : column + 6] = 255
        for name in names:
            made = mask if name == "masks" else pixels.astype(np.uint8)
            Image.fromarray(made).save(folder / name / f"{number}.png")


def test_a_folder_of_images_is_shown_and_the_scenario_that_reads_it_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_images(tmp_path / "pets", ["cats", "dogs"])
    Image.new("RGB", (90, 70)).save(tmp_path / "pets" / "dogs" / "large.png")
    assert run(["data", "show", "pets"]) == 0
    told = capsys.readouterr().out
    assert "13 images in 2 folders, each a class: cats (6), dogs (7)" in told
    assert "2 sizes, from 16 to 70 pixels high and 12 to 90 wide; all are brought to one" in told
    assert "data: {images: pets, size: 64, validation: 0.2, standardise: true}" in told
    assert "`lab data show pets --yaml > pets.yaml` writes a scenario" in told
    assert run(["data", "show", "pets", "--set", "size=8", "--yaml"]) == 0
    (tmp_path / "pets.yaml").write_text(capsys.readouterr().out)
    assert run(["run", "pets.yaml", "--plain", "--set", "train.steps=2"]) == 0
    assert "13 images of 8 × 8 × 3 in 2 folders" in capsys.readouterr().out


@pytest.mark.parametrize("given", [["photos", "--set", "masks=masks"], ["both"]])
def test_a_folder_with_masks_is_shown_and_the_scenario_that_reads_it_runs(tmp_path, monkeypatch, capsys, given):
    monkeypatch.chdir(tmp_path)
    make_images(tmp_path if len(given) > 1 else tmp_path / "both", ["photos", "masks"])
    assert run(["data", "show", *given, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["told"] == ["6 images, each with a mask: 0.png and 0.png, …", "All have 16 × 12 pixels."]
    assert (told["task"], told["train"]) == ("segment", 5)
    assert run(["data", "show", *given, "--yaml"]) == 0
    (tmp_path / "own.yaml").write_text(capsys.readouterr().out)
    assert run(["run", "own.yaml", "--plain", "--set", "train.steps=2", "--set", "train.batch=2"]) == 0
    assert "6 images of 16 × 12 × 3 with masks" in capsys.readouterr().out


def test_a_folder_of_which_nothing_can_be_learned_is_said_in_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_images(tmp_path, ["photos"])
    sentences = {
        ("photos",): "Nothing can be learned from 'photos' like this: it has no folder for each class",
        ("photos", "--set", "masks=none"): "'none' is no folder: one with masks in it is to be given",
        ("photos", "--set", "masks=photos"): "has no mask in",
        (".",): "it has no folder for each class",
    }
    for given, sentence in sentences.items():
        assert run(["data", "show", *given]) == 2
        assert sentence in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run(["data", "show", "."]) == 2
    assert "there is no image in its folder 'empty'" in capsys.readouterr().err
