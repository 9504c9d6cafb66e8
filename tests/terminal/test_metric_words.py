import pytest

from lab.tasks import load_tasks
from lab.terminal.metric_words import unit, words

METRICS = {name: str(meaning) for task in load_tasks().values() for name, meaning in task.metrics.items()}


def test_every_metric_has_words_of_its_own():
    found = {name: words(name) for name in METRICS}
    assert not [name for name, text in found.items() if "_" in text]
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("val_loss", "validation loss"),
        ("grad_norm.dense1", "gradient norm of dense1"),
        ("in_wide", "points in the wide basin"),
        ("Decision regions", "Decision regions"),
    ],
)
def test_names_are_read_as_words(typed, read):
    assert words(typed) == read


def test_a_metric_that_is_measured_in_a_unit_says_so():
    for name, meaning in METRICS.items():
        if unit(name):
            assert f"in {unit(name)}" in meaning or unit(name) in meaning, name
        else:
            assert not any(f"in {each}" in meaning for each in ("ns", "µs", "bytes")), name
