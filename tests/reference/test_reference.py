"""The reference: everything is explained, its examples run, its pages are up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lab
from lab.cli import run
from lab.data.sets.published_images import MUST_BE_FETCHED
from lab.errors import BadInput
from lab.nets.layer import LAYERS, Layer
from lab.reference import contents, look_up, scenarios, terms, topic
from lab.reference.examples import loaded
from lab.reference.lessons import lessons_with
from lab.reference.pages import anchor, pages
from lab.reference.text import lines
from lab.reference.topic import Example, Topic
from lab.scenario import load
from lab.scenario.listing import slugs
from lab.scenario.starters import starter, starters
from lab.tasks import check
from lab.tasks.task import load_tasks

PAGES = Path(__file__).parent.parent.parent / "docs" / "reference"
WITH_FORMULA = {"layer", "activation", "loss", "optimizer", "schedule", "initialiser"}
EVERYTHING = [(kind, name) for kind, names in contents().items() for name in names]


def missing(told: Topic) -> list[str]:
    """What the explanation of something lacks."""
    found = [] if told.paragraphs and len(told.paragraphs[0].split()) >= 2 else ["a sentence"]
    found += [] if told.formula or told.kind not in WITH_FORMULA else ["a formula"]
    found += [] if told.example else ["an example"]
    found += [] if told.unit or told.kind != "metric" else ["a unit"]
    return found + [f"what {each.name} means" for each in told.settings if not each.meaning and told.kind != "event"]


def test_a_layer_that_says_nothing_of_itself_would_be_found():
    from lab.reference import networks

    class Silent(Layer, name="silent"):
        def build(self, x, builder):
            return x

    try:
        assert {"a sentence", "a formula"} <= set(missing(networks.layer("silent")))
    finally:
        del LAYERS["silent"]


def test_everything_is_explained_and_the_pages_are_up_to_date():
    """Both need every topic, which takes long to make and is made once for both."""
    assert {(kind, name): lacks for kind, name in EVERYTHING if (lacks := missing(topic(kind, name)))} == {}
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert written == pages(), "write them anew: lab explain --pages docs/reference"


@pytest.mark.parametrize("name", MUST_BE_FETCHED)
def test_a_page_is_the_same_where_a_set_was_fetched(name, monkeypatch):
    monkeypatch.setattr("lab.reference.examples.with_data", lambda name: Example("as if it were there"))
    assert scenarios.data(name).example.text == f"lab data get {name}"
    assert scenarios.data("spiral").example.text == "as if it were there"


def test_links_between_pages_lead_somewhere():
    written = pages()
    places = {name: set(map(anchor, re.findall(r"^## (.+)$", text, re.MULTILINE))) for name, text in written.items()}
    for name, text in written.items():
        for file, place in re.findall(r"\]\(([\w.-]*)#([\w-]+)\)", text):
            assert place in places[file or name], place


@pytest.mark.parametrize("kind", ["layer", "metric", "key", "event"])
def test_sentences_fit_into_eighty_columns(kind):
    for name in contents()[kind]:
        told = topic(kind, name)
        kept = {f"  {each}".rstrip() for each in (told.example.text.splitlines() if told.example else [])}
        kernel = False
        for line in lines(told, 80):
            kernel = line.startswith("Kernel ") or (kernel and line[:1] in ("", " "))
            assert kernel or len(line) <= 80 or line in kept or line.strip() == told.use, line


@pytest.mark.parametrize("kind", ["layer", "activation", "loss", "optimizer", "schedule", "initialiser", "data set"])
def test_examples_run(kind):
    """Two steps of each whole example; the replicas of a kind share their kernels."""
    for name in contents()[kind]:
        example = topic(kind, name).example
        if example is not None and example.whole:
            result = lab.run(loaded(example), steps=2)
            assert {each.state for each in result.outcomes} == {"finished"}, name


def test_examples_that_are_commands_name_what_there_is():
    for kind, name in EVERYTHING:
        example = topic(kind, name).example
        if example is not None and (found := re.match(r"lab run ([\w-]+)$", example.text)):
            assert found[1] in slugs(), (kind, name)


@pytest.mark.parametrize("task", sorted(load_tasks()))
def test_there_is_a_first_file_for_every_task(task, tmp_path):
    assert task in starters()
    path = tmp_path / "mine.yaml"
    path.write_text(starter(task, path.name), encoding="utf-8")
    mine = load(path)
    check(mine)
    assert mine.scenario.task == task
    assert mine.scenario.claims
    assert {each.state for each in lab.run(mine, steps=2).outcomes} == {"finished"}


def test_the_lessons_that_use_something_are_those_that_name_it():
    text = {slug: path.read_text(encoding="utf-8") for slug, path in slugs().items()}
    assert all("adagrad" in text[slug] for slug in lessons_with("optimizer", "adagrad"))
    assert "dead-relu" in lessons_with("metric", "dead_relu")
    assert "squeezenet" in lessons_with("layer", "max_pool")


def test_a_name_that_means_two_things_is_answered_with_both():
    assert {(each.kind, each.name) for each in look_up("constant").topics} == {
        ("initialiser", "constant"), ("schedule", "constant"),
    }  # fmt: skip
    assert {each.kind for each in look_up("rate").topics} == {"metric", "key"}
    assert [each.kind for each in look_up("constant", "schedule").topics] == ["schedule"]


def test_names_are_found_however_they_are_spelled():
    assert look_up("ReLU").topics[0].name == "relu"
    assert look_up("batch-norm").topics[0].name == "batch_norm"
    assert look_up("patience").topics[0].name == "train.stop.patience"
    assert ("optimizer", "adam") in look_up("beta_1").owners


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("learning rate", "learning rate"),
        ("learning_rate", "learning rate"),
        ("LR", "learning rate"),
        ("epoch", "epoch"),
        ("momentum", "momentum"),
        ("hessian", "curvature"),
        ("kernel", "kernel of a convolution"),
        ("κ", "condition number"),
        ("saddle", "saddle point"),
        ("weight decay", "regularisation"),
        ("gradient", "gradient"),
        ("verdict", "claim of a lesson"),
    ],
)
def test_a_word_of_the_field_is_explained_before_what_has_a_setting_of_that_name(name, word):
    assert (look_up(name).topics[0].kind, look_up(name).topics[0].name) == ("term", word)


def test_no_word_is_told_twice():
    names = [*terms.terms(), *terms.other_names()]
    plain = [each.casefold().replace("-", " ").replace("_", " ") for each in names]
    assert len(set(names)) == len(names)
    assert {each for each in plain if plain.count(each) > 2} == set()


def test_a_lesson_is_said_to_be_one(capsys):
    assert look_up("resnet").lesson == "resnet"
    assert run(["explain", "resnet"]) == 0
    assert "resnet is a lesson: `lab show resnet`" in capsys.readouterr().out


def test_a_word_that_is_like_no_other_is_not_answered_with_a_guess():
    with pytest.raises(BadInput, match=r"Nothing is called 'saddles of horses'\. `lab explain` lists"):
        look_up("saddles of horses")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("adma", "did you mean adam"), ("Conv2d", "conv"), ("cross_entropy", "softmax"), ("qqq", "lists")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, hint):
    with pytest.raises(BadInput, match=hint):
        look_up(name)


def test_the_command(capsys):
    assert run(["explain"]) == 0
    assert "dead_relu" in capsys.readouterr().out
    assert run(["explain", "adam"]) == 0
    told = capsys.readouterr().out
    assert "Kingma and Ba" in told
    assert "default 0.999" in told
    assert "def adam(" in told
    assert run(["explain", "layers"]) == 0
    assert "batch_norm" in capsys.readouterr().out
    assert run(["explain", "metric", "loss"]) == 0
    assert capsys.readouterr().out.startswith("loss: a metric")
    assert run(["explain", "adma"]) == 2
    assert "did you mean adam" in capsys.readouterr().err


def test_the_example_alone_can_be_written_to_a_file(capsys, tmp_path):
    assert run(["explain", "conv", "--example"]) == 0
    path = tmp_path / "mine.yaml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert run(["check", str(path)]) == 0


def test_pages_are_written_by_the_command(tmp_path, capsys):
    assert run(["explain", "--pages", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "layers.md").read_text(encoding="utf-8") == pages()["layers.md"]


def test_a_value_of_a_setting_is_found_and_words_of_others_in_their_block(capsys) -> None:
    assert run(["explain", "q-learning"]) == 0
    assert "q-learning is a value of `method` of gridworld (task)." in " ".join(capsys.readouterr().out.split())
    assert run(["explain", "early_stop"]) == 2
    assert "this is `stop` here" in capsys.readouterr().err
    assert run(["explain", "max_iter"]) == 2
    assert "`steps` or `epochs` here" in capsys.readouterr().err
    assert run(["explain", "early stopping"]) == 0
    assert "`train: {stop: {when: val_loss, patience: 10}}`" in " ".join(capsys.readouterr().out.split())
    assert run(["explain", "epoch"]) == 0
    assert "`train: {epochs: 20}`" in capsys.readouterr().out
