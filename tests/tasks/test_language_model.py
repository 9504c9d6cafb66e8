"""Language models: what is read, what is measured, what is written, and what goes on after a restart."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.scenario import Scenario
from lab.tasks.sequences import samples
from lab.tasks.sequences.language_pictures import in_lines
from lab.tasks.sequences.sampling import Choice, StepWriter
from lab.tasks.task import task_of

BASE = {
    "title": "x",
    "task": "language-model",
    "data": {"name": "plays", "characters": 3000},
    "model": [{"rnn": 12}, {"dense": "classes"}],
    "optimizer": {"name": "adam", "rate": 0.01},
    "train": {"batch": 4, "steps": 30, "measure": 10, "seed": 0},
    "watch": ["loss", "val_loss", "accuracy", "real_words", "grad_norm", "shift"],
    "options": {"window": 8, "sample": 40},
}


def experiment(**changes):
    given = {**BASE, **changes}
    scenario = Scenario.model_validate(given)
    made = task_of(scenario).checked(scenario, None)
    made.prepare()
    return made


def test_it_learns_and_measures_what_it_says():
    made = experiment()
    before = made.measure()
    assert before["loss"] == pytest.approx(np.log(len(made.split.train.classes)), rel=0.1)
    assert before["shift"] < 1e-4
    made.advance(30)
    after = made.measure()
    assert after["loss"] < before["loss"] - 0.3
    assert after["val_loss"] < before["val_loss"] - 0.3


def test_the_text_is_read_in_order_and_the_state_goes_on():
    """Two windows with the state carried give the state that one window of both gives."""
    states = {}
    for window, steps in ((8, 2), (16, 1)):
        made = experiment(optimizer={"name": "sgd", "rate": 0}, options={"window": window, "sample": 40})
        made.advance(steps)
        states[window] = carried(made)
    np.testing.assert_allclose(states[8], states[16], rtol=1e-5, atol=1e-6)
    assert np.abs(states[8]).max() > 0.01


def carried(made):
    """The states in which the last windows have ended."""
    return np.concatenate([made.read(place) for place in made.stored.values()])


def test_a_restored_one_writes_and_learns_the_same():
    whole, first = experiment(), experiment()
    whole.advance(12)
    first.advance(5)
    first.measure()
    second = experiment()
    second.restore(first.state())
    assert [step for step, _ in second.samples] == [5]
    second.advance(7)
    assert whole.measure() == second.measure()
    np.testing.assert_array_equal(carried(whole), carried(second))


def test_what_is_written_goes_on_from_the_primer():
    """Fed with everything at once, the network finds each argmax the likeliest that the writer has taken one by one."""
    made = experiment(model=[{"lstm": {"units": 8, "layers": 2}}, {"dense": "classes"}])
    made.advance(20)
    writer = StepWriter(made.network, 1, made._names)
    written, _ = writer.write(made.weights(), made.primer, 6, [Choice(None)], lambda: 0.5)
    writer.begin(made.weights())
    for symbol in [*made.primer, *written[0, :-1]]:
        logits = writer.step(np.array([symbol]))
    assert logits[0].argmax() == written[0, -1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"primer": "€"}}, "'€' does not occur in the text"),
        ({"options": {"temperature": 0}}, "temperature"),
        ({"options": {"temperature": -1}}, "temperature"),
        ({"options": {"window": 5000}}, "need a text of more than 20,000 symbols"),
        ({"model": [{"rnn": {"units": 4, "bidirectional": True}}, {"dense": "classes"}]}, "has seen what it is to"),
        ({"model": [{"rnn": {"units": 4, "return": "last"}}, {"dense": "classes"}]}, "must end in"),
        ({"data": {"name": "spiral"}}, "needs a text"),
        ({"train": {"batch": "all", "steps": 5}}, "must be a number"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(InvalidValue, match=message):
        experiment(**changes)


def test_choices():
    logits = np.array([1.0, 3.0, 2.0, -1.0])
    assert Choice(None).probabilities(logits).tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(Choice(2.0).probabilities(logits), np.exp(logits / 2) / np.exp(logits / 2).sum())
    top = Choice(1.0, 2).probabilities(logits)
    assert (top > 0).tolist() == [False, True, True, False]
    assert top.sum() == pytest.approx(1)


def test_ways_to_choose_get_the_same_random_numbers():
    made = experiment()
    written, _ = made.probes.write(made._numbers(), [Choice(1.0), Choice(1.0)], 12, "fan")
    assert written[0].tolist() == written[1].tolist()


def test_what_is_counted_in_samples():
    known = samples.words_of("The king's crown.")
    assert known == {"the", "king", "s", "crown"}
    assert samples.real_words("xx the king zzz crown xx", known) == 0.75
    assert samples.real_words("xx yy", known) == 0
    copies = samples.Copies("The king's crown.")
    assert copies.longest("my king's crow") == 12
    assert [copies.longest(each) for each in ("zzheqq", "xxk", "xyzzz")] == [2, 1, 0]
    assert samples.repetition("abcdefgh" * 2) == pytest.approx(1 / 9)
    assert samples.repetition("abc") == 0


def test_lines_of_a_sample():
    assert in_lines("one\n\ntwo\x07\n" + "x" * 50, 4) == ["one", "two·", "x" * 50]
