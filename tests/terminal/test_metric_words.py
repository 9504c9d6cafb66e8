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


def test_every_metric_declares_its_unit_where_it_is_defined():
    for task in load_tasks().values():
        for name, meaning in task.metrics.items():
            assert meaning.unit.said, (task.name, name)
            for sign in ("ns", "µs", "nats", "bytes"):  # what its sentence says is what it declares
                if f" in {sign}" in meaning:
                    assert meaning.unit.sign == sign, (task.name, name)


def test_a_sign_stands_beside_an_axis_where_all_tasks_measure_in_the_same():
    assert unit("step_time") == "µs"
    assert unit("receptive_field.conv1") == "pixels"
    assert unit("accuracy") == unit("loss") == unit("Decision regions") == ""
    assert load_tasks()["regress"].metrics["val_rmse"].sentence.endswith("on the validation set (the target's units).")
