"""Columns of text whose words are counted, as scikit-learn counts them, from the training rows alone."""

import csv
import random

import numpy as np
import pytest

import lab
from lab.cli import run
from lab.data import load
from lab.data.recipe_json import recipe_from_json, recipe_to_json
from lab.data.tables.vocabulary import words_in
from lab.errors import BadInput, InvalidValue
from lab.tasks import check

WORDS = "the food was très bon and über_all slow I'd a x 24 times don't Köstlich FRESH fresh again"
ONE_OF = "say one of `{embedding: 8}`, for categories, and `{words: 1000}` or `{tokens: 5000, length: 100}`, for texts."
BLOCK = {"csv": "reviews.csv", "target": "kind", "validation": 0.25, "standardise": True}


def texts(count=80, seed=3):
    draw = random.Random(seed)
    ends = [".", "!", " - ok"]
    return [" ".join(draw.choices(WORDS.split(), k=draw.randint(0, 9))) + draw.choice(ends) for _ in range(count)]


@pytest.fixture
def table(tmp_path):
    rows = [{"age": n % 50, "review": each, "kind": "ab"["fresh" in each.lower()]} for n, each in enumerate(texts())]
    write(tmp_path / "reviews.csv", rows)
    return tmp_path


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def read(folder, how, **more):
    return load(BLOCK | {"columns": {"review": how}} | more, 0, folder, "classes")


def cells(folder, part):
    with (folder / "reviews.csv").open(encoding="utf-8", newline="") as file:
        lines = {number: row["review"] for number, row in enumerate(csv.DictReader(file), start=2)}
    return [lines[place] for place in part.places.tolist()]


@pytest.mark.parametrize("tf_idf", [False, True])
def test_words_are_those_of_scikit_learn(table, tf_idf):
    library = pytest.importorskip("sklearn.feature_extraction.text")
    split = read(table, {"words": 1000, "tf_idf": tf_idf})
    counter = library.TfidfVectorizer() if tf_idf else library.CountVectorizer()
    expected = counter.fit_transform(cells(table, split.train)).toarray()
    names = counter.get_feature_names_out().tolist()
    assert split.train.features == ("age", *(f"review={name}" for name in names))
    np.testing.assert_allclose(split.train.inputs[:, 1:], expected, rtol=1e-6)
    held = counter.transform(cells(table, split.validation)).toarray()
    np.testing.assert_allclose(split.validation.inputs[:, 1:], held, rtol=1e-6)
    assert abs(split.train.inputs[:, 0].mean()) < 1e-6  # which is scaled all the same


def test_the_most_frequent_words_are_kept(table):
    library = pytest.importorskip("sklearn.feature_extraction.text")
    split = read(table, {"words": 4})
    counter = library.CountVectorizer(max_features=4).fit(cells(table, split.train))
    assert [
        each.removeprefix("review=") for each in split.train.features[1:]
    ] == counter.get_feature_names_out().tolist()


def test_the_words_are_those_of_the_training_rows_alone(table):
    rows = [{"age": n, "review": f"only{n} shared", "kind": "ab"[n % 2]} for n in range(40)]
    write(table / "reviews.csv", rows)
    split = read(table, {"words": 1000})
    own = {f"review=only{place - 2}" for place in split.train.places.tolist()}
    assert set(split.train.features[1:]) == own | {"review=shared"}
    assert split.validation.inputs[:, 1:].sum(axis=1).tolist() == [1.0] * split.validation.count


def test_another_file_is_counted_alike(table):
    write(
        table / "later.csv",
        [{"age": 3, "review": "fresh fresh unknown", "kind": "b"}, {"age": 4, "review": "", "kind": "a"}],
    )
    split = read(table, {"words": 50}, validation=0, validation_file="later.csv")
    row = dict(zip(split.train.features, split.validation.inputs[0].tolist(), strict=True))
    assert row["review=fresh"] == 2
    assert sum(split.validation.inputs[0, 1:]) == 2
    assert not split.validation.inputs[1, 1:].any()


def test_what_was_learned_of_words_is_kept(table):
    for tf_idf in (False, True):
        split = read(table, {"words": 6, "tf_idf": tf_idf})
        again = recipe_from_json(recipe_to_json(split.recipe))
        assert again.table.columns == split.recipe.table.columns
        assert again.table.columns[1].words == 6
    damaged = recipe_to_json(split.recipe)
    damaged["columns"][1]["rarity"] = [1.0]
    with pytest.raises(ValueError, match="the words of a column do not all have a weight"):
        recipe_from_json(damaged)


