"""Texts: characters, their numbers, what is held back, and files that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data import load, texts
from lab.data.vocabularies import UNKNOWN, Vocabulary, words_of
from lab.errors import InvalidValue


def written(folder, content: bytes) -> dict[str, str]:
    (folder / "some.txt").write_bytes(content)
    return {"text": "some.txt"}


def test_each_character_is_followed_by_the_next_one(tmp_path):
    split = load({**written(tmp_path, "früh bis früh".encode()), "held_back": 0}, 0, tmp_path)
    train = split.train
    assert Vocabulary(train.classes).spell(train.inputs[:, 0]) == "früh bis frü"
    assert Vocabulary(train.classes).spell(train.targets) == "rüh bis früh"
    assert train.classes == tuple(sorted(set("früh bis")))
    assert split.validation is None


def test_the_end_is_held_back_in_one_piece():
    split = load({"name": "plays", "characters": 5000}, 0)
    whole = load({"name": "plays", "characters": 5000, "held_back": 0}, 0).train
    assert split.validation.count == 499
    np.testing.assert_array_equal(whole.inputs[4500:], split.validation.inputs)


def test_the_plays_are_whole():
    split = load({"name": "plays"}, 0)
    text = Vocabulary(split.train.classes).spell(split.train.inputs[:, 0])
    assert len(split.train.classes) == 76
    assert len(text) + split.validation.count > 1_000_000
    assert "To be, or not to be,--that is the question" in text


def test_lines_and_characters_are_the_same_whatever_the_windows(tmp_path, monkeypatch):
    content = "\ufeffeins\r\nzwei\rdrei ü€😀".encode()
    first = load({**written(tmp_path, content), "held_back": 0}, 0, tmp_path).train
    monkeypatch.setattr(texts, "WINDOW", 3)
    (tmp_path / "again.txt").write_bytes(content)
    second = load({"text": "again.txt", "held_back": 0}, 0, tmp_path).train
    assert Vocabulary(first.classes).spell(first.inputs[:, 0]) == "eins\nzwei\rdrei ü€"
    np.testing.assert_array_equal(first.inputs, second.inputs)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"x", "nothing to be predicted"),
        (b"aaaa", "consists of 'a' alone"),
        (b"caf\xc3\xa9 \xff", "byte at offset 6 is 0xff"),
        ("€".encode()[:2] + b" ", "byte at offset 0 is 0xe2"),
        ("ab€".encode()[:-1], "byte at offset 2 is 0xe2"),
        (b"abc", "leaves too few"),
        ("".join(chr(0x4E00 + each) for each in range(5001)).encode(), "5,001 different characters"),
    ],
)
def test_bad_texts_are_refused(tmp_path, monkeypatch, content, message):
    monkeypatch.setattr(texts, "WINDOW", 4)
    with pytest.raises(InvalidValue, match=message):
        load(written(tmp_path, content), 0, tmp_path)


def test_a_text_is_not_torn_apart():
    with pytest.raises(InvalidValue, match="tear the text apart"):
        load({"name": "plays", "validation": 0.1}, 0)


def test_countdown():
    train = load({"name": "countdown", "blocks": 30, "count": 3, "held_back": 0}, 0).train
    text = Vocabulary(train.classes).spell(np.append(train.inputs[:, 0], train.targets[-1]))
    for block in (text[first : first + 5] for first in range(0, len(text), 5)):
        assert block == f"{block[0]}321{block[0].upper()}"
    assert set(text[::5]) == set("abcd")


WORDS = "The king's crown, the King's sword.\n(Enter a king-maker.)\n"


def test_words_and_punctuation_are_symbols_too(tmp_path):
    given = {**written(tmp_path, WORDS.encode()), "held_back": 0, "tokens": "words"}
    train = load(given, 0, tmp_path).train
    numbers, vocabulary = np.append(train.inputs[:, 0], train.targets[-1]), Vocabulary(train.classes)
    spelled, ends = vocabulary.spelled(numbers)
    assert spelled == WORDS
    words = {"The", "the", "king's", "King's", "crown", "sword", "Enter", "a", "king-maker"}
    assert set(train.classes) == {UNKNOWN, *"(),.\n", *words}
    wanted = [train.classes.index(each) for each in ("the", "crown", ".")]
    np.testing.assert_array_equal(vocabulary.numbers("the crown."), wanted)
    assert [spelled[end - len(word) : end] for end, word in zip(ends, words_of(WORDS), strict=True)] == words_of(WORDS)


def test_the_frequent_words_of_the_part_to_train_on_are_known(tmp_path):
    given = {**written(tmp_path, b"a a a b b c d e zz zz zz zz"), "held_back": 0.34, "tokens": "words", "vocabulary": 3}
    split = load(given, 0, tmp_path)
    train = split.train
    assert train.classes == (UNKNOWN, "a", "b")
    spelled = Vocabulary(train.classes).spell(np.append(train.inputs[:, 0], train.targets[-1]))
    assert spelled == "a a a b b <unknown> <unknown> <unknown>"
    assert set(split.validation.targets.tolist()) == {0}
    with pytest.raises(InvalidValue, match="1 words: there is nothing"):
        load({**written(tmp_path, b"alone"), "tokens": "words"}, 0, tmp_path)
