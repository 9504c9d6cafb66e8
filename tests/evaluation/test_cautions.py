"""What is allowed and most likely not meant is said once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lab
from lab.errors import BadInput
from lab.scenario import load
from lab.tasks import task_of
from tests.evaluation.tables import scenario

DATA = "{csv: customers.csv, target: spent, features: [age, city]}"


def greeting(folder: Path, seed: int = 0, **changes: str) -> str | None:
    loaded = load(scenario(folder, rows=40, **changes))
    return task_of(loaded.scenario).build(loaded.scenario, seed, folder).greeting()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"watch": "[loss]", "data": DATA}, None),
        ({"watch": "[loss, val_loss]", "data": DATA}, "val_loss cannot be measured, as nothing is held back"),
        ({"watch": "[]", "data": DATA}, "nothing is watched"),
        (
            {"watch": "[loss]", "data": DATA, "optimizer": "{nesterov: true}"},
            "nesterov without momentum changes nothing",
        ),
    ],
)
def test_what_is_off_is_told(tmp_path: Path, changes: dict[str, str], told: str | None) -> None:
    found = greeting(tmp_path, task="regress", model="[{dense: 1}]", **changes)
    assert found is None if told is None else told in str(found)
    assert greeting(tmp_path, seed=1, task="regress", model="[{dense: 1}]", **changes) is None


def test_inputs_of_an_own_table_that_need_scaling_are_told(tmp_path: Path) -> None:
    (tmp_path / "years.csv").write_text("x,year,y\n" + "".join(f"{n / 40},{1990 + n},{n % 2}\n" for n in range(40)))

    def said(data: str, model: str = "[{dense: classes}]") -> str | None:
        return greeting(tmp_path, task="classify", model=model, watch="[loss]", data=data)

    told = said("{csv: years.csv, target: y}")
    assert told is not None
    assert "year has inputs as large as 2029" in told
    assert "`standardise: true`" in told
    assert said("{csv: years.csv, target: y, standardise: true}") is None
    assert said("{csv: years.csv, target: y, features: [x]}") is None
    assert said("{name: wine}") is None  # a lesson may be about what comes of it


def test_targets_that_need_scaling_are_told(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        rows=40,
        task="regress",
        model="[{dense: 1}]",
        watch="[loss]",
        data="{npz: large.npz}",
        train="{batch: 8}",
    )
    np.savez(tmp_path / "large.npz", X=np.random.default_rng(0).normal(size=(30, 2)), y=np.linspace(0.5, 1e30, 30))
    loaded = load(path)
    told = task_of(loaded.scenario).build(loaded.scenario, 0, tmp_path).greeting()
    assert told == "targets as large as 1e+30 need small steps: `standardise_targets: true` scales them"


@pytest.mark.parametrize("seeds", [np.int64(2), np.array([0, 1]), [np.int32(0), 1], 2])
def test_seeds_may_be_numbers_of_numpy(tmp_path: Path, seeds: object) -> None:
    path = scenario(tmp_path, rows=40, watch="[loss]", train="{batch: 8, steps: 2}")
    assert lab.run(path, seeds=seeds).seeds == (0, 1)


@pytest.mark.parametrize("seeds", [0, -1, [], [-1], [0.5], 1.5, [2**40], np.zeros((2, 2), int), "2", True])
def test_seeds_that_are_none_are_refused(tmp_path: Path, seeds: object) -> None:
    with pytest.raises(BadInput, match="seed"):
        lab.run(scenario(tmp_path, rows=40), seeds=seeds)
