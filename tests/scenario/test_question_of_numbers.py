"""Choices and answers of a question may be numbers, which are taken as they are written."""

import pytest

import lab
from lab.errors import BadInput

SCENARIO = """
title: Q
question: {{ask: How many?, choices: {choices}, answer: {answer}, because: So.}}
task: classify
data: {{name: spiral}}
model: [{{dense: classes}}]
watch: [loss]
"""


def question(tmp_path, choices, answer):
    path = tmp_path / "q.yaml"
    path.write_text(SCENARIO.format(choices=choices, answer=answer))
    return lab.load(path).scenario.question


@pytest.mark.parametrize(
    ("choices", "answer", "expected"),
    [
        ("[1, 3, 5]", "3", ["1", "3", "5"]),
        ('["1", "3"]', "3", ["1", "3"]),
        ("[1, 3]", '"3"', ["1", "3"]),
        ("[0.5, 0.25, 1]", "0.25", ["0.5", "0.25", "1"]),
    ],
)
def test_numbers_are_answers(tmp_path, choices, answer, expected):
    made = question(tmp_path, choices, answer)
    assert made.choices == expected
    assert made.answer in made.choices


@pytest.mark.parametrize(
    ("choices", "answer", "told"),
    [
        ("[1, 3, 5]", "4", "'4' is none of the choices; write one of them word for word: 1; 3; 5."),
        ("[1, 3, 5]", "true", "YAML reads this as true, not as a text: write it in quotes."),
        ("[1, 3, 5]", "[3]", "must be a text"),
        ("[It falls, at once, It rises]", "It rises", "may be the rest of"),
    ],
)
def test_what_is_no_answer_is_told(tmp_path, choices, answer, told):
    with pytest.raises(BadInput) as caught:
        question(tmp_path, choices, answer)
    assert told in str(caught.value)
