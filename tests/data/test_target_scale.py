"""What is learned in place of the targets: there and back, in every place that says something in their units."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import lab.data
from lab.cli import run as main
from lab.data.looking import look
from lab.data.recipe_json import recipe_from_json, recipe_to_json
from lab.data.target_scale import TargetScale, likely_transform
from lab.errors import InvalidValue
from lab.store import Store

CHANCE = np.random.default_rng(0)
AREAS = np.exp(CHANCE.normal(4.6, 0.4, 300))
PRICES = np.exp(7.0 + np.log(AREAS) + CHANCE.normal(0, 0.1, 300))


def write(folder: Path, values: np.ndarray, **options: object) -> dict[str, object]:
    rows = "\n".join(f"{area:.6g},{value:.9g}" for area, value in zip(AREAS, values, strict=True))
    (folder / "houses.csv").write_text(f"area,price\n{rows}\n")
    return {"csv": "houses.csv", "target": "price", "kind": "values", "validation": 0.25, **options}


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize(("transform", "forth"), [("log", np.log), ("log1p", np.log1p)])
def test_logarithms_are_learned_and_turned_back(tmp_path: Path, transform: str, forth, standardise: bool) -> None:
    block = write(tmp_path, PRICES, transform_targets=transform, standardise_targets=standardise)
    parts, plain = (lab.data.load(each, 0, tmp_path) for each in (block, write(tmp_path, PRICES)))
    learned, values = parts.train.targets.astype(np.float64), plain.train.targets.astype(np.float64)
    expected = forth(values)
    if standardise:
        expected = (expected - expected.mean()) / expected.std()
    np.testing.assert_allclose(learned, expected, atol=1e-4)
    assert parts.recipe is not None
    np.testing.assert_allclose(parts.recipe.values(parts.train.targets), values, rtol=1e-5)
    np.testing.assert_allclose(parts.recipe.values(parts.validation.targets), plain.validation.targets, rtol=1e-5)
    np.testing.assert_allclose(parts.recipe.usual, values.mean(), rtol=1e-5)  # the mean, not that of logarithms
    again = recipe_from_json(json.loads(json.dumps(recipe_to_json(parts.recipe))))
    assert np.array_equal(again.values(learned), parts.recipe.values(learned))


@pytest.mark.parametrize(
    ("transform", "least", "told"),
    [
        ("log", 0.0, "log needs targets above 0, but the least is 0; `log1p` takes those from 0 on"),
        ("log", -3.5, "log needs targets above 0, but the least is -3.5."),
        ("log1p", -1.0, "log1p needs targets above -1, but the least is -1."),
    ],
)
def test_targets_without_a_logarithm_are_refused(tmp_path: Path, transform: str, least: float, told: str) -> None:
    values = PRICES.copy()
    values[7] = least
    with pytest.raises(InvalidValue) as error:
        lab.data.load(write(tmp_path, values, transform_targets=transform), 0, tmp_path)
    assert told in error.value.message


def test_classes_have_no_logarithm(tmp_path: Path) -> None:
    block = write(tmp_path, CHANCE.integers(0, 2, 300), transform_targets="log") | {"kind": "classes"}
    with pytest.raises(InvalidValue, match="the targets are classes, not values"):
        lab.data.load(block, 0, tmp_path)


def test_an_output_that_is_too_large_is_infinite_and_no_warning() -> None:
    assert np.isinf(TargetScale("log").values(np.array([[1e4]])))


@pytest.mark.parametrize("transform", ["log", "log1p"])
def test_scores_predictions_and_exports_are_in_the_units_of_the_data(
    tmp_path: Path, transform: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    write(tmp_path, PRICES)
    Path("houses.yaml").write_text(
        "title: t\ntask: regress\n"
        "data: {csv: houses.csv, target: price, validation: 0.25, standardise: true, standardise_targets: true, "
        f"transform_targets: {transform}}}\n"
        "model: [{dense: 8}, tanh, {dense: outputs}]\noptimizer: {name: adam, rate: 0.02}\n"
        "train: {batch: 32, steps: 300}\nwatch: [loss, val_mae, val_r2]\n"
    )
    assert main(["run", "houses.yaml", "--plain"]) == 0
    assert main(["predict", "houses-1", "houses.csv", "--out", "said.csv"]) == 0
    table = csv.DictReader(Path("said.csv").read_text().splitlines())
    said = np.array([float(row["price"]) for row in table])
    assert np.median(np.abs(said / PRICES - 1)) < 0.15
    block = write(tmp_path, PRICES)
    held = lab.data.load(block, 0, tmp_path).validation
    rows = np.asarray(held.places) - 2
    with Store.open() as store:
        curves = store.curves("houses-1")["base", 0]
    assert curves["val_mae"][1][-1] == pytest.approx(np.abs(said[rows] - PRICES[rows]).mean(), rel=1e-4)
    assert main(["export", "houses-1", "--out", "net.onnx", "--scaling"]) == 0
    made = onnxruntime.InferenceSession("net.onnx").run(["y"], {"x": AREAS[:, None].round(4)})[0][:, 0]
    np.testing.assert_allclose(made, said, rtol=1e-4)
    torch = pytest.importorskip("torch")
    assert main(["export", "houses-1", "--format", "torch", "--out", "made"]) == 0
    spec = importlib.util.spec_from_file_location("network", Path("made") / "network.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    again = module.Network().eval().predict(AREAS[:, None].round(4))
    np.testing.assert_allclose(torch.as_tensor(again).numpy()[:, 0], said, rtol=1e-4)
    capsys.readouterr()


def test_only_targets_of_which_a_few_are_far_above_the_rest_are_likely_to_need_it() -> None:
    heavy = np.exp(CHANCE.normal(0, 2, (500, 1)))
    assert likely_transform(heavy) == "log"
    assert likely_transform(np.floor(heavy)) == "log1p"
    assert likely_transform(heavy - 5) is None  # without a logarithm
    for even in (CHANCE.normal(50, 5, (500, 1)), CHANCE.uniform(1, 9, (500, 1)), CHANCE.exponential(1, (500, 1))):
        assert likely_transform(even) is None
    assert likely_transform(np.ones((9, 1))) is None


def test_a_look_at_a_file_says_so_and_writes_it_into_the_scenario(tmp_path: Path) -> None:
    values = PRICES.copy()
    values[3] = 5e8
    write(tmp_path, values)
    found = look(tmp_path / "houses.csv")
    assert found.block["transform_targets"] == "log"
    assert any("`transform_targets: log`" in each for each in found.hints)
    write(tmp_path, PRICES)
    assert "transform_targets" not in look(tmp_path / "houses.csv").block
