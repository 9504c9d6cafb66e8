"""From nothing to a trained network without a mouse and without a shell: builder, own data, own files, tour."""

import json
from pathlib import Path

import numpy as np
import pytest

from lab.scenario import load
from lab.tui.progress import Progress
from lab.tui.run.screen import RunScreen
from tests.cli.test_data import make_images
from tests.tui.driving import drive, matches_snapshot, screen_text, shows, until, write

pytestmark = pytest.mark.usefixtures("library")


async def make(app, pilot, what):
    """Open the list of what can be made, and take one."""
    await pilot.press("c")
    await shows(pilot, "Make something of your own")
    await write(pilot, what)
    await pilot.press("enter")


async def over(app, pilot):
    """Wait for a run to be judged, and leave it."""
    await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen._judged)
    run = app.screen
    await pilot.press("q")
    await until(pilot, lambda: app.screen is not run)
    return run


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_network_is_built_changed_saved_and_run(tmp_path, monkeypatch, size):
    monkeypatch.chdir(tmp_path)

    async def script(app, pilot):
        await make(app, pilot, "A network")
        await shows(pilot, "It can be run: 5 layers, 1,251 parameters.")
        await matches_snapshot(app, "builder")
        await pilot.press("a")
        await write(pilot, "tanh")
        await pilot.press("enter")
        await shows(pilot, "It can be run: 6 layers, 1,251 parameters.")
        assert app.screen.draft.model[1] == "tanh"
        await pilot.press("J")
        assert app.screen.draft.model[2] == "tanh"
        await pilot.press("up", "up", "enter")  # the first layer
        await shows(pilot, "Number of units")
        await pilot.press("backspace", "backspace", "0")
        await shows(pilot, "there must be at least 1")
        await matches_snapshot(app, "builder-form")
        await pilot.press("backspace", "8", "enter")
        await shows(pilot, "It can be run: 6 layers, 411 parameters.")
        await pilot.press("down", "down", "down", "d")  # the second dense layer
        await pilot.press("down", "d")  # the last
        await shows(pilot, "the last layer gives 8 numbers per example, but the data needs 3.")
        await matches_snapshot(app, "builder-wrong")
        await pilot.press("r")
        await pilot.pause()
        assert not isinstance(app.screen, RunScreen)
        await pilot.press("u")
        await shows(pilot, "It can be run: 5 layers")
        await pilot.press("q")
        await shows(pilot, "is not saved.")
        await pilot.press("escape", "w")
        await shows(pilot, "Save as")
        await pilot.press("enter")
        await until(pilot, lambda: Path("my-first-network.yaml").exists())
        assert load("my-first-network.yaml").scenario.model[0] == {"dense": 8}
        app.screen.draft.set("train.steps", 40)
        await pilot.press("r")
        run = await over(app, pilot)
        assert {each.experiment.step for each in run.session.replicas} == {40}
        await pilot.press("q", "d")  # leave, without the fewer steps
        await shows(pilot, "My first network")
        assert app.screen.item.path.name == "my-first-network.yaml"

    drive(script, size=size)
    assert [path.name for path in Progress().files] == ["my-first-network.yaml"]


def test_optimizer_steps_data_and_variants_are_chosen_from_lists_and_forms(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def script(app, pilot):
        await make(app, pilot, "A network")
        await shows(pilot, "It can be run")
        builder = app.screen

        async def line(kind):
            known = [each.kind for each in builder._rows]
            builder.query_one("Choices").highlighted = known.index(kind)
            await pilot.pause()
            await pilot.press("enter")

        await line("optimizer")
        await write(pilot, "adam")
        await pilot.press("enter")
        await shows(pilot, "The learning rate.")
        await pilot.press("enter")
        await until(pilot, lambda: builder.draft.content["optimizer"] == {"name": "adam", "rate": 0.1})
        await line("data")
        await write(pilot, "moons")
        await pilot.press("enter")
        await shows(pilot, "As YAML: {name: moons}")
        await pilot.press("enter")
        await until(pilot, lambda: builder.found is not None and builder.found.layers[-1].output == (2,))
        await line("train")
        await write(pilot, "x")
        await shows(pilot, "'1000x' is not allowed here: it must be a whole number")
        await pilot.press("escape")
        await line("variants")
        await write(pilot, "fast")
        await pilot.press("down")
        await write(pilot, "optimizer.rat=1")
        await pilot.press("enter")
        await shows(pilot, "rat")
        for _ in range(2):
            await pilot.press("backspace")
        await write(pilot, "e=0.5")
        await pilot.press("enter")
        await until(pilot, lambda: builder.draft.content.get("variants") == {"fast": {"optimizer.rate": 0.5}})
        await pilot.press("Y")
        await shows(pilot, "fast: {optimizer.rate: 0.5}")
        await pilot.press("escape", "e")
        await shows(pilot, "It can be run.")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is builder)

    drive(script, size=(120, 40))


