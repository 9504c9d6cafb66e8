"""Each detector on measurements of which it is known what there is to say."""

from __future__ import annotations

import math

import pytest

from lab.noticing import DETECTORS, Facts, Narrator, detector_meanings, load_detectors
from lab.noticing.first_to_target import FirstToTarget

FACTS = Facts(steps=1000, units={"relu1": 64, "relu2": 32}, classes=3)


def said(measured, facts=FACTS, wanted=None, changed=None):
    """What a narrator says of measurements, each (step, values): "step 20: …"."""
    narrator = Narrator(facts, wanted)
    return [
        f"step {step}: {finding.sentence}"
        for step, values in measured
        for _, finding in narrator.see(step, values, (changed or {}).get(step, {}))
    ]


def dead(*shares):
    return [(20 * n, {"loss": 1.0, "dead_relu.relu1": each, "dead_relu.relu2": 0.0}) for n, each in enumerate(shares)]


def losses(*values, every=20, **others):
    return [(every * n, {"loss": each, **others}) for n, each in enumerate(values)]


CHANCE = math.log(3)


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        (dead(0.05, 0.1, 0.45), []),
        (
            dead(0.1, 60 / 64, 60 / 64, 1.0),
            ["step 20: 60 of 64 units of relu1 are dead", "step 60: all 64 units of relu1 are dead"],
        ),
        (dead(0.5, 0.4, 0.6), ["step 0: 32 of 64 units of relu1 are dead"]),
        (
            [(0, {"dead_relu.a": 0.9, "dead_relu.relu2": 1.0, "dead_relu.c": 1.0, "dead_relu.d": 0.95})],
            ["step 0: 90 % of the units of a, all 32 units of relu2 and as many in 2 more layers are dead"],
        ),
        (
            [
                (0, {"grad_norm.dense1": 1.1e-6, "grad_norm.dense9": 0.01}),
                (20, {"grad_norm.dense1": 9e-7, "grad_norm.dense9": 0.01}),
            ],
            ["step 0: dense1's gradient is 1/9,000 of dense9's"],
        ),
        (
            [(0, {"grad_norm.dense1": 30.0, "grad_norm.dense9": 0.01})],
            ["step 0: dense1's gradient is 3,000 times dense9's"],
        ),
        (
            [
                (0, {"grad_norm.dense1": 0.5, "grad_norm.dense2": 0.1}),
                (20, {"grad_norm.dense1": 0.0, "grad_norm.dense2": 0.1}),
            ],
            ["step 20: no gradient reaches dense1 any more: it is 0"],
        ),
        ([(0, {"grad_norm.dense1": 0.0, "grad_norm.dense2": 0.0})], []),
        ([(0, {"grad_norm.dense1": math.nan, "grad_norm.dense2": math.inf})], []),
        (losses(2.0, 5.0, 21.0, 30.0, 1e9, math.inf, math.nan), ["step 40: the loss has grown from 2 to 21 and rises"]),
        (losses(2.0, 1.0, 15.0), []),
        (
            losses(*[CHANCE] * 8, 1.0, 0.9),
            [
                "step 80: the loss has been at chance, ln 3 = 1.10, for 80 steps",
                "step 180: the loss leaves chance, after 180 steps: 0.9",
            ],
        ),
        (losses(*[CHANCE] * 4, 0.5), []),
        (losses(*[CHANCE] * 3, every=100), []),
        (
            [(20 * n, {"loss": 1 / (1 + n), "val_loss": abs(n - 4) + 1.0}) for n in range(12)],
            ["step 180: validation loss has risen for 100 steps, from 1 to 6, while the training loss fell"],
        ),
        ([(20 * n, {"loss": 1 / (1 + n), "val_loss": 1 / (1 + n)}) for n in range(12)], []),
        (
            [(20 * n, {"loss": 0.1 if n < 5 else 0.5, "rate": 0.01 if n < 5 else 0.1}) for n in range(9)],
            ["step 100: the loss jumps from 0.1 to 0.5 after the rate became 0.1"],
        ),
        ([(20 * n, {"loss": 0.1, "rate": 0.01 if n < 5 else 0.1}) for n in range(9)], []),
        (
            [
                (0, {"saturation.tanh1": 0.2, "saturation.tanh2": 0.3}),
                (20, {"saturation.tanh1": 0.5, "saturation.tanh2": 0.82}),
                (40, {"saturation.tanh1": 0.5, "saturation.tanh2": 0.97}),
            ],
            [
                "step 20: 82 % of tanh2's outputs are saturated, where the slope is nearly 0",
                "step 40: 97 % of tanh2's outputs are saturated, where the slope is nearly 0",
            ],
        ),
    ],
)
def test_what_is_said(measured, told):
    assert said(measured) == told


