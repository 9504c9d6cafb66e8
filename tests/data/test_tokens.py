"""Columns of text as sequences of tokens, as Keras' TextVectorization makes them, from the training rows alone."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lab
from lab.data import load
from lab.data.recipe_json import recipe_from_json, recipe_to_json
from lab.data.sets.reviews import BAD, GOOD, LONGEST, TURNS
from lab.data.tables.encoding import ReadColumn
from lab.data.tables.tokens import with_tokens
from lab.data.tables.vocabulary import tokens_in
from lab.errors import BadInput, InvalidValue
from lab.tasks import check

BLOCK = {"csv": "reviews.csv", "target": "kind", "features": ["review"], "validation": 0.25}
REVIEWS = ["It isn't good", "good GOOD film!", "a film - not good", "", "??", "once only"] * 6


@pytest.fixture
def table(tmp_path):
    def write(rows=REVIEWS, name="reviews.csv"):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "review", "kind"])
            writer.writerows([n, each, "ab"[n % 2]] for n, each in enumerate(rows))
        return tmp_path

    return write


def read(folder, how, **more):
    return load(BLOCK | {"columns": {"review": how}} | more, 0, folder, "classes")


def test_what_tokens_are():
    assert tokens_in("It ISN'T good - not, at all: 24 über_all, I’d") == [
        "it", "isn't", "good", "not", "at", "all", "24", "über_all", "i'd",
    ]  # fmt: skip
    assert tokens_in("Ab, c", "character") == ["a", "b", ",", " ", "c"]
    assert tokens_in(" .. ") == []


def test_numbers_are_by_frequency_behind_padding_and_unknown(table):
    train = read(table(), {"tokens": 100}).train
    texts = train.table.columns[0].texts
    cells = [REVIEWS[place - 2] for place in train.places.tolist()]
    counts = {}
    for token in (token for cell in cells for token in tokens_in(cell)):
        counts[token] = counts.get(token, 0) + 1
    assert list(texts) == sorted(counts, key=lambda token: (-counts[token], token))
    number = {token: 2 + place for place, token in enumerate(texts)}
    assert train.inputs.shape == (27, 4)
    assert train.features == ("review 1", "review 2", "review 3", "review 4")
    for cell, row in zip(cells, train.inputs.tolist(), strict=True):
        expected = [number[each] for each in tokens_in(cell)] or [1]
        assert row == expected + [0] * (4 - len(expected))


def test_it_is_what_a_text_vectorization_layer_would_do(table):
    """Written out, since Keras is no dependency: vocabulary ['', '[UNK]', …] by frequency, zeros behind the end."""
    rows = ["the the the cat", "the cat sat", "a mat sat"] * 4
    split = read(table(rows), {"tokens": 3, "length": 3, "min_count": 1}, validation=0)
    assert split.train.table.columns[0].texts == ("the", "cat", "sat")
    assert split.train.inputs[:3].tolist() == [[2, 2, 2], [2, 3, 4], [1, 1, 4]]
    split = read(table(rows), {"tokens": 3, "length": 2, "truncating": "pre"}, validation=0)
    assert split.train.inputs[:3].tolist() == [[2, 3], [3, 4], [1, 4]]


def test_rare_tokens_are_unknown_ones(table):
    rows = ["good film", "good plot", "odd film", "good film"] * 1
    assert read(table(rows), {"tokens": 9}, validation=0).train.table.columns[0].texts == ("film", "good")
    assert len(read(table(rows), {"tokens": 9, "min_count": 1}, validation=0).train.table.columns[0].texts) == 4


def test_the_training_rows_alone_decide(table):
    rows = [f"only{n} only{n} shared words" + " long" * n for n in range(40)]
    split = read(table(rows), {"tokens": 1000})
    own = {f"only{place - 2}" for place in split.train.places.tolist()}
    assert set(split.train.table.columns[0].texts) == own | {"shared", "words", "long"}
    assert split.train.inputs.shape[1] == 4 + max(place - 2 for place in split.train.places.tolist())
    assert (split.validation.inputs[:, :2] == 1).all()


def test_another_file_is_read_alike(table):
    table(["film never seen good", ""], "later.csv")
    split = read(table(), {"tokens": 100, "length": 3}, validation=0, validation_file="later.csv")
    number = {token: 2 + place for place, token in enumerate(split.train.table.columns[0].texts)}
    assert split.validation.inputs.tolist() == [[number["film"], 1, 1], [1, 0, 0]]


def test_what_was_learned_is_kept(table):
    split = read(table(), {"tokens": 5, "split": "character", "truncating": "pre"}, standardise=True)
    content = recipe_to_json(split.recipe)
    again = recipe_from_json(content)
    assert again.table.columns == split.recipe.table.columns
    assert float(split.train.inputs.max()) == 6.0  # numbers of tokens are not scaled
    for name, value in {"split": "sentence", "truncating": "end", "tokens": -1, "length": 1.5, "words": 3}.items():
        damaged = {**content, "columns": [content["columns"][0] | {name: value}]}
        with pytest.raises(ValueError, match=r"column of it is read as no text|number of features|no recipe"):
            recipe_from_json(damaged)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(max_size=30), min_size=1, max_size=8),
    st.lists(st.text(max_size=40), min_size=1, max_size=4),
    st.integers(1, 12),
    st.integers(0, 6),
    st.integers(1, 3),
    st.sampled_from(["word", "character"]),
    st.sampled_from(["post", "pre"]),
)
def test_any_text_becomes_numbers_that_are_known(seen, new, tokens, length, min_count, split, truncating):
    """At least one token, padding nowhere but behind the end, no number beyond the table, and the text again."""
    column = ReadColumn("x", "text", None, (), tokens=tokens, length=length, min_count=min_count, split=split,
                        truncating=truncating)  # fmt: skip
    try:
        column = with_tokens(column, seen)
    except InvalidValue as error:
        assert "have no" in error.message  # noqa: PT017 - what is told is the point
        return
    assert len(set(column.texts)) == len(column.texts) <= tokens
    made = np.full((len(new), len(column.features)), np.nan)
    column.fill_texts(made, new)
    assert made.shape[1] == column.length >= 1
    assert ((made >= 0) & (made < 2 + len(column.texts)) & (made == np.floor(made))).all()
    for row, cell in zip(made.astype(int), new, strict=True):
        count = int((row > 0).sum())
        assert count >= 1
        assert not row[count:].any()
        read_back = [column.texts[each - 2] if each > 1 else None for each in row[:count]]
        tokens_there = tokens_in(cell, split)
        whole = tokens_there[-column.length :] if truncating == "pre" else tokens_there[: column.length]
        assert read_back == [each if each in column.texts else None for each in whole] or (not whole and row[0] == 1)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("tokens", "say how many different tokens are known, and how many of a text are read"),
        ("text", "`{tokens: 5000, length: 100}` reads them in their order"),
        ("{tokens: 0}", "0 is not allowed here: it must be at least 1."),
        ("{tokens: 9, words: 5}", "say one of `{embedding: 8}`, for categories, and `{words: 1000}`"),
        ("{length: 9}", "say one of `{embedding: 8}`, for categories, and `{words: 1000}`"),
        ("{words: 9, length: 5}", "`length` goes with `tokens`"),
        ("{tokens: 9, tf_idf: true}", "`tf_idf` goes with `words`"),
        ("{tokens: 9, truncating: end}", "unknown name 'end'; allowed: post, pre"),
        ("{max_tokens: 9}", "how many different tokens are known is `tokens` here"),
        ("{tokens: 9, output_sequence_length: 9}", "how many tokens of a text are read is `length` here"),
        ("{tokens: 5}, id: number", "no other column can be read (id): say `features: [review]`"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(table, block, told):
    path = table() / "reviews.yaml"
    path.write_text(
        f"title: R\ntask: classify\ndata: {{csv: reviews.csv, target: kind, columns: {{review: {block}}}}}\n"
        "model: [{embedding: 3}, {gru: 4, return: last}, {dense: classes}]\nwatch: [loss]\n"
    )
    with pytest.raises(BadInput) as caught:
        check(lab.load(path))
    assert "reviews.yaml:3:" in str(caught.value)
    assert told in str(caught.value)


def test_a_sequence_of_rows_is_another_one(table):
    with pytest.raises(InvalidValue, match="its tokens are a sequence, and rows cannot be another one"):
        read(table(), {"tokens": 5}, sequence_length=3)


def test_reviews_mean_what_the_word_behind_not_does_not():
    split = load({"name": "reviews", "points": 400, "validation": 0.25}, 3)
    again = load({"name": "reviews", "points": 400, "validation": 0.25}, 3)
    assert np.array_equal(split.train.inputs, again.train.inputs)
    turned = 0
    for part in (split.train, split.validation):
        assert part.inputs.shape == (part.count, LONGEST)
        assert 0.4 < part.targets.mean() < 0.6
        for (text,), target in zip(part.texts, part.targets, strict=True):
            said = [each.split() for each in text.split(" and ")]
            means = [(words[-1] in GOOD) != (words[-2] in TURNS) for words in said]
            assert means == [bool(target)] * 2
            assert {words[-1] for words in said} <= {*GOOD, *BAD}
            turned += any(words[-2] in TURNS for words in said)
    assert 0.4 < turned / 400 < 0.6


def test_turned_reviews_for_and_against_are_the_same_bags():
    """With one word of each kind in every review, none of the counts goes with the target."""
    whole = load({"name": "reviews", "points": 6000, "turned": 1, "reading": "words"}, 0).train
    assert set(whole.inputs.sum(axis=1)) == {10.0}
    gaps = whole.inputs[whole.targets == 1].mean(axis=0) - whole.inputs[whole.targets == 0].mean(axis=0)
    assert np.abs(gaps).max() < 0.04
    plain = load({"name": "reviews", "points": 6000, "turned": 0, "reading": "words"}, 0).train
    gaps = plain.inputs[plain.targets == 1].mean(axis=0) - plain.inputs[plain.targets == 0].mean(axis=0)
    assert np.abs(gaps).max() > 0.15


def test_texts_without_a_token_that_comes_again(table):
    with pytest.raises(InvalidValue, match="have no word that is there 2 times: say `min_count: 1`"):
        read(table([f"w{n} v{n}" for n in range(8)]), {"tokens": 10})