def strange(path):
    """A table with a column of line numbers, words, gaps, signs in its names; returns its path."""
    random = np.random.default_rng(0)
    rows = ["id;Sepal length (cm);Land;weight €;Species"]
    for number in range(1, 91):
        kind = number % 3
        gap = "" if number % 17 == 0 else f"{random.normal():.2f}"
        name = ("Iris setosa", '"Iris ""red"""', "versicolor")[kind]
        rows.append(f"{number};{random.normal(kind * 3):.3f};{'NL' if kind else 'DE'};{gap};{name}")
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_from_an_own_table_with_strange_columns_to_a_trained_network(tmp_path, monkeypatch, size):
    monkeypatch.chdir(tmp_path)
    strange(tmp_path / "strange.csv")

    async def script(app, pilot):
        await make(app, pilot, "My own data")
        await shows(pilot, "strange.csv")
        await write(pilot, "strange")
        await pilot.press("enter")
        await shows(pilot, "Species: 3 classes")
        await matches_snapshot(app, "own-data")
        data = app.screen
        assert data.choice.used == {"Sepal length (cm)", "Land", "weight €"}  # not the numbers of the lines
        await pilot.press("up", "space", "up", "space")  # without the weight and the country
        await shows(pilot, "72 examples of 1 numbers to train on, 18 held back.")
        await pilot.press("up", "t")
        await shows(pilot, "Sepal length (cm): values")
        await pilot.press("down", "down", "down", "t")
        await shows(pilot, "Species: 3 classes")
        await until(pilot, lambda: data.parts is not None)
        used = set(data.choice.used)
        assert "Sepal length (cm)" in used
        await pilot.press("enter", "enter")
        await shows(pilot, "It can be run: 5 layers")
        block = app.screen.draft.content["data"]
        assert (block["csv"], block["target"], block["validation"]) == ("strange.csv", "Species", 0.2)
        assert set(block["features"]) == used
        await pilot.press("r")
        run = await over(app, pilot)
        assert run.session.history.curve("base", 0, "accuracy")[1][-1] > 0.8
        await pilot.press("q")  # what was chosen of the table is in no file yet
        await shows(pilot, "strange.yaml is not saved.")

    drive(script, size=size)


def test_tables_of_every_kind_are_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ("a.csv.gz", "b.xlsx", "c.parquet", "d.jsonl", "e.arff", "f.npz")
    for name in (*names, "g.png"):
        (tmp_path / name).write_bytes(b"x")

    async def script(app, pilot):
        await make(app, pilot, "My own data")
        for name in names:
            await shows(pilot, name)
        assert "g.png" not in screen_text(app)

    drive(script, size=(80, 24))


def test_values_are_scaled_with_the_inputs():
    from lab.scenario.starters import from_data

    for kind, scaled in (("values", True), ("classes", False)):
        block = from_data("One network", {"csv": "t.csv", "standardise": True}, kind, "T", 100)["data"]
        assert block.get("standardise_targets", False) == scaled


def test_a_table_of_any_kind_is_found_from_another_folder(tmp_path):
    from lab.tui.build.draft import _follow_files

    content = {"data": {"table": "t.xlsx", "validation_file": "later.xlsx", "target": "y"}}
    _follow_files(content, tmp_path, tmp_path / "kept")
    assert content["data"] == {"table": "../t.xlsx", "validation_file": "../later.xlsx", "target": "y"}
    content = {"data": {"images": "photos", "masks": "masks", "size": 8}}
    _follow_files(content, tmp_path, tmp_path / "kept")
    assert content["data"] == {"images": "../photos", "masks": "../masks", "size": 8}


