"""Reading a sequence and writing another one: the data, beam search against all sequences, attention, pictures."""

from __future__ import annotations

import datetime
import itertools

import numpy as np
import pytest

from lab.data import load
from lab.data.sets.rewrites import FORMS, in_words
from lab.errors import InvalidValue
from lab.graph import Layout, Storage, assign, constant
from lab.graph import functions as f
from lab.graph.running import bind
from lab.nets.sequence_states import SequenceStates
from lab.tasks.sequences.beam_search import beam_search, log_probabilities
from lab.tasks.sequences.stepwise_writer import StepwiseWriter
from lab.tasks.sequences.translate import lengths_of, spelled
from tests.tasks.test_training import experiment

SMALL = {"init": None, "options": {}, "optimizer": {"name": "adam", "rate": 0.02}}
DATA = {
    "name": "rewrites",
    "kind": "reverse",
    "shortest": 1,
    "length": 3,
    "symbols": 2,
    "points": 40,
    "validation": 0.3,
}
OF_HELD = ["val_accuracy", "forced_words", "free_words", "long_words"]
WATCH = ["loss", *OF_HELD, "greedy_accuracy", "beam_accuracy", "beam_gain"]
LAST = [{"gru": 8, "return": "last"}, {"writer": {"units": 6, "embedding": 3}}]
EVERY = [{"gru": 8, "return": "last"}, {"writer": {"units": 6, "embedding": 3, "feed": "every"}}]
SOFT = [{"gru": 4, "bidirectional": True}, {"writer": {"units": 6, "embedding": 3, "attention": "soft"}}]
ADDITIVE = [{"gru": 4}, {"writer": {"units": 6, "embedding": 3, "attention": "soft", "score": "additive"}}]


def translating(model, steps=2, watch=WATCH, data=DATA, **options):
    train = {"batch": 8, "steps": steps, "measure": 1}
    return experiment(
        task="translate", **SMALL | {"data": data, "options": options}, model=model, train=train, watch=watch
    )


@pytest.mark.parametrize("kind", ["copy", "reverse"])
def test_letters_are_written_again(kind):
    train = load({"name": "rewrites", "kind": kind, "shortest": 2, "length": 6, "points": 50}, 3).train
    assert train.targets.shape == (50, 7)
    lengths = lengths_of(train.numbers)
    assert {2, 6} <= set(lengths.tolist()) <= set(range(2, 7))
    for read, written in zip(train.numbers, train.targets, strict=True):
        text = spelled(read, train.classes)
        assert spelled(written, train.classes) == (text if kind == "copy" else text[::-1])
        assert not read[len(text) :].any()
        assert not written[len(text) :].any()


def test_dates_are_what_they_say():
    train = load({"name": "rewrites", "kind": "dates", "points": 200}, 3).train
    days = [datetime.date.fromisoformat(spelled(each, train.classes)) for each in train.targets]
    assert min(days).year >= 1900
    assert max(days).year <= 2099
    for read, day in zip(train.numbers, days, strict=True):
        assert spelled(read, train.classes) in {in_words(day, form) for form in FORMS}
    assert in_words(datetime.date(2019, 3, 5), FORMS[2]) == "tuesday, 5 march 2019"


def test_the_shortest_are_not_longer_than_the_longest():
    with pytest.raises(InvalidValue, match="the longest sequences have 3 letters"):
        load({"name": "rewrites", "shortest": 5, "length": 3}, 0)


class Remembering:
    """Logits that depend on all that was read: a random recurrent network of few numbers."""

    def __init__(self, rows, symbols, seed):
        random = np.random.default_rng(seed)
        self.words, self.weights = random.normal(size=(symbols, 5)) * 2, random.normal(size=(5, 5))
        self.output = random.normal(size=(5, symbols)) * 2
        self.state = np.zeros((rows, 5))

    def step(self, symbols):
        self.state = np.tanh(self.words[symbols] + self.state @ self.weights)
        return self.state @ self.output

    def keep(self, rows):
        self.state = self.state[rows]


def every_sequence(symbols, length):
    """All sequences of so many symbols whose end has nothing but ends behind it."""
    found = itertools.product(range(symbols), repeat=length)
    return np.array([each for each in found if 0 not in each or not any(each[each.index(0) :])])


