"""A scenario in the making: layers go in and out; everything can be taken back; files are not lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import BadInput
from lab.tui.build.draft import Draft

CONTENT = {
    "title": "x", "task": "classify", "data": {"name": "blobs"},
    "model": [{"dense": 4}, "relu", {"dropout": 0.5}, {"dense": "classes"}],
    "variants": {"plain": {}, "wide": {"model.0.dense": 64}, "dry": {"model.2.dropout": 0.0, "optimizer.rate": 1}},
}  # fmt: skip


def draft():
    return Draft(CONTENT, Path("x.yaml"))


def test_what_variants_say_of_a_layer_goes_with_it():
    made = draft()
    made.insert(0, "tanh")
    assert made.content["variants"]["wide"] == {"model.1.dense": 64}
    made.move(1, 3)
    assert made.model == ["tanh", "relu", {"dropout": 0.5}, {"dense": 4}, {"dense": "classes"}]
    assert made.content["variants"]["wide"] == {"model.3.dense": 64}
    assert made.content["variants"]["dry"] == {"model.2.dropout": 0.0, "optimizer.rate": 1}
    made.remove(2)
    assert made.content["variants"]["dry"] == {"optimizer.rate": 1}
    assert made.content["variants"]["wide"] == {"model.2.dense": 64}


@given(st.lists(st.tuples(st.sampled_from(["insert", "remove", "move", "replace", "set"]), st.integers(0, 9))))
def test_everything_can_be_taken_back_and_done_again(steps):
    made, seen = draft(), [draft().content]
    for act, number in steps:
        place = number % max(1, len(made.model))
        if act == "insert":
            made.insert(place, {"dense": number + 1})
        elif act == "set":
            made.set("train.steps", number + 1)
        elif made.model:
            {"remove": made.remove, "move": lambda n: made.move(n, 0), "replace": lambda n: made.replace(n, "elu")}[
                act
            ](place)
        if made.content != seen[-1]:
            seen.append(made.content)
    for content in reversed(seen[:-1]):
        assert made.undo().startswith("Taken back: ")
        assert made.content == content
    with pytest.raises(BadInput):
        made.undo()
    for content in seen[1:]:
        made.redo()
        assert made.content == content


def test_a_file_by_hand_keeps_its_comments_until_something_is_changed(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("title: x  # a remark\ntask: classify\ndata: {csv: t.csv, target: y}\nmodel: [{dense: outputs}]\n")
    made = Draft.of_file(path)
    assert made.saved
    assert made.text == path.read_text()
    made.set("title", "y")
    assert not made.saved
    assert made.loses_comments
    made.undo()
    assert made.saved
    made.set("optimizer.rate", 0.5)
    made.save(path)
    assert made.saved
    assert Draft.of_file(path).content == made.content


def test_another_file_is_never_overwritten_and_data_are_found_from_a_new_folder(tmp_path):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "mine.yaml"
    path.write_text("title: x\ndata: {csv: t.csv, target: y}\n")
    other = tmp_path / "other.yaml"
    other.write_text("kept")
    made = Draft.of_file(path)
    with pytest.raises(BadInput, match="not overwritten"):
        made.save(other)
    assert other.read_text() == "kept"
    with pytest.raises(BadInput, match="cannot be written"):
        made.save(tmp_path / "nowhere" / "mine.yaml")
    made.save(tmp_path / "new.yaml")
    assert Draft.of_file(tmp_path / "new.yaml").content["data"]["csv"] == "a/t.csv"
