"""Captions and answers: the data sets, what counts as right, attention, its draws, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data import load
from lab.data.sets.shape_captions import WORDS
from lab.errors import InvalidValue
from lab.tasks.sequences.caption import cells_of, sentence
from lab.tasks.task import load_tasks
from tests.tasks.test_training import experiment

SMALL = {"init": None, "options": {}, "optimizer": {"name": "adam", "rate": 0.01}, "data": None}
CONV = [{"conv": 4, "kernel_size": 3, "stride": 4}, "relu"]
DATA = {"name": "shape-captions", "points": 24, "size": 16, "shapes": 2, "kinds": 2, "colours": 2, "validation": 0.25}
WATCH = ["loss", "accuracy", "val_accuracy", "forced_words", "free_words", "on_shape", "by_chance", "gradient_noise"]


def captioning(attention="none", steps=2, watch=WATCH, data=DATA, options=None, **writer):
    model = [*CONV, {"writer": {"units": 6, "attention": attention, "embedding": 3, **writer}}]
    train = {"batch": 8, "steps": steps, "measure": 1}
    return experiment(
        task="caption", **SMALL | {"data": data, "options": options or {}}, model=model, train=train, watch=watch
    )


def test_captions_and_the_boxes_of_what_they_name():
    train = load({**DATA, "validation": 0}, 3).train
    pixels = train.numbers
    for image, words, boxes in zip(pixels, train.targets, train.evidence, strict=True):
        text = sentence(words, WORDS).split()
        assert text[0] == "a"
        for word, (top, left, bottom, right) in zip(text, boxes, strict=False):
            assert (bottom > top) == (word not in ("a", "above", "left", "of"))
            if word == "red":
                inside = image[top:bottom, left:right].mean(axis=(0, 1))
                assert inside[0] > inside[1] + 0.05
    assert not train.evidence[train.targets == 0].any()


def test_cells_that_a_box_touches():
    cells = cells_of(np.array([[[3, 0, 5, 4], [0, 0, 0, 0]]]), (16, 16), 16).reshape(2, 4, 4)
    np.testing.assert_array_equal(np.argwhere(cells[0]), [[0, 0], [1, 0]])
    assert not cells[1].any()


def test_questions_have_answers():
    train = load({"name": "shape-questions", "points": 60, "size": 16}, 1).train
    texts = [sentence(words, train.vocabulary) for words in train.asked]
    answers = [train.classes[each] for each in train.targets]
    for text, answer in zip(texts, answers, strict=True):
        if text.startswith("what colour"):
            assert answer in ("red", "green", "blue", "yellow", "purple", "white")
        if text.startswith("is "):
            assert answer in ("yes", "no")
    part = train.rows(np.array([5, 2]))
    np.testing.assert_array_equal(part.asked, train.asked[[5, 2]])


@pytest.mark.parametrize("attention", ["none", "soft", "hard"])
def test_captions_are_learned_by_heart(attention):
    data = {**DATA, "points": 8, "validation": 0, "shapes": 1, "noise": 0}
    net = captioning(attention, 200, ["loss", "accuracy"], data)
    before = net.measure()["loss"]
    net.advance(200)
    after = net.measure()
    assert after["loss"] < before / 4
    assert [each.name for each in net.pictures()] == (["attention"] if attention != "none" else []) + [
        "images",
        "captions",
    ]
    if attention == "soft":
        weights = net.seen()["weights"]
        np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-5)


def test_what_is_measured_of_held_out_images():
    net = captioning("soft", score="additive")
    values = net.measure()
    assert set(values) == set(WATCH)
    assert values["free_words"] <= 1
    assert 0 < values["by_chance"] < 1
    assert values["gradient_noise"] == 0


def test_a_baseline_makes_the_gradient_less_noisy():
    """With the same first weights, on the same batch."""
    noise = [captioning("hard", options={"baseline": which}).measure()["gradient_noise"] for which in ("mean", "none")]
    assert 0 < 2 * noise[0] < noise[1]


def test_the_same_seed_draws_the_same_places():
    nets = [captioning("hard") for _ in range(2)]
    for net in nets:
        net.advance(2)
    for name, value in nets[0].weights().items():
        np.testing.assert_array_equal(value, nets[1].weights()[name])


def test_questions_are_learned_by_heart_with_image_and_question():
    data = {"name": "shape-questions", "points": 12, "size": 16, "noise": 0}
    model = [*CONV, {"question": 8}, {"dense": "classes"}]
    train = {"batch": "all", "steps": 150, "measure": 10}
    net = experiment(task="answer", **SMALL | {"data": data}, model=model, train=train, watch=["accuracy"])
    net.advance(150)
    assert net.measure()["accuracy"] > 0.9
    assert [each.name for each in net.pictures()] == ["images", "answers"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"name": "spiral"}}, "needs images with words"),
        ({"data": {"name": "shapes"}}, "needs images with words"),
        ({"model": [*CONV, {"dense": "classes"}]}, "must end in a writer"),
    ],
)
def test_what_cannot_be_captioned_is_refused(changes, message):
    scenario = {"model": [*CONV, {"writer": 4}], "data": DATA, "train": {"batch": 4, "steps": 1}, "watch": ["loss"]}
    with pytest.raises(InvalidValue, match=message):
        experiment(task="caption", **{**SMALL, **scenario, **changes})


@pytest.mark.parametrize(
    ("layer", "message"), [("question", "in the task answer"), ("writer", "in the tasks caption and translate")]
)
def test_layers_of_words_need_their_tasks(layer, message):
    data = {"name": "shapes", "points": 20, "size": 16}
    with pytest.raises(InvalidValue, match=message):
        experiment(**{**SMALL, "data": data}, model=[*CONV, {layer: 4}], train={"batch": 4, "steps": 1}, watch=["loss"])


def test_what_cannot_be_answered_is_refused():
    scenario = {"model": [*CONV, {"dense": "classes"}], "train": {"batch": 4, "steps": 1}, "watch": ["loss"]}
    with pytest.raises(InvalidValue, match="needs images with words"):
        experiment(task="answer", **{**SMALL, **scenario, "data": DATA})


def test_pictures_of_captions_show_what_was_written_and_where_it_looked(monkeypatch):
    net = captioning("soft")
    right = net.shown.targets
    written = right.copy()
    written[1, 1] = WORDS.index("small") if WORDS[right[1, 1]] != "small" else WORDS.index("large")
    weights = np.zeros((len(right), right.shape[1], 16))
    weights[:, :, 0] = 1.0
    weights[0, 1] = np.eye(16)[6]  # before its second word it looks at the second row, third column
    monkeypatch.setattr(net, "seen", lambda: {"words": written.ravel(), "weights": weights})
    attention, images, captions = net.pictures()
    first = net.shown_images()[0]
    np.testing.assert_allclose(attention.images[0], first)
    lit = np.zeros((16, 16), bool)
    lit[4:8, 8:12] = True
    np.testing.assert_allclose(attention.images[2][lit], first[lit], rtol=1e-6)
    assert (attention.images[2][~lit] <= 0.3 * first[~lit] + 1e-6).all()
    assert list(attention.captions) == ["image", *sentence(written[0], WORDS).split()]
    assert [row[2] == "right" for row in captions.rows] == [number != 1 for number in range(len(right))]
    assert captions.rows[1][1:] == (sentence(written[1], WORDS), sentence(right[1], WORDS))
    assert images.captions[0] == "1 right"
    assert images.captions[1] == "2 wrong"
    np.testing.assert_array_equal(images.images, net.shown_images())


def test_where_it_looks_is_drawn_whatever_the_size_of_the_map():
    train = {"batch": 4, "steps": 1, "measure": 1}
    model = [{"conv": 4, "kernel_size": 3}, {"writer": {"units": 4, "attention": "soft"}}]  # 14 by 14 of 16 by 16
    net = experiment(task="caption", **SMALL | {"data": DATA}, model=model, train=train, watch=["loss"])
    assert net.pictures()[0].images.shape[1:] == (16, 16, 3)


def test_scores_of_single_answers_are_not_for_sentences():
    metrics = load_tasks()["caption"].metrics
    assert not {"f1", "val_log_loss", "roc_auc"} & set(metrics)
    assert {"loss", "accuracy", "val_accuracy"} <= set(metrics)


def test_pictures_of_answers_show_what_was_asked_answered_and_right(monkeypatch):
    model = [*CONV, {"question": 8}, {"dense": "classes"}]
    data = {"name": "shape-questions", "points": 12, "size": 16}
    train = {"batch": 4, "steps": 1, "measure": 1}
    net = experiment(task="answer", **SMALL | {"data": data}, model=model, train=train, watch=["accuracy"])
    given = np.roll(net.shown.targets, 1)
    monkeypatch.setattr(net, "seen", lambda: {"answers": given.astype(float)})
    images, answers = net.pictures()
    names, vocabulary = net.split.train.classes, net.split.train.vocabulary
    for number, row in enumerate(answers.rows):
        asked = f"{sentence(net.shown.asked[number], vocabulary)}?"
        assert row == (str(number + 1), names[given[number]], names[net.shown.targets[number]], asked)
        assert images.captions[number] == f"{number + 1} {names[given[number]]}"
