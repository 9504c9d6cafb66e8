"""A network in PyTorch gives the outputs that it gives here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from lab.cli import run as main
from lab.data import load as load_data
from lab.errors import BadInput
from lab.evaluation import model_of
from lab.exports import export, select
from lab.scenario import load
from lab.store import Store
from tests.evaluation.tables import scenario

TABLE = "{name: wine, validation: 0.2, standardise: true}"
IMAGES = "{name: digits, validation: 0.05, examples: 64, standardise: true}"
SHORT = "{batch: 16, steps: 6}"
NETS = {
    "binary": (
        "{name: digits, validation: 0.05, examples: 64, binarise: 0.5, centre: true}",
        "[flatten, {dense: classes}]",
    ),
    "activations": (
        TABLE,
        "[{dense: 9}, batch_norm, relu, {dense: 9}, layer_norm, gelu, {dense: 9}, silu, "
        "{dense: 9}, elu, {dense: 9}, {leaky_relu: 0.2}, {dense: 9}, prelu, softplus, tanh, sigmoid, {dense: classes}]",
    ),
    "shortcuts": (
        TABLE,
        "[{dense: 8}, {residual: [{dense: 8}, relu]}, {dropout: 0.5}, {parallel: [[{dense: 3}], "
        "[{dense: 4}, tanh]]}, {dense: classes}]",
    ),
    "images": (
        IMAGES,
        "[{conv: 6, kernel_size: 3, padding: 2, stride: [2, 1]}, relu, {group_norm: 3}, {conv: 4, kernel_size: 2, "
        "groups: 2, dilation: 2}, {max_pool: 2, stride: 1}, {average_pool: 2, stride: 1}, {parallel: [{conv: 1, "
        "kernel_size: 1, bias: false}, {conv: 2, kernel_size: 1, bias: false}]}, flatten, {dense: classes}]",
    ),
    "attention": (
        "{name: adding, length: 12, points: 400, validation: 0.25}",
        "[{multi_head_attention: 2, scale: 0.3}, {dense: 8}, {positional_encoding: learned}, {transformer: 2, causal: "
        "true, norm_first: true, dropout: 0.2}, positional_encoding, {transformer: 1, nonlinearity: gelu}, flatten, "
        "{dense: outputs}]",
    ),
}


def run_of(folder: Path, data: str, model: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAB_HOME", str(folder / "store"))
    task = "regress" if "outputs" in model else "classify"
    path = scenario(folder, task=task, data=data, model=model, train=SHORT, watch="[loss]")
    assert main(["run", str(path), "--plain"]) == 0
    return path


@pytest.mark.parametrize("name", NETS)
def test_outputs_are_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    path = run_of(tmp_path, *NETS[name], monkeypatch)
    assert main(["export", "latest", "--format", "torch", "--out", str(tmp_path / "made")]) == 0
    spec = importlib.util.spec_from_file_location("network", tmp_path / "made" / "network.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.Network().eval()
    with Store.open() as store:
        model = model_of(store, "latest").model
    block = load(path).scenario.data
    held = np.asarray(load_data(block, 0).validation.inputs)
    with torch.no_grad():
        np.testing.assert_allclose(network(torch.from_numpy(held.copy())), model.outputs(held), rtol=1e-5, atol=1e-5)
    raw = np.asarray(load_data(block | {"standardise": False, "binarise": None, "centre": False}, 0).validation.inputs)
    np.testing.assert_array_equal(network.prepare(raw), held)
    np.testing.assert_allclose(network.predict(raw), model.predict(raw).numbers, rtol=1e-4, atol=1e-5)


def test_a_layer_that_cannot_be_written_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_of(tmp_path, TABLE, "[{maxout: 4}, {dense: classes}]", monkeypatch)
    with Store.open() as store, pytest.raises(BadInput, match="maxout1: there is no way yet to write this layer"):
        export(select(store, "latest"), "torch", tmp_path / "made")