def chances_of(decoder, sequences):
    """The log-probability of each sequence, up to its first end."""
    total, going, last = np.zeros(len(sequences)), np.ones(len(sequences), bool), np.zeros(len(sequences), int)
    for symbols in sequences.T:
        rows = log_probabilities(decoder.step(last))
        total += np.where(going, rows[np.arange(len(symbols)), symbols], 0)
        going, last = going & (symbols != 0), symbols
    return total


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_finds_what_trying_all_sequences_finds(seed):
    symbols, length = 3, 4
    every = every_sequence(symbols, length)
    chances = chances_of(Remembering(len(every), symbols, seed), every)
    np.testing.assert_allclose(np.exp(chances).sum(), 1)
    written, found = beam_search(Remembering(81, symbols, seed), 1, 81, length)
    np.testing.assert_array_equal(written[0], every[chances.argmax()])
    np.testing.assert_allclose(found, chances.max())
    for width in (1, 2, 3):
        written, found = beam_search(Remembering(width, symbols, seed), 1, width, length)
        place = np.flatnonzero((every == written[0]).all(axis=1))
        np.testing.assert_allclose(found, chances[place])
        assert found[0] <= chances.max() + 1e-12


def test_a_beam_of_one_takes_the_likeliest_symbol_each_time():
    decoder, last, expected = Remembering(1, 4, 7), np.zeros(1, int), []
    for _ in range(6):
        last = decoder.step(last).argmax(axis=1)
        expected.append(int(last[0]))
        if last[0] == 0:
            break
    written, _ = beam_search(Remembering(1, 4, 7), 1, 1, 6)
    assert written[0, : len(expected)].tolist() == expected
    assert not written[0, len(expected) :].any()


def forced(net, read, written):
    """The log-probability of each written sequence behind each read one, by the network as it is trained."""
    stored, kept = Storage("states"), Storage("statistics")
    symbols, words = stored.member("symbols", read.shape), stored.member("words", written.shape)
    before = f.concatenate([constant(np.zeros((len(read), 1))), words[:, :-1]], axis=1)
    states = SequenceStates(mask=f.minimum(symbols, constant(1.0)), words=before)
    output, _ = net.network.apply(symbols, training=False, sequence=states)
    logits = assign(output, kept.member("logits", output.shape))
    layout = Layout({"read": [logits]})
    memory = layout.memory(layout.shared_memory("float32"), 0)
    for name, value in net.weights().items():
        if layout.knows(net.network.kept[name]):
            layout.view(memory, net.network.kept[name])[...] = value
    layout.view(memory, symbols)[...], layout.view(memory, words)[...] = read, written
    bind(layout.plans["read"], memory).run()
    rows = log_probabilities(layout.view(memory, logits).reshape(written.size, -1)).reshape(*written.shape, -1)
    chances = np.take_along_axis(rows, written[..., None], axis=2)[..., 0]
    going = np.cumsum(written == 0, axis=1) - (written == 0) == 0
    return (chances * going).sum(axis=1)


@pytest.mark.parametrize("model", [LAST, EVERY, SOFT, ADDITIVE], ids=["last", "every", "soft", "additive"])
def test_step_by_step_a_network_writes_as_it_was_trained(model):
    """Beam search over single steps against the chances that the whole network gives to every sequence there is."""
    net = translating(model, 20)
    net.advance(20)
    classes, length = len(net.split.train.classes), net.shown.targets.shape[1]
    every = every_sequence(classes, length)
    sources = net.shown.numbers[:3]
    assert len(set(lengths_of(sources))) > 1
    writer = StepwiseWriter(net.network, 3, 81, sources.shape[1])
    writer.begin(net.weights(), sources)
    written, found = beam_search(writer, 3, 81, length)
    for source, best, chance in zip(sources, written, found, strict=True):
        chances = forced(net, np.repeat(source[None], len(every), axis=0), every)
        np.testing.assert_allclose(np.exp(chances).sum(), 1, rtol=1e-5)
        np.testing.assert_allclose(chance, chances.max(), rtol=1e-5)
        np.testing.assert_array_equal(best, every[chances.argmax()])


