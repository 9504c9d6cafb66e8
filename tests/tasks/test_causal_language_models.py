"""Language models that look back over a window in place of carrying a state: attention and causal convolutions."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.evaluation.language import LanguageModel
from lab.graph import Layout, Storage, assign
from lab.graph.running import bind
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.layer import LAYERS, load_layers
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates
from lab.scenario import Scenario
from lab.tasks.sequences.sampling import Choice
from lab.tasks.task import task_of

WINDOW = 12
TRANSFORMER = [
    {"embedding": 8},
    {"positional_encoding": "learned"},
    {"transformer": 2, "causal": True},
    {"dense": "classes"},
]
CONVOLUTION = [
    {"embedding": 8},
    {"conv1d": 8, "kernel_size": 3, "padding": "causal"},
    "relu",
    {"conv1d": 8, "kernel_size": 2, "dilation": 3, "padding": "causal"},
    {"dense": "classes"},
]
MODELS = {"transformer": TRANSFORMER, "convolution": CONVOLUTION}
COUNTDOWN = {"name": "countdown", "blocks": 300, "count": 5}


def experiment(model, options=None, **changes):
    given = {
        "title": "x",
        "task": "language-model",
        "data": {**COUNTDOWN, "held_back": 0.2},
        "model": model,
        "optimizer": {"name": "adam", "rate": 0.01},
        "train": {"batch": 8, "steps": 300, "measure": 100, "seed": 0},
        "watch": ["loss", "val_loss", "held_loss", "forced_loss", "free_loss", "real_words"],
        "options": {"window": WINDOW, "sample": 40, **(options or {})},
        **changes,
    }
    scenario = Scenario.model_validate(given)
    made = task_of(scenario).checked(scenario, None)
    made.prepare()
    return made


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_it_learns_and_cannot_know_more_than_when_it_is_given_the_past_alone(model):
    made = experiment(model)
    before = made.measure()
    made.advance(300)
    after = made.measure()
    assert after["val_loss"] < before["val_loss"] - 1
    # The same symbols behind at least half a window: what is measured in training is what can be had when writing.
    assert after["forced_loss"] < after["val_loss"] + 0.3
    assert after["held_loss"] == pytest.approx(after["val_loss"], abs=0.3)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_writer_says_what_the_network_says_of_the_last_window(model):
    made = experiment(model)
    made.advance(20)
    numbers, text = made._numbers(), made.held[: WINDOW + 5]
    writer = made.probes._writer(1)
    for _ in range(2):  # it forgets what it has read before
        writer.begin(numbers)
        written = np.array([writer.step(np.array([symbol]))[0] for symbol in text])
        for place in range(len(text)):
            seen = text[max(0, place + 1 - WINDOW) : place + 1]
            reader = made.probes._reader(1, len(seen))
            reader.begin(numbers)
            np.testing.assert_allclose(written[place], reader.read(seen[None])[0, -1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_it_goes_on_where_it_was_and_is_kept_to_write(model):
    first, second = experiment(model), experiment(model)
    first.advance(10)
    second.restore(first.state())
    for each in (first, second):
        each.advance(15)
    np.testing.assert_equal(first.measure(), second.measure())
    kept = LanguageModel("it", json.loads(json.dumps(first.kept_to_predict())), first.weights())
    fan = next(each for each in second.pictures() if each.name == "temperatures")
    shown = dict(fan.rows)["argmax"]
    primer = first.vocabulary.spell(first.primer)
    assert "".join(kept.write(primer, len(shown), Choice(None))) == shown


def test_a_picture_of_each_head_shows_where_it_looks():
    """One with queries and keys that compare symbols looks back at where the symbol that it reads stood before."""
    model = [{"embedding": 32}, {"multi_head_attention": 1, "causal": True, "scale": 200}, {"dense": "classes"}]
    made = experiment(model)
    for part in ("query", "key"):
        made.put(made.network.kept[f"multi_head_attention1.{part}.weight"], np.eye(32, dtype=np.float32))
    [picture] = [each for each in made.pictures() if each.name == "attention"]
    text = made.held[:WINDOW]
    same = np.tril(text[:, None] == text[None, :])
    np.testing.assert_allclose(picture.values, same / same.sum(axis=1, keepdims=True), atol=1e-3)
    spelled = made.vocabulary.spell(made.held[: WINDOW + 1])
    assert (picture.title, picture.x_label, picture.y_label) == (
        "Where it looks",
        f"reads {spelled[:-1]}",
        f"next {spelled[1:]}",
    )
    heads = [each.title for each in experiment(TRANSFORMER).pictures() if each.name == "attention"]
    assert heads == ["Where it looks, head 1", "Where it looks, head 2"]
    assert not [each for each in experiment(CONVOLUTION).pictures() if each.name == "attention"]


def test_who_looks_ahead_is_refused_or_asked_for_and_does_not_know_it_when_writing():
    unmasked = [{"embedding": 8}, {"positional_encoding": "sinusoidal"}, {"transformer": 2}, {"dense": "classes"}]
    around = [{"embedding": 8}, {"conv1d": 8, "kernel_size": 3, "padding": "same"}, {"dense": "classes"}]
    for model, told in ((unmasked, "multi_head_attention1"), (around, "conv1d1")):
        with pytest.raises(InvalidValue, match=f"{told} looks at later symbols, and so has read what it is to predict"):
            experiment(model)
    made = experiment(around, {"look_ahead": "allowed"}, data={"name": "plays", "characters": 20000})
    made.advance(300)
    after = made.measure()
    assert after["val_loss"] < 0.9  # behind the last symbol of each window there is nothing to be read
    assert after["forced_loss"] > 2


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ([{"lstm": 8}, {"multi_head_attention": 2, "causal": True}, {"dense": "classes"}], "one or the other"),
        ([{"lstm": 8, "bidirectional": True}, {"dense": "classes"}], "reads backwards"),
        ([{"embedding": 8}, {"conv1d": 8, "kernel_size": 3}, {"dense": "classes"}], "must end in"),
        ([{"embedding": 8}, {"group_norm": 2}, {"dense": "classes"}], "looks at later symbols"),
    ],
)
def test_networks_that_cannot_be_language_models(model, told):
    with pytest.raises(InvalidValue, match=told):
        experiment(model)


def test_who_cannot_leave_out_what_is_not_written_yet_is_refused_before_it_writes():
    with pytest.raises(InvalidValue, match="group_norm1 would count the places behind what is written so far"):
        experiment([{"embedding": 8}, {"group_norm": 2}, {"dense": "classes"}], {"look_ahead": "allowed"})


load_layers()


def _of_sequences():
    """Every layer, as it is written most simply for sequences of four numbers a step, and by name what comes of it."""
    settings = {"multi_head_attention": [{"num_heads": 2}, {"causal": True}], "transformer": [{}, {"causal": True}],
                "conv1d": [{"channels": 4, "kernel_size": 3, "padding": each} for each in ("same", "causal", 1)],
                "dense": [{"units": 4}], "maxout": [{"units": 4}], "dropconnect": [{"units": 4}],
                "rnn": [{"units": 4}, {"units": 4, "bidirectional": True}], "lstm": [{"units": 4}],
                "gru": [{"units": 4}], "group_norm": [{"groups": 2}]}  # fmt: skip
    for name in sorted(LAYERS):
        for each in settings.get(name, [{}]):
            with contextlib.suppress(InvalidValue):
                network = Network([{name: each} if each else name], None, 2, 0, AdjustableNumbers())
                x = Storage("states").member("x", (2, 7, 4))
                output, parts = network.apply(x, training=False, sequence=SequenceStates())
                if output.shape[:2] == (2, 7):
                    yield name, network, x, output, parts


def test_each_layer_says_of_itself_which_other_steps_it_sees():
    """Layers say it in `other_steps`, recurrent ones of what is no state; a language model relies on it."""
    tried = set()
    for name, network, x, output, parts in _of_sequences():
        tried.add(name)
        y = assign(output, Storage("statistics").member("y", output.shape))
        layout = Layout({"run": [y]})
        memory = layout.memory(layout.shared_memory("float64"), 0)
        for key, first in network.first_values().items():
            if layout.knows(network.kept[key]):
                layout.view(memory, network.kept[key])[...] = first
        program, random = bind(layout.plans["run"], memory), np.random.default_rng(5)
        given = random.standard_normal((2, 7, 4))
        answers = []
        for change in (0.0, random.standard_normal((2, 4))):
            given[:, 3] += change
            layout.view(memory, x)[...] = given
            program.run()
            answers.append(layout.view(memory, y).reshape(2, 7, -1).copy())
        moved = np.abs(answers[1] - answers[0]).max(axis=(0, 2)) > 0
        before, behind = (any(each.layer.other_steps()[n] for each in parts) for n in (0, 1))
        assert moved[:3].any() == behind, name
        assert moved[4:].any() == (before or name in ("rnn", "lstm", "gru")), name
    assert {
        "multi_head_attention",
        "conv1d",
        "group_norm",
        "layer_norm",
        "batch_norm",
        "dense",
    } <= tried
