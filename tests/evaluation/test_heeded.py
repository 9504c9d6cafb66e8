"""The words that matter to an answer are those without which the network gives another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cli import run
from lab.data import load as load_data
from lab.errors import BadInput
from tests.exports.test_onnx import drawn
from tests.exports.test_sequences import MODELS, block, reviews  # noqa: F401 - a fixture


def test_each_word_is_left_out(reviews: Path) -> None:  # noqa: F811
    model = drawn(MODELS["gru"], load_data(block(reviews), 0), loss="softmax").model
    texts = ["not good but bad", "good", "", "the film was not good at all but bad", "not not good"]
    path = reviews / "new.csv"
    path.write_text("kind,review\n" + "".join(f'a,"{each}"\n' for each in texts))
    made = model.of_file(str(path), words=2)
    assert made.columns[-1] == "words"
    assert next(iter(made.records()))[-1] == made.words[0]
    for text, numbers, told in zip(texts, made.numbers, made.words, strict=True):
        words = text.split()[:7]  # the length of this column
        answered = int(numbers.argmax())
        falls = []
        for place in range(len(words)):
            rest = " ".join(words[:place] + words[place + 1 :])
            falls.append((words[place], numbers[answered] - model.predict({"review": [rest]}).numbers[0, answered]))
        falls.sort(key=lambda each: -abs(each[1]))
        assert told == ", ".join(f"{word} {fall:+.2g}" for word, fall in falls[:2])
    assert model.of_file(str(path)).words is None


def test_what_reads_no_tokens_has_no_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = drawn("[{dense: classes}]", load_data({"name": "wine", "validation": 0.2}, 0), loss="softmax").model
    with pytest.raises(BadInput, match="reads no text as tokens: there are no words that could be left out"):
        model.of_file("any.csv", words=3)
    assert run(["predict", "none", "any.csv", "--words", "-1"]) == 2
