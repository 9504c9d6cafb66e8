"""Recipes: trainings that take minutes, beside the lessons; each is complete, and can be built or starts."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data.images import published
from lab.errors import BadInput
from lab.scenario import library, load
from lab.scenario.listing import chapters, locate, recipes, slugs
from lab.session import Session
from lab.tasks import check
from tests.data.test_image_sets import idx

OF_IMAGES = ("recipes/fashion-mnist", "recipes/mnist")
OF_SEQUENCES = ("recipes/plays", "recipes/adding")


def test_recipes_are_no_lessons_but_are_found_by_their_names():
    assert "recipes" not in chapters()
    assert not {path.parent.name for path in slugs().values()} & {"recipes"}
    names = {entry.slug for entry in recipes()}
    assert names >= {*OF_IMAGES, *OF_SEQUENCES}
    assert library("recipes") == recipes()
    assert load(locate("recipes/mnist")).scenario.title == "MNIST, LeNet-5"
    with pytest.raises(BadInput, match="did you mean recipes/mnist"):
        locate("recipes/minst")


@pytest.mark.parametrize("name", OF_SEQUENCES)
def test_a_recipe_of_sequences_needs_nothing_and_can_be_built(name):
    assert f"lab run {name}" in load(locate(name)).path.read_text()
    check(load(locate(name)))


@pytest.mark.parametrize("name", OF_IMAGES)
def test_a_recipe_of_images_says_where_the_data_are_and_runs(name, tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    loaded = load(locate(name))
    which = name.partition("/")[2]
    assert f"lab data get {which}" in loaded.path.read_text()
    rng = np.random.default_rng(0)
    folder = tmp_path / "data" / which
    folder.mkdir(parents=True)
    for file in published.PUBLISHED[which].files:
        count = 400 if "train" in file else 100
        images, labels = rng.integers(0, 256, (count, 28, 28), np.uint8), np.arange(count).astype(np.uint8) % 10
        (folder / file).write_bytes(idx(images if "images" in file else labels))
    session = Session(loaded, steps=2, pictures=False)
    session.start()
    assert session.wait(120)
    assert [outcome.state for outcome in session.ended.outcomes] == ["finished"]