def test_a_change_by_hand_raises_the_rate_as_a_schedule_does():
    measured = [(20 * n, {"loss": 0.1 if n < 5 else 0.5}) for n in range(9)]
    told = said(measured, changed={100: {"optimizer.rate": 0.3}})
    assert told == ["step 100: the loss jumps from 0.1 to 0.5 after the rate became 0.3"]
    assert said(measured, changed={100: {"optimizer.momentum": 0.3}}) == []


def test_only_what_a_lesson_names_is_said_and_never_many():
    measured = dead(0.0, 0.6, 0.95, 1.0)
    assert said(measured, wanted=["plateau"]) == []
    assert len(said(measured, wanted=["dead_units"])) == 3
    wild = [
        (n, {"loss": 10.0**n, "grad_norm.a": 1e-3**n, "grad_norm.b": 1.0, "dead_relu.a": n / 4, "rate": 3.0**n})
        for n in range(9)
    ]
    assert len(said(wild)) <= 8


def test_who_is_first_does_not_depend_on_who_is_ahead():
    going = {"slow": False, "quick": False}

    def race(*order):
        found = FirstToTarget()
        told = []
        for variant, step in order:
            accuracy = step / 1000 if variant == "slow" else step / 500
            found.see(variant, step, {"accuracy": accuracy})
            told.append(found.conclude(going))
        return [each for each in told if each is not None]

    quick = [("quick", 100 * n) for n in range(6)]
    slow = [("slow", 100 * n) for n in range(11)]
    found = [race(*quick, *slow), race(*slow, *quick)]
    assert found[0] == found[1]
    ((variant, step, finding),) = found[0]
    assert (variant, step, finding.sentence) == ("quick", 500, "accuracy 0.9 is reached, before all other variants")


def test_a_race_is_decided_when_the_others_are_over_and_told_again_after_going_back():
    found = FirstToTarget()
    found.see("quick", 500, {"val_accuracy": 0.95, "accuracy": 1.0})
    assert found.conclude({"slow": False, "quick": False}) is None
    told = found.conclude({"slow": True, "quick": False})
    assert told is not None
    assert told[2].sentence.startswith("validation accuracy 0.9")
    assert found.conclude({"slow": True, "quick": False}) is None
    found.rewind("quick", 0)
    found.see("quick", 400, {"val_accuracy": 0.95})
    told = found.conclude({"slow": True, "quick": False})
    assert told is not None
    assert told[1] == 400


@pytest.mark.parametrize(
    ("winners", "how"),
    [
        ("abcd", "by all variants in the same step"),
        ("abc", "first, together with b and c"),
        ("ab", "first, together with b"),
    ],
)
def test_who_is_first_together_is_said_only_if_others_are_later(winners, how):
    found = FirstToTarget()
    for variant in "abcd":
        found.see(variant, 20, {"accuracy": 0.95 if variant in winners else 0.1})
    told = found.conclude(dict.fromkeys("abcd", False))
    assert told is not None
    assert told[2].sentence == f"accuracy 0.9 is reached {how}"


def test_every_detector_says_what_it_notices():
    assert set(load_detectors()) | {FirstToTarget.name} == set(detector_meanings())
    assert all(DETECTORS[name].metrics for name in DETECTORS)


def test_an_accuracy_that_always_saying_no_would_reach_is_told_once():
    facts = Facts(100, classes=2, largest="no", share=0.96)
    rows = [(step, {"val_accuracy": value}) for step, value in ((0, 0.4), (20, 0.96), (60, 0.96), (100, 0.96))]
    sentences = said(rows, facts)
    assert len(sentences) == 1
    assert "validation accuracy 0.96 is no more than always saying no would reach" in str(sentences[0])
    assert not said([(60, {"val_accuracy": 0.99}), (100, {"val_accuracy": 0.99})], facts)
    assert not said(rows, Facts(100, classes=2, largest="no", share=0.6))


def test_who_weighs_classes_is_not_told_to_weigh_them():
    rows = [(100, {"val_accuracy": 0.9})]
    advised, spared = (said(rows, Facts(100, 2, largest="no", share=0.96, weighed=each))[0] for each in (False, True))
    assert "class_weights" in advised
    assert "class_weights" not in spared
    assert spared.endswith("`lab evaluate` shows precision and recall")


@pytest.mark.parametrize(("accuracy", "told"), [(0.95, False), (0.98, False), (0.99, True)])
def test_an_accuracy_below_that_of_one_answer_is_no_target_reached(accuracy, told):
    found = FirstToTarget()
    found.see("base", 20, {"val_accuracy": accuracy}, share=0.98)
    assert (found.conclude({"base": True}) is not None) is told
