"""The lab from Python, as the README shows it."""

from __future__ import annotations

from html import escape

import numpy as np
import pytest

import lab
from lab.errors import BadInput, DeviceMissing

from .session.scenarios import HOT, small

OVERRIDES = {"train.steps": 40, "data.points": 60, "train.batch": 20}


def test_run_gives_curves_weights_and_claims():
    result = lab.run("dead-relu", seeds=2, variants=["good", "hot"], overrides=OVERRIDES)
    assert result.variants == ("good", "hot")
    assert result.seeds == (0, 1)
    steps, loss = result.curve("good", "loss", seed=1)
    assert steps.tolist() == [0, 20, 40]
    assert loss[-1] < loss[0]
    assert np.array_equal(result.curves["good"][1]["loss"][1], loss)
    assert result.weights["good"][0]["dense1.weight"].shape == (2, 64)
    assert [claim.says for claim in result.claims] == ["A far too high learning rate kills units that were alive."]
    assert result.claims[0].evidence[0]
    assert {each.state for each in result.outcomes} == {"finished"}


def test_no_time_goes_into_pictures_that_nobody_sees(monkeypatch):
    from lab.tasks.figures.figures import Figures

    drawn = []
    monkeypatch.setattr(Figures, "pictures", lambda self: drawn.append(self) or [])
    result = lab.run("dead-relu", steps=20, variants=["good"])
    assert result.curve("good", "loss")[0][-1] == 20
    assert not drawn


def test_load_then_run():
    loaded = lab.load("dead-relu", OVERRIDES)
    assert lab.run(loaded, variants=["good"]).curve("good", "accuracy")[0][-1] == 40


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lab.load("dead-rellu"), "dead-relu"),
        (lambda: lab.load("dead-relu", {"optimizer.speed": 1}), "speed"),
        (lambda: lab.run("dead-relu", steps=0), "steps"),
        (lambda: lab.run("dead-relu", variants=["nice"]), "nice"),
        (lambda: lab.run("dead-relu", steps=1, variants=["good"]).curve("good", "los"), "loss"),
        (lambda: lab.run("dead-relu", steps=1, variants=["good"]).curve("god", "loss"), "good"),
    ],
)
def test_mistakes_are_sentences(call, words):
    with pytest.raises(BadInput, match=words):
        call()


def test_a_device_that_is_not_there():
    with pytest.raises(BadInput, match="cpu, cuda"):
        lab.run("dead-relu", device="tpu")
    with pytest.raises(DeviceMissing):
        lab.run("dead-relu", device="cuda:99")


@pytest.mark.parametrize("target", ["cpu", "python"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_evaluate_runs_one_operation(target, dtype):
    from lab.graph import evaluate, functions

    value, (gradient,) = evaluate(functions.relu, [-1.0, 2.0], gradients=True, target=target, dtype=dtype)
    assert value.tolist() == [0, 2]
    assert gradient.tolist() == [0, 1]
    assert value.dtype == dtype


def test_a_result_is_told_in_a_few_lines_and_becomes_a_frame():
    result = lab.run("dead-relu", steps=20, seeds=2, variants=["good"])
    told = repr(result)
    assert "1 variant × 2 seeds, 2 finished" in told
    assert f"good: loss {np.mean([result.curve('good', 'loss', seed)[1][-1] for seed in (0, 1)]):.4g}" in told
    assert len(told) < 300
    frame = result.to_frame()
    steps, loss = result.curve("good", "loss", 1)
    rows = [row for row in frame.to_dict("records") if row["seed"] == 1] if hasattr(frame, "iloc") else [
        row for row in frame.to_dicts() if row["seed"] == 1
    ]  # fmt: skip
    assert [row["step"] for row in rows] == steps.tolist()
    assert [row["loss"] for row in rows] == loss.tolist()
    with pytest.raises(BadInput, match="There is no seed 9"):
        result.curve("good", "loss", 9)


def test_in_a_notebook_a_result_is_a_table_with_small_plots():
    from xml.etree import ElementTree

    result = lab.run(small(), seeds=2, steps=40)
    text = result._repr_html_()
    assert f'title="{escape(result.meanings["loss"].sentence)}"' in text
    whole = ElementTree.fromstring(f"<div>{text.replace('<br>', '<br/>')}</div>")
    rows = whole.findall("table/tbody/tr")
    assert [row.find("td/b").text for row in rows] == ["calm", "quick"]
    heads = [each.text for each in whole.findall("table/thead/tr/th")]
    assert heads[:3] == ["variant", "ended", "loss"]
    first = rows[0].findall("td")
    assert first[1].text == "2 finished"
    mean = np.mean([result.curve("calm", "loss", seed)[1][-1] for seed in result.seeds])
    assert float(first[2].text) == pytest.approx(mean, rel=0.06)
    assert first[2].find("svg/path").get("d").startswith("M")
    assert len(whole.findall("ul/li")) == len(result.claims)


def test_a_result_with_numbers_that_are_not_finite_can_be_shown():
    result = lab.run(small(HOT), steps=40)
    assert "1 diverged" in result._repr_html_()
    assert "nan" not in result._repr_html_().partition(" d=")[2].partition("/>")[0]