def test_a_run_learns_from_texts_and_answers_new_ones(table, capsys):
    path = table / "reviews.yaml"
    path.write_text(
        "title: Reviews\ntask: classify\n"
        "data: {csv: reviews.csv, target: kind, features: [review], columns: {review: {words: 100, tf_idf: true}}, "
        "validation: 0.25}\n"
        "model: [{dense: classes}]\noptimizer: {name: adam, rate: 0.1}\ntrain: {batch: 20, epochs: 40}\n"
        "watch: [loss, val_accuracy]\nclaims: [{says: It learns., that: last(base.val_accuracy) > 0.9}]\n"
    )
    assert run(["run", str(path), "--plain"]) == 0
    out = capsys.readouterr().out
    assert "80 rows, 0 features and the words of review, 2 classes" in out
    assert "Words of review have a feature each, at most 100 of the training rows, rare ones counting for more." in out
    write(table / "new.csv", [{"review": "so FRESH, again"}, {"review": "the food was slow"}, {"review": "zzz"}])
    assert run(["predict", "reviews-1", str(table / "new.csv"), "--out", str(table / "o.csv")]) == 0
    assert "1 row has no word in review that was counted in training." in capsys.readouterr().err
    made = [row["prediction"] for row in csv.DictReader((table / "o.csv").open())]
    assert made[:2] == ["b", "a"]
    assert run(["evaluate", "reviews-1"]) == 0
    assert run(["export", "reviews-1", "--format", "safetensors", "--out", str(table / "net.safetensors")]) == 0
    assert run(["predict", str(table / "net.safetensors"), str(table / "new.csv"), "--out", str(table / "p.csv")]) == 0
    assert (table / "p.csv").read_text() == (table / "o.csv").read_text()
    result = lab.run(str(path))
    made = result.predict({"review": ["so FRESH, again", "the food was slow"]})
    assert list(made.answers) == ["b", "a"]


def test_looking_at_a_file_says_how_its_text_is_read(table, capsys):
    assert run(["data", "show", str(table / "reviews.csv")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "different texts; `columns: {review: {words: 1000}}` counts their words)" in told
    rows = [{"review": f"the food number {n}", "kind": "ab"[n % 2]} for n in range(50)]
    write(table / "reviews.csv", rows)
    with pytest.raises(InvalidValue, match=r"no column is left to predict from; left out: review \(50 different"):
        load(BLOCK, 0, table)
    assert run(["data", "show", str(table / "reviews.csv"), "--yaml"]) == 0
    path = table / "made.yaml"
    path.write_text(capsys.readouterr().out)
    check(lab.load(path))
    assert "words: 1000" in path.read_text()


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("words", "say how many words have a feature, the most frequent ones, such as `{words: 1000}`"),
        ("text", "say how many words have a feature, the most frequent ones, such as `{words: 1000}`"),
        ("tf-idf", "such as `{words: 1000, tf_idf: true}`"),
        ("{words: 0}", "0 is not allowed here: it must be at least 1."),
        ("{words: 5, embedding: 2}", ONE_OF),
        ("{tf_idf: true}", ONE_OF),
        ("{embedding: 5, tf_idf: true}", "`tf_idf` goes with `words`"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(table, how, told):
    path = table / "reviews.yaml"
    path.write_text(
        f"title: R\ntask: classify\ndata: {{csv: reviews.csv, target: kind, columns: {{review: {how}}}}}\n"
        "model: [{dense: classes}]\nwatch: [loss]\n"
    )
    with pytest.raises(BadInput) as caught:
        check(lab.load(path))
    assert "reviews.yaml:3:" in str(caught.value)
    assert "data.columns.review" in str(caught.value)
    assert told in str(caught.value)


def test_texts_without_words_are_told(table):
    write(table / "reviews.csv", [{"age": n, "review": "! ?" * (1 + n % 3), "kind": "ab"[n % 2]} for n in range(20)])
    with pytest.raises(InvalidValue, match="there is no word of two letters or more in the training rows"):
        read(table, {"words": 10})


def test_what_words_are():
    assert words_in("Très bon - I'd come again, über_all 24!") == ["très", "bon", "come", "again", "über_all", "24"]