def test_a_file_that_is_no_table_says_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers.csv").write_bytes(b"\x00\x01\xff")

    async def script(app, pilot):
        await make(app, pilot, "My own data")
        await write(pilot, f"{tmp_path}/absent.csv")
        await pilot.press("enter")
        await shows(pilot, "There is no ")
        await pilot.press(*["backspace"] * len("absent.csv"))
        await write(pilot, "numbers.csv")
        await pilot.press("enter")
        await shows(pilot, "✗ ")
        await pilot.press("enter", "q")
        await shows(pilot, "One line")

    drive(script, size=(120, 40))


def test_an_own_scenario_file_is_mended_where_it_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: Mine\ntask: classify\ndata: {name: moons, points: 60}\nmodel: [{dense: 4}, relo, {dense: classes}]\n"
        "train: {batch: 20, steps: 20}\nwatch: [loss]\n"
    )

    async def script(app, pilot):
        await make(app, pilot, "A scenario file")
        await shows(pilot, "mine.yaml")
        await pilot.press("enter")
        await shows(pilot, "✗ Line 4, column 21: model.1: there is no layer 'relo'; did you mean relu?")
        await matches_snapshot(app, "source")
        await pilot.press("f8", "right", "right", "right", "delete", "u")
        await shows(pilot, "It can be run.")
        await pilot.press("f5")
        await over(app, pilot)
        await pilot.press("f3", "enter")
        await until(pilot, lambda: "relu" in path.read_text())
        await pilot.press("f6")
        await shows(pilot, "It can be run: 3 layers, 22 parameters.")
        await pilot.press("q")
        await shows(pilot, "Mine")

    drive(script, size=(80, 24))


def test_the_tour_comes_once_and_is_reached_later():
    async def script(app, pilot):
        await shows(pilot, "1 of 5")
        await matches_snapshot(app, "tour")
        await pilot.press("enter", "enter", "left", "enter", "enter", "enter")
        await shows(pilot, "5 of 5")
        await pilot.press("enter")
        await shows(pilot, "One line")
        await make(app, pilot, "The tour")
        await shows(pilot, "1 of 5")
        await pilot.press("escape")
        await shows(pilot, "One line")

    drive(script, tour=True)
    assert json.loads(Progress().path.read_text())["toured"]

    async def again(app, pilot):
        assert "1 of 5" not in screen_text(app)

    drive(again, tour=True)


def test_every_page_of_the_tour_fits_a_small_terminal():
    async def script(app, pilot):
        for _ in range(5):
            text = app.screen.query_one("VerticalScroll")
            assert text.virtual_size.height <= text.size.height
            await pilot.press("right")

    drive(script, tour=True)


def test_somebody_who_has_run_lessons_already_is_not_shown_the_tour():
    Progress().finished("one-line", True, None)

    async def script(app, pilot):
        assert "1 of 5" not in screen_text(app)

    drive(script, tour=True)


@pytest.mark.parametrize("masks", [False, True])
def test_a_folder_of_images_becomes_a_network_that_runs(tmp_path, monkeypatch, masks):
    monkeypatch.chdir(tmp_path)
    make_images(tmp_path / "my pets", ["photos", "masks"] if masks else ["cats", "dogs"], count=20)

    async def script(app, pilot):
        await make(app, pilot, "My own data")
        await shows(pilot, "my pets/")
        await pilot.press("enter")
        await shows(pilot, "the images in these folders")
        await pilot.press("enter")
        await shows(pilot, "It can be run")
        await pilot.press("r")
        run = await over(app, pilot)
        scenario = run.session.variants[0].scenario
        assert scenario.data["images"] == ("my pets/photos" if masks else "my pets")
        assert scenario.task == ("segment" if masks else "classify")

    monkeypatch.setattr("lab.scenario.starters.IMAGE_STEPS", 20)
    drive(script, size=(100, 30))


def test_a_folder_is_offered_as_images_only_if_it_has_several_with_images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_images(tmp_path / "one", ["cats"])
    (tmp_path / "one" / "notes").mkdir()

    async def script(app, pilot):
        await make(app, pilot, "My own data")
        await shows(pilot, "one/")
        await pilot.press("enter")
        await shows(pilot, "notes/")
        assert "the images in these folders" not in screen_text(app)

    drive(script, size=(100, 30))
