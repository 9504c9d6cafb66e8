"""`show`: what a scenario says of its own picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import BadInput
from lab.scenario import load_text
from lab.tasks import check

TEXT = """\
title: Dead units
task: classify
data: {name: spiral, classes: 3, points: 60, validation: 0.25}
model: [{dense: 8}, relu, {dense: classes}]
train: {steps: 10, measure: 5}
watch: [loss, val_loss, dead_relu]
variants: {good: {}, hot: {optimizer.rate: 5.0}}
options: {pictures: [dead_units, decision_regions]}
"""


def loaded(show: str):
    return load_text(f"{TEXT}show: {show}\n", Path("own.yaml"))


def test_names_alone_are_lists_of_one_and_a_flat_list_is_one_group():
    show = loaded("{first: dead_units, together: [loss, val_loss], variants: 2, points: loss}").scenario.show
    assert (show.first, show.together, show.variants, show.points) == (
        ["dead_units"],
        [["loss", "val_loss"]],
        2,
        ["loss"],
    )
    nothing = load_text(TEXT, Path("own.yaml")).scenario.show
    assert (nothing.first, nothing.together, nothing.variants, nothing.slow_until) == ([], [], None, None)


@pytest.mark.parametrize(
    "show",
    [
        "{first: [dead_relu, decision_regions]}",
        "{first: dead_relu.relu1, axes: {loss: {x: log, y: log}}}",
        "{variants: [hot], together: [[loss, val_loss]], points: [loss, decision_regions], slow_until: 5}",
    ],
)
def test_what_there_is_can_be_shown(show):
    check(loaded(show))


@pytest.mark.parametrize(
    ("show", "place", "sentence"),
    [
        ("{frist: loss}", "9:8", "unknown key 'frist'; did you mean first?"),
        ("{first: dead_reul}", "9:15", "there is no metric or picture 'dead_reul' here; did you mean dead_relu"),
        ("{first: [loss, units]}", "9:22", "there is no metric or picture 'units' here"),
        ("{together: [loss, val_los]}", "9:25", "there is no metric 'val_los' here; did you mean val_loss"),
        ("{together: [[loss, val_los]]}", "9:26", "there is no metric 'val_los' here"),
        ("{together: [loss]}", "9:19", "name at least two metrics whose curves belong in one plot"),
        ("{axes: {los: {y: log}}}", "9:15", "there is no metric 'los' here"),
        ("{axes: {loss: {y: lgo}}}", "9:25", "unknown name 'lgo'; did you mean log?"),
        ("{axes: {loss: {range: [1, 0.5]}}}", "9:29", "the lowest value comes first, and 1 is not below 0.5"),
        ("{axes: {loss: {range: [0, .inf]}}}", "9:33", "finite"),
        ("{axes: {loss: {y: log, range: [0, 1]}}}", "9:21", "let `range` begin above 0"),
        ("{variants: [hto]}", "9:19", "there is no variant 'hto' here; did you mean hot"),
        ("{variants: 0}", "9:18", "from 1 to 12 variants can be seen side by side, not 0"),
        ("{slow_until: soon}", "9:20", "'soon' is not allowed here: it must be a whole number"),
    ],
)
def test_what_there_is_not_is_refused_with_its_place(show, place, sentence):
    with pytest.raises(BadInput) as refused:
        check(loaded(show))
    assert f"own.yaml:{place}: show" in str(refused.value)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
