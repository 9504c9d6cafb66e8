"""Built-in scenarios: found by slug, listed quickly, chapter by chapter."""

import os
import subprocess
import sys

import pytest
import yaml

from lab.errors import BadInput
from lab.scenario import find, library, listing, load
from lab.scenario.document import safe_loader

from .texts import GOOD


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, title in [("losses/hinge", "Hinge"), ("activations/relu", "ReLU"), ("activations/elu", "ELU")]:
        path = tmp_path / "scenarios" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GOOD.replace("Dead ReLUs", title))
    (tmp_path / "scenarios" / "zoology").mkdir()
    monkeypatch.setattr(listing, "builtin_folder", lambda: tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "scenarios"


def test_chapters_come_in_the_order_of_the_curriculum(folder):
    assert [entry.slug for entry in library()] == ["hinge", "elu", "relu"]
    assert listing.chapters() == ["losses", "activations", "zoology"]


def test_lessons_come_in_the_order_that_is_written_down_and_others_after_them(folder):
    (folder / "order.txt").write_text("relu\n\nhinge\n")
    assert [entry.slug for entry in library("activations")] == ["relu", "elu"]


def test_every_built_in_lesson_has_its_place_in_the_order():
    written = (listing.builtin_folder() / listing.ORDER).read_text().split()
    assert written == list(listing.slugs())


def test_an_entry_says_what_it_is_about(folder):
    entry = library("losses")[0]
    assert (entry.slug, entry.chapter, entry.title) == ("hinge", "losses", "Hinge")
    assert entry.idea == "A far too high learning rate kills ReLUs."
    assert entry.path == folder / "losses" / "hinge.yaml"


def test_an_unknown_chapter_is_named_with_the_nearest(folder):
    with pytest.raises(BadInput, match=r"no chapter 'loses': did you mean losses\?"):
        library("loses")


def test_a_slug_is_found_and_a_typo_is_named_with_the_nearest(folder):
    assert find("relu") == folder / "activations" / "relu.yaml"
    for search in (find, load):
        with pytest.raises(BadInput, match=r"There is no scenario 'rely': did you mean relu\? `lab list` shows all\."):
            search("rely")
        with pytest.raises(BadInput, match=r"There is no scenario 'xyz': `lab list` shows all\."):
            search("xyz")


def test_a_slug_comes_before_a_folder_of_that_name_and_a_path_is_taken_as_a_path(folder):
    (folder.parent / "relu").mkdir()
    (folder.parent / "other").write_text(GOOD)
    assert load("relu").slug == "relu"
    assert load("other").path.name == "other"
    with pytest.raises(BadInput, match="no such file"):
        load("relu.yaml")
    with pytest.raises(BadInput, match="directory"):
        load("./relu")
    with pytest.raises(BadInput, match="is empty"):
        load("")


def test_a_broken_file_does_not_spoil_the_listing(folder):
    (folder / "losses" / "bad.yaml").write_text("title: Bad\nidea: [\n")
    assert [(entry.slug, entry.title) for entry in library("losses")] == [("bad", "Bad"), ("hinge", "Hinge")]


def test_without_any_scenarios_the_listing_is_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "builtin_folder", lambda: tmp_path / "none")
    assert library() == []


def test_only_the_head_of_a_file_is_read(monkeypatch):
    read = []

    def watched(text):
        loader = safe_loader(text)
        get_event = loader.get_event
        loader.get_event = lambda: read.append(get_event()) or read[-1]
        return loader

    monkeypatch.setattr(listing, "safe_loader", watched)
    lesson = "lesson: |\n" + "  Many words about it, over and over again.\n" * 20_000
    text = "title: T\nidea: >-\n  One\n  idea.\nchapter: c\n" + lesson
    assert listing.read_head(text, ("title", "idea", "chapter")) == {"title": "T", "idea": "One idea.", "chapter": "c"}
    assert [each.value for each in read if isinstance(each, yaml.ScalarEvent)][-2:] == ["chapter", "c"]


def test_listing_imports_neither_pydantic_nor_numpy():
    code = "import sys, lab.scenario; lab.scenario.library(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "numpy", "numba", "lab.scenario.model"} & set(loaded)


def test_every_built_in_slug_is_unique():
    names = [path.stem for path in listing.builtin_folder().glob("*/*.yaml")]
    assert len(names) == len(set(names))
    assert all(os.path.basename(path.parent) in listing.CHAPTERS for path in listing.slugs().values())