@pytest.mark.parametrize("model", [LAST, SOFT], ids=["last", "soft"])
def test_what_is_measured_of_held_back_sequences(model):
    net = translating(model, 60, beam=3)
    net.advance(60)
    values = net.measure()
    assert set(values) == set(WATCH)
    free = net.seen()["words"].astype(int).reshape(net.shown.targets.shape)
    right = net.shown.targets
    counted = np.cumsum(right == 0, axis=1) - (right == 0) == 0
    hits = (free == right) & counted
    long = lengths_of(net.shown.numbers) >= 0.75 * 3
    np.testing.assert_allclose(values["free_words"], hits.sum() / counted.sum(), rtol=1e-6)
    np.testing.assert_allclose(values["long_words"], hits[long].sum() / counted[long].sum(), rtol=1e-6)
    # Who is right at every step behind the right symbols is so behind its own, and the other way round.
    np.testing.assert_allclose(values["val_accuracy"], (hits == counted).all(axis=1).mean(), rtol=1e-6)
    np.testing.assert_allclose(values["greedy_accuracy"], values["val_accuracy"], rtol=1e-6)
    assert values["beam_gain"] >= -1e-6


def test_sequences_are_learned_by_heart():
    net = translating(SOFT, 250, ["loss", "accuracy"])
    net.advance(250)
    assert net.measure()["accuracy"] > 0.9


def test_what_stands_behind_the_end_is_not_looked_at():
    net = translating(SOFT)
    weights = net.seen()["weights"]
    np.testing.assert_allclose(weights.sum(axis=2), 1, rtol=1e-5)
    short = lengths_of(net.shown.numbers) == 1
    np.testing.assert_allclose(weights[short][:, :, 1:], 0, atol=1e-7)


def test_pictures_show_where_it_looked_what_it_wrote_and_how_much_of_it_is_right(monkeypatch):
    net = translating(SOFT, beam=2)
    right, read, classes = net.shown.targets, net.shown.numbers, net.split.train.classes
    lengths = lengths_of(read)
    written = right.copy()
    written[lengths == 2, 0] = 3 - written[lengths == 2, 0]  # one of two letters, and the end is right
    weights = np.random.default_rng(0).random((*right.shape, read.shape[1])).astype(np.float32)
    monkeypatch.setattr(net, "seen", lambda: {"words": written.ravel(), "weights": weights})
    field, curve, table = net.pictures()
    steps, places = lengths_of(written[:1])[0] + 1, lengths[0]
    np.testing.assert_array_equal(field.values, weights[0, :steps, :places])
    assert field.x_label == f"reads {spelled(read[0], classes)}"
    assert field.y_label == f"writes {spelled(written[0], classes)}"
    assert curve.x.tolist() == [1, 2, 3]
    np.testing.assert_allclose(curve.lines["right"], [1, 2 / 3, 1], rtol=1e-6)
    (greedy, _), (best, chances) = net.written(1), net.written(2)
    for place, row in enumerate(table.rows):
        other = "the same" if (greedy[place] == best[place]).all() else spelled(best[place], classes)
        assert row[:3] == (spelled(read[place], classes), spelled(greedy[place], classes), other)
        assert row[3] == f"{np.exp(chances[place]):.0%}"
        assert row[4] == ("" if (best[place] == right[place]).all() else spelled(right[place], classes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"name": "spiral"}}, "reads and writes symbols"),
        ({"data": {"name": "adding", "points": 20}}, "this task needs classes"),
        ({"model": [{"gru": 4}, {"dense": "classes"}]}, "must end in a writer"),
        ({"options": {"beam": 0}}, "beam"),
    ],
)
def test_what_cannot_be_translated_is_refused(changes, message):
    scenario = {"model": SOFT, "data": DATA, "train": {"batch": 4, "steps": 1}, "watch": ["loss"]}
    with pytest.raises(InvalidValue, match=message):
        experiment(task="translate", **{**SMALL, **scenario, **changes})


def test_metrics_of_layers_are_announced():
    net = translating(SOFT, watch=["loss", "weight_norm", "free_words"])
    net.advance(1)
    assert net.measure().keys() == set(net.metrics)
    assert "weight_norm.gru1.input" in net.metrics
