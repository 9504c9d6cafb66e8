"""Loading a scenario: every fault is one sentence with its place; variants and overrides do what they say."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import BadInput, InvalidValue
from lab.scenario import load, load_text

from .texts import FILE, GOOD, changed, loaded


def refused(text: str = GOOD, overrides: dict[str, object] | None = None) -> str:
    with pytest.raises(BadInput) as caught:
        loaded(text, overrides)
    message = str(caught.value)
    assert "\n" not in message
    for leak in ("pydantic", "Input should", "[type=", "http"):
        assert leak not in message
    return message


def test_a_good_file():
    found = loaded()
    assert found.scenario.title == "Dead ReLUs"
    assert found.scenario.optimizer.extra == {"momentum": 0.9}
    assert [variant.name for variant in found.variants] == ["good", "hot"]
    assert [variant.scenario.optimizer.rate for variant in found.variants] == [0.05, 5.0]
    assert found.variants[1].scenario.optimizer.extra == {"momentum": 0.9}
    assert (found.slug, found.text, found.folder) == ("dead", GOOD, Path("."))


def test_a_file_without_variants_has_one():
    assert [variant.name for variant in loaded("title: T\ntask: classify\n").variants] == ["base"]


def test_a_rate_of_0_is_a_rate():
    assert loaded(changed("rate: 0.05", "rate: 0")).scenario.optimizer.rate == 0


def test_a_file_may_say_its_format():
    assert loaded().scenario.format == loaded(f"format: 1\n{GOOD}").scenario.format == 1


def test_full_batch_and_numbers_with_exponent():
    text = changed("batch: 32, steps: 2000", "batch: all, steps: 1e3")
    train = loaded(text).scenario.train
    assert (train.batch, train.steps) == ("all", 1000)


FAULTS = [
    ("title: Dead ReLUs", "titel: Dead", "1:1", "titel: unknown key 'titel'; did you mean title?"),
    ("title: Dead ReLUs", "title: T\nformat: 0", "2:9", "format: 0 is not allowed here: it must be at least 1"),
    ("title: Dead ReLUs", "title: T\nformat: one", "2:9", "format: 'one' is not allowed here"),
    ("title: Dead ReLUs", "titles: T\nformat: 2", "2:9", "it needs a newer lab, which `pip install --upgrade"),
    ("title: Dead ReLUs", "title: ''", "1:8", "title: '' is not allowed here"),
    ("title: Dead ReLUs", "title: [a]", "1:8", "title: ['a'] is not allowed here: it must be a text"),
    ("title: Dead ReLUs\n", "", "1:1", "the key 'title' is missing"),
    ("task: classify", "task: 3", "7:7", "task: 3 is not allowed here: it must be a text"),
    ("task: classify", "task:", "7:6", "task: nothing is not allowed here"),
    ("answer: hot", "answer: cold", "6:58", "question.answer: 'cold' is none of the choices"),
    ("ask: Which one, ", "", "6:11", "question: the key 'ask' is missing"),
    ("{name: spiral, classes: 3, points: 900, noise: 0.2}", "spiral", "8:7", "data: 'spiral' is not allowed here"),
    ("noise: 0.2", "noise: .nan", "8:54", "data.noise: nan is not allowed here: it must be a finite number"),
    ("[{dense: 64}, relu, ", "[3, relu, ", "9:9", "model.0: 3 is not a layer"),
    ("[{dense: 64}, relu, ", "[{}, relu, ", "9:9", "model.0: {} is not a layer"),
    ("init: he", "init: [he]", "10:7", "init: ['he'] is not allowed here"),
    ("rate: 0.05", "rate: -1", "11:30", "optimizer.rate: -1 is not allowed here: it must be at least 0"),
    ("rate: 0.05", "rate: -1e-9", "11:30", "optimizer.rate: -1e-09 is not allowed here: it must be at least 0"),
    ("rate: 0.05", "rate: 1e30", "11:30", "optimizer.rate: 1e+30 is not allowed here: it must be at most 1000000"),
    ("rate: 0.05", "rate: .nan", "11:30", "optimizer.rate: nan is not allowed here"),
    ("rate: 0.05", "rate: .inf", "11:30", "optimizer.rate: inf is not allowed here"),
    ("rate: 0.05", "rate: fast", "11:30", "optimizer.rate: 'fast' is not allowed here: it must be a number"),
    ("rate: 0.05", "rate: true", "11:30", "optimizer.rate: true is not a number"),
    ("momentum: 0.9", "momentum: .nan", "11:46", "optimizer.momentum: nan is not allowed here"),
    ("batch: 32", "batch: 0", "12:16", "train.batch: 0 is not allowed here: it must be a whole number from 1"),
    ("batch: 32", "batch: 2.5", "12:16", "train.batch: 2.5 is not allowed here"),
    ("batch: 32", "batch: every", "12:16", "train.batch: 'every' is not allowed here"),
    ("batch: 32", "batch: true", "12:16", "train.batch: true is not allowed here"),
    ("steps: 2000", "steps: 0", "12:27", "train.steps: 0 is not allowed here: it must be at least 1"),
    ("steps: 2000", "steps: -5", "12:27", "train.steps: -5 is not allowed here"),
    ("steps: 2000", "steps: 2.5", "12:27", "train.steps: 2.5 is not allowed here: it must be a whole number"),
    ("steps: 2000", "steps: " + "9" * 30, "12:27", "train.steps: about 1e30 is not allowed here"),
    ("steps: 2000", "stpes: 2000", "12:20", "train.stpes: unknown key 'stpes'; did you mean steps?"),
    ("seed: 0", "seed: -1", "12:52", "train.seed: -1 is not allowed here"),
    ("[loss, accuracy, grad_norm, dead_relu]", "[loss, loss]", "13:15", "watch.1: 'loss' is there twice"),
    ("[loss, accuracy, grad_norm, dead_relu]", "loss", "13:8", "watch: 'loss' is not allowed here: it must be a list"),
    ("hot: {optimizer.rate", "too-hot: {optimizer.rate", "16:3", "for example too_hot"),
    ("hot: {optimizer.rate", "not: {optimizer.rate", "16:3", "is a word of the claim language"),
    ("hot: {optimizer.rate: 5.0}", "hot: 3", "16:8", "variants.hot: 3 is not allowed here"),
    ("optimizer.rate: 5.0", "optimizer.rate: -5", "16:25", "variants.hot.optimizer.rate: -5 is not allowed here"),
    ("optimizer.rate: 5.0", "optimiser.rate: 5", "16:9", "names nothing in a scenario: did you mean optimizer?"),
    ("optimizer.rate: 5.0", "rate: 5", "16:9", "`rate` names nothing in a scenario: did you mean optimizer.rate?"),
    ("optimizer.rate: 5.0", "lr: 5", "16:9", "`lr` names nothing in a scenario: did you mean optimizer.rate?"),
    ("optimizer.rate: 5.0", "epochs: 5", "16:9", "did you mean train.epochs?"),
    ("optimizer.rate: 5.0", "train.step: 5", "16:9", "`train.step` names nothing: did you mean steps?"),
    ("optimizer.rate: 5.0", "model.5: tanh", "16:9", "model has no position 5; its positions are 0 to 4"),
    ("optimizer.rate: 5.0", "model.1.slope: 1", "16:9", "model.1 is 'relu' and has nothing inside"),
    ("optimizer.rate: 5.0", "train.seed: 5", "16:21", "every variant runs on the same seeds"),
    ("optimizer.rate: 5.0", "train.seeds: 5", "16:22", "every variant runs on the same seeds"),
    ("seed: 0", "seeds: 0", "12:53", "train.seeds: 0 is not allowed here"),
    ("optimizer.rate: 5.0", "title: Hot", "16:9", "`title` cannot differ between variants"),
    ("  - says: A far too high learning rate kills ReLUs.\n    that", "  - that", "18:5", "the key 'says' is missing"),
    ("> last(good.dead_relu) + 0.2", "", "19:11", "a claim must compare something"),
    ("+ 0.2", "+", "19:55", "expected a number, a curve or a function, not the end"),
    ("last(good.dead_relu)", "lst(good.dead_relu)", "19:33", "there is no function `lst`: did you mean last?"),
    ("last(good.dead_relu)", "last(god.dead_relu)", "19:38", "there is no variant 'god': did you mean good?"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), FAULTS)
def test_every_fault_has_its_place_and_its_sentence(old, new, place, words):
    message = refused(changed(old, new))
    assert message.startswith(f"dead.yaml:{place}: "), message
    assert words in message


def test_a_fault_in_a_folded_claim_is_placed_on_its_own_line():
    folded = ">-\n      last(hot.dead_relu)\n      > lst(good.dead_relu)"
    message = refused(changed("last(hot.dead_relu) > last(good.dead_relu) + 0.2", folded))
    assert message.startswith("dead.yaml:21:9: claims.0.that: there is no function `lst`")


# What is set from outside ------------------------------------------------------------------------------------------


def test_set_changes_the_scenario_and_variants_differ_from_that():
    found = loaded(overrides={"optimizer.momentum": 0.5, "optimizer.rate": 0.1, "model.1": "tanh"})
    assert [variant.scenario.optimizer.rate for variant in found.variants] == [0.1, 5.0]
    assert [variant.scenario.optimizer.extra for variant in found.variants] == [{"momentum": 0.5}] * 2
    assert found.scenario.model[1] == "tanh"
    assert found.overrides == {"optimizer.momentum": 0.5, "optimizer.rate": 0.1, "model.1": "tanh"}


def test_set_changes_one_variant():
    found = loaded(overrides={"variants.hot.optimizer.rate": 3, "variants.good.train.batch": "all"})
    assert [variant.scenario.optimizer.rate for variant in found.variants] == [0.05, 3]
    assert [variant.scenario.train.batch for variant in found.variants] == ["all", 32]


def test_known_but_unset_fields_can_be_set():
    text = "title: T\ntask: classify\ndata: {name: spiral}\n"
    overrides = {"optimizer.momentum": 0.9, "train.steps": 7, "options.grid": 3, "data.noise": 0.1, "init": "he"}
    found = loaded(text, overrides).scenario
    assert found.optimizer.extra == {"momentum": 0.9}
    assert (found.train.steps, found.options, found.init) == (7, {"grid": 3}, "he")
    assert found.data == {"name": "spiral", "noise": 0.1}


def test_numpy_numbers_from_a_notebook_are_numbers():
    overrides = {"optimizer.rate": np.float32(0.5), "train.steps": np.int64(7), "watch": ("loss",)}
    found = loaded(overrides=overrides).scenario
    assert (found.optimizer.rate, found.train.steps, found.watch) == (0.5, 7, ["loss"])


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("optimizer.rate", -3, "--set optimizer.rate: -3 is not allowed here: it must be at least 0."),
        ("variants.hot.optimizer.rate", -3, "--set variants.hot.optimizer.rate: -3 is not allowed here"),
        ("optimizer", "sgd", "--set optimizer: 'sgd' is not allowed here"),
        ("optimiser.rate", 1, "did you mean optimizer?"),
        ("train.step", 1, "did you mean steps?"),
        ("train.steps.x", 1, "train.steps is 2000 and has nothing inside"),
        ("model.9", "relu", "model has no position 9; its positions are 0 to 4"),
        ("model.-1", "relu", "use a position"),
        ("model.0.dens.units", 1, "`model.0.dens.units` names nothing: did you mean dense?"),
        ("model.0.dense.units", 1, "model.0.dense is 64 and has nothing inside"),
        ("data.a.b", 1, "`data.a.b` names nothing"),
        ("variants.ht.optimizer.rate", 1, "did you mean hot?"),
        ("variants.hot.optimiser.rate", 1, "did you mean optimizer?"),
        ("optimizer.", 1, "write names with one dot between them"),
        ("", 1, "names nothing"),
        ("data.noise", float("nan"), "--set data.noise: nan is not allowed here"),
    ],
)
def test_paths_that_name_nothing_and_values_that_cannot_be(path, value, words):
    message = refused(overrides={path: value})
    assert message.startswith("--set ")
    assert words in message


def test_an_override_without_effect_is_refused():
    both = changed("good: {}", "good: {optimizer: {name: adam, rate: 0.1}}")
    message = refused(both, {"optimizer.rate": 0.5})
    assert "no effect" in message
    assert "variants.good.optimizer.rate" in message
    with pytest.raises(BadInput, match="no effect"):
        loaded(overrides={"optimizer.rate": 0.5}).choose(["hot"])


def test_a_fault_in_the_file_is_not_blamed_on_an_override():
    assert refused(changed("rate: 0.05", "rate: -1"), {"optimizer.rate": 0.5}).startswith("dead.yaml:11:30: ")


# One variant, and faults that are found later -----------------------------------------------------------------------


def test_a_variant_with_further_overrides():
    variant = loaded().variant("hot", {"optimizer.rate": 0.3, "train.steps": 9})
    assert (variant.scenario.optimizer.rate, variant.scenario.train.steps) == (0.3, 9)
    assert loaded().variant("hot").scenario.optimizer.rate == 5.0


def test_an_unknown_variant_is_named_with_the_nearest():
    with pytest.raises(BadInput, match="There is no variant 'hat' in dead: did you mean hot"):
        loaded().choose(["good", "hat"])


def test_variants_are_chosen_once_and_in_the_order_asked_for():
    assert [variant.name for variant in loaded().choose(["hot", "good", "hot"])] == ["hot", "good"]


@pytest.mark.parametrize(
    ("path", "at_key", "variant", "overrides", "place"),
    [
        (("data", "nois"), True, None, {}, "dead.yaml:8:1: data.nois: wrong."),
        (("data", "noise"), True, None, {}, "dead.yaml:8:47: data.noise: wrong."),
        (("optimizer", "rate"), False, "hot", {}, "dead.yaml:16:25: variants.hot.optimizer.rate: wrong."),
        (("optimizer", "rate"), False, "good", {}, "dead.yaml:11:30: optimizer.rate: wrong."),
        (("init",), False, "hot", {}, "dead.yaml:10:7: init (in variant hot): wrong."),
        (("optimizer", "rate"), False, "good", {"optimizer.rate": 2}, "--set optimizer.rate: wrong."),
        (
            ("optimizer", "rate"),
            False,
            "hot",
            {"optimizer.rate": 2},
            "dead.yaml:16:25: variants.hot.optimizer.rate: wrong.",
        ),
        (
            ("optimizer", "rate"),
            False,
            "hot",
            {"variants.hot.optimizer.rate": 2},
            "--set variants.hot.optimizer.rate: wrong.",
        ),
        (("model", 1, "x"), False, None, {"model.1": {"x": 3}}, "--set model.1: wrong."),
        ((), False, None, {}, "dead.yaml:1:1: wrong."),
    ],
)
def test_faults_found_later_are_placed_where_their_value_came_from(path, at_key, variant, overrides, place):
    error = InvalidValue(path, "wrong.", at_key=at_key)
    assert str(loaded(overrides=overrides).locate(error, variant)) == place


def test_a_path_is_shown_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(changed("rate: 0.05", "rate: -1"))
    with pytest.raises(BadInput, match=r"^mine\.yaml:11:30: "):
        load("mine.yaml")
    with pytest.raises(BadInput, match=rf"^{tmp_path}/mine\.yaml:11:30: "):
        load(tmp_path / "mine.yaml")


def test_text_of_a_kept_run():
    assert load_text(GOOD, FILE).folder == FILE.parent


PIECES = [*"[]{}:,-'\"\n #&*!|>%@`0.e x~\\", "null", "true", ".nan", "-1", "1e99", "999999999999"]


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 12), st.sampled_from(PIECES)), max_size=4))
@settings(derandomize=True, max_examples=400, deadline=None)
def test_a_damaged_file_is_a_scenario_or_one_sentence(damages):
    text = GOOD
    for position, removed, piece in damages:
        text = text[:position] + piece + text[position + removed :]
    try:
        loaded(text)
    except BadInput:
        refused(text)
