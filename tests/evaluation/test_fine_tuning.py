"""A training that begins with the weights of another one: some layers frozen, the head replaced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lab
from lab.cli import run as main
from lab.errors import BadInput
from lab.exports import export, select
from lab.store import Store
from tests.evaluation.tables import scenario

NET = "[{dense: 6}, relu, {dense: 5}, relu, {dense: %s}]"
CITY = "{csv: customers.csv, target: city, features: [age, income, member], missing: mean, standardise: true}"
SHORT = "{batch: 32, steps: 30}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder where a network for three cities was trained, as run `customers-1` and as `net.safetensors`."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    path = scenario(tmp_path, data=CITY, model=NET % "classes", train=SHORT, watch="[loss]")
    assert main(["run", str(path), "--plain"]) == 0
    with Store.open() as store:
        export(select(store, "customers-1"), "safetensors", tmp_path / "net.safetensors")
    capsys.readouterr()
    return tmp_path


def other(home: Path, init: str, optimizer: str = "{name: adamw, rate: 0.01, weight_decay: 0.1}") -> Path:
    """A scenario for another target of two classes, from the same features."""
    data = CITY.replace("target: city", "target: outcome")
    return scenario(
        home, data=data, model=NET % "classes", init=init, train=SHORT, watch="[loss, grad_norm]", optimizer=optimizer
    )


@pytest.mark.parametrize("source", ["net.safetensors", "customers-1", "customers-1/base/0"])
def test_frozen_layers_stay_and_the_head_is_replaced(home: Path, source: str) -> None:
    with Store.open() as store:
        before = store.weights("customers-1")["base", 0]
    result = lab.run(other(home, f"{{from: {source}, freeze: [dense1]}}"))
    after = result.weights["base"][0]
    np.testing.assert_array_equal(after["dense1.weight"], before["dense1.weight"])
    np.testing.assert_array_equal(after["dense1.bias"], before["dense1.bias"])
    assert 0 < np.abs(after["dense2.weight"] - before["dense2.weight"]).max() < 0.5
    assert after["dense3.weight"].shape == (5, 2)
    assert set(result.curves["base"][0]) >= {"grad_norm", "grad_norm.dense2", "grad_norm.dense3"}
    assert len(result.predict({"age": [40], "income": [5000], "member": ["yes"]})) == 1


def test_it_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(other(home, "{from: net.safetensors, freeze: [dense1, dense2]}")), "--plain"]) == 0
    expected = (
        "base, step 0: the weights begin as those of net.safetensors; dense3 is drawn anew, since its shape there is "
        "another one; frozen: dense1, dense2"
    )
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("init", "told"),
    [
        ("{from: net.safetensors, freeze: [dens1]}", "there is no layer 'dens1'; did you mean dense1?"),
        ("{from: net.safetensors, freeze: [dense1, dense2, dense3]}", "every layer is frozen"),
        ("{from: net.safetensors, freeze: dense1}", "must be a list of layers"),
        ("{from: net.safetensors, frozen: [dense1]}", "beside `from` there may only be `freeze`"),
        ("{from: customers-7}", "and no run 'customers-7' with final weights"),
        ("{from: customers-1/other}", "customers-1 has no such network: write customers-1/VARIANT/SEED, of base/0."),
    ],
)
def test_what_cannot_be_is_refused(home: Path, init: str, told: str) -> None:
    with pytest.raises(BadInput) as error:
        lab.load(other(home, init))
    assert told in str(error.value)


def test_only_the_head_may_differ(home: Path) -> None:
    path = other(home, "{from: net.safetensors}")
    with pytest.raises(BadInput, match=r"dense1.weight in net.safetensors has shape \[3, 6\], the network needs"):
        lab.load(path, {"model": [{"dense": 7}, "relu", {"dense": 5}, "relu", {"dense": "classes"}]})
